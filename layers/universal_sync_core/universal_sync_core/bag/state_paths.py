"""Paths of `current_state`: keys to remove, to preview, and to keep readable in place."""

from typing import Final

from universal_sync_core.bag.fields import STATE
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import listed, parse_keys

REMOVED_PATHS: Final = "removed_paths"
PREVIEW_PATHS: Final = "preview_paths"
# Each takes at most one KiB of the bag.
MOST_PREVIEWS: Final = 20


def removed_keys(given: Json, place: str) -> list[tuple[str, ...]]:
    """Return the paths that a result names, each as its keys.

    Args:
        given: a list of dotted paths of `current_state`, with or without that name before them.
        place: the path of the list, for messages.

    Raises:
        InvalidRequestError: it is not a list of paths, or a path leads into a list.
    """
    if type(given) is not list:
        message = f"{place} must be a list of paths of {STATE}"
        raise InvalidRequestError(message, field=place)
    return [keys_of_state(path, place) for path in listed(given, place)]


def previewed_keys(given: Json, place: str) -> list[tuple[str, ...]]:
    """Return the paths to preview, as `removed_keys` does; the empty path is the whole state."""
    if type(given) is not list or len(given) > MOST_PREVIEWS:
        message = f"{place} must be a list of at most {MOST_PREVIEWS} paths of {STATE}"
        raise InvalidRequestError(message, field=place)
    every = [keys_of_state(path, place) for path in listed(given, place)]
    return [() if keys == (STATE,) else keys for keys in every]


def keys_of_state(path: str, place: str) -> tuple[str, ...]:
    """Return the keys of a path below `current_state`, with or without that name before them.

    Raises:
        InvalidRequestError: it is not a path, or it leads into a list.
    """
    keys = parse_keys(path, field=place)
    return keys[1:] if keys[0] == STATE and len(keys) > 1 else keys
