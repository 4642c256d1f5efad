"""The members of a container: the elements of a list, the values of an object."""

from collections.abc import Iterator

from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import Step


def members(value: Json) -> Iterator[tuple[Step, Json]]:
    """Yield the elements of a list by their positions, the values of an object by their keys."""
    if type(value) is dict:
        yield from value.items()
    elif type(value) is list:
        yield from enumerate(value)


def with_members(value: Json, changed: dict[Step, Json]) -> Json:
    """Return an object or list with some members replaced, or itself if there are none."""
    if not changed:
        return value
    if type(value) is dict:
        return value | changed
    return [changed.get(position, item) for position, item in enumerate(value)]
