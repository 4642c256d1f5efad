"""The paths of which a bag wants previews, and dropping previews that come from outside."""

from typing import Final

from universal_sync_core.bag.fields import STATE
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import listed, parse_keys
from universal_sync_core.values.pointer import recognise

PREVIEW_PATHS: Final = "preview_paths"
# Each takes at most one KiB of the bag.
MOST_PREVIEWS: Final = 20


def previewed_keys(given: Json, place: str) -> list[tuple[str, ...]]:
    """Return the paths to preview, each as its keys below `current_state`.

    Args:
        given: a list of dotted paths of `current_state`, with or without that name before them.
        place: the path of the list, for messages.

    Raises:
        InvalidRequestError: it is not a list of paths, has too many, or a path leads into a list.
    """
    if type(given) is not list or len(given) > MOST_PREVIEWS:
        message = f"{place} must be a list of at most {MOST_PREVIEWS} paths of {STATE}"
        raise InvalidRequestError(message, field=place)
    return [_keys(path, place) for path in listed(given, place)]


def without_previews(value: Json) -> Json:
    """Return a value without previews beside the pointers in it."""
    if type(value) is list:
        return [without_previews(item) for item in value]
    if type(value) is not dict:
        return value
    pointer = recognise(value)
    if pointer is not None:
        return value if pointer.preview is None else pointer.with_preview(None).render()
    return {key: without_previews(item) for key, item in value.items()}


def _keys(path: str, place: str) -> tuple[str, ...]:
    keys = parse_keys(path, field=place)
    return keys[1:] if keys[0] == STATE else keys
