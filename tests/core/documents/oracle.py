"""What `offload` promises, said once more and without its code: words, paths, hydration."""

import re
from collections.abc import Iterator
from typing import Any

from universal_sync_core import load_from_s3

STEP = re.compile(r"\[(\d+|\*)\]|\.?([^.\[\]]+)")


def is_pointer(value: Any) -> bool:
    """Tell a pointer by its mark and its path."""
    return isinstance(value, dict) and value.get("__s3_offloaded") is True and "__s3_path" in value


def at(value: Any, path: str) -> Iterator[Any]:
    """Yield what stands at a path, as a reader that knows no pointers finds it."""
    found = [value]
    for position, key in STEP.findall("" if path == "$" else path):
        found = [inner for each in found for inner in _step(each, position, key)]
    yield from found


def _step(value: Any, position: str, key: str) -> list[Any]:
    if position == "*":
        members = value.values() if isinstance(value, dict) else value
        return list(members) if isinstance(value, dict | list) else []
    if position:
        index = int(position)
        return [value[index]] if isinstance(value, list) and index < len(value) else []
    return [value[key]] if isinstance(value, dict) and key in value else []


def pointers(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the pointers in a value."""
    if is_pointer(value):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from pointers(item)


def whole(value: Any) -> Any:
    """Return a value with what its pointers lead to, each read alone."""
    if is_pointer(value):
        return load_from_s3(value["__s3_path"])
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    return [whole(item) for item in value] if isinstance(value, list) else value
