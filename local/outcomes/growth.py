"""Values that grow: the parts of an input or a result that can, and how."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..limits import payload_bytes

Path = tuple[str | int, ...]
Grow = Callable[[Any, int], Any]

# A list that grows by elements stays one that a Map can run in seconds.
_ELEMENTS = 64
_ADDED_KEY = "inflated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Growing:
    """One way in which a value grows.

    Attributes:
        name: says what grows.
        grow: returns the value at a size in bytes.
    """

    name: str
    grow: Grow


def ways_to_grow(value: Any) -> Iterator[Growing]:
    """Yield the ways a value can grow in: its texts, longest first, a key more, longer lists."""
    texts = sorted(_leaves(value), key=lambda found: -len(found[1]))
    for path, _ in texts:
        yield Growing(name=f"the text at {_shown(path)}", grow=_longer_text(path))
    if isinstance(value, dict):
        yield Growing(name=f"a key {_ADDED_KEY!r}", grow=_added_key)
    for path, _ in _lists(value):
        yield Growing(name=f"the list at {_shown(path)}", grow=_longer_list(path))


def grown_result(value: Any, size: int) -> Any:
    """Return a result of about that many bytes; of a function's it is the payload that grows."""
    if isinstance(value, dict) and "Payload" in value:
        return {**value, "Payload": grown_result(value["Payload"], size)}
    way = next(ways_to_grow(value), None)
    return way.grow(value, size) if way else value


def _longer_text(path: Path) -> Grow:
    def grow(value: Any, size: int) -> Any:
        missing = max(0, size - payload_bytes(value))
        return _replaced(value, path, lambda text: text + "x" * missing)

    return grow


def _added_key(value: Any, size: int) -> Any:
    missing = max(0, size - payload_bytes(value) - len(_ADDED_KEY) - len('"":"",'))
    return {**value, _ADDED_KEY: "x" * missing}


def _longer_list(path: Path) -> Grow:
    def grow(value: Any, size: int) -> Any:
        times = max(1, size // max(1, payload_bytes(value)))
        return _replaced(value, path, lambda items: (items * times)[:_ELEMENTS])

    return grow


def _replaced(value: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(value)
    copied = copy.copy(value)
    copied[path[0]] = _replaced(value[path[0]], path[1:], change)
    return copied


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    for key, item in _items(value):
        yield from _leaves(item, (*path, key))


def _lists(value: Any, path: Path = ()) -> Iterator[tuple[Path, list[Any]]]:
    if isinstance(value, list) and value:
        yield path, value
    for key, item in _items(value):
        yield from _lists(item, (*path, key))


def _items(value: Any) -> Sequence[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _shown(path: Path) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "$" + "".join(steps)
