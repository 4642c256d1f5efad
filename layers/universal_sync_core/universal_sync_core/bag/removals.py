"""The paths of the keys that a result removes from the state."""

from typing import Final

from universal_sync_core.bag.fields import STATE
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import Steps, listed, parse_path

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
    return [_keys(parse_path(path, field=place), place) for path in listed(given, place)]


def _keys(steps: Steps, place: str) -> tuple[str, ...]:
    keys = tuple(step for step in steps if type(step) is str)
    if len(keys) != len(steps):
        message = f"{place} can only remove keys of objects, not elements of a list"
        raise InvalidRequestError(message, field=place)
    return keys[1:] if keys[0] == STATE and len(keys) > 1 else keys
