"""The paths of the keys that a result removes from the state."""

from typing import Final

from universal_sync_core.bag.fields import STATE
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import listed, parse_keys

REMOVED_PATHS: Final = "removed_paths"


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


def keys_of_state(path: str, place: str) -> tuple[str, ...]:
    """Return the keys of a path below `current_state`, with or without that name before them.

    Raises:
        InvalidRequestError: it is not a path, or it leads into a list.
    """
    keys = parse_keys(path, field=place)
    return keys[1:] if keys[0] == STATE and len(keys) > 1 else keys
