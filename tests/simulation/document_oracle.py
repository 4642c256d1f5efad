"""What a document may look like by the three words, told without the code of the product."""

import json
from typing import Any, Final, NamedTuple

from tests.core.documents.oracle import STEP, at, is_pointer

# More bytes than any pointer has here, and no more than any value that is behind one for its size:
# a quarter of the smallest page.
POINTER_BYTES: Final = 700
_BEHIND_ONE_BYTES: Final = 50
# What data that resembles a form of the product has in it; it is always behind a pointer.
_RESEMBLING: Final = ("__s3_offloaded", "__gzip_base64", "__escaped:")


class Words(NamedTuple):
    """The three words, as a state machine writes them, and how many bytes there may be."""

    open: tuple[str, ...] = ()
    list: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    at_most: int = 10**9

    @property
    def options(self) -> dict[str, Any]:
        """They, as they are given: a word without paths is left out."""
        return {name: given for name, given in self._asdict().items() if given}


class _Path(NamedTuple):
    """What is left of a path of one of the words."""

    steps: tuple[str | int, ...]
    is_plain: bool


def bytes_of(value: Any) -> int:
    """Return the bytes of the JSON of a value."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def broken_word(document: Any, whole: Any, words: Words) -> str | None:
    """Return what a word promises of a document and does not hold, or None."""
    for path in words.plain:
        found, was = list(at(document, path)), list(at(whole, path))
        if json.dumps(found) != json.dumps(was):
            return f"{path} is not plain"
    for path in (*words.open, *words.list):
        found, was = list(at(document, path)), list(at(whole, path))
        if any(map(is_pointer, found)) or list(map(type, found)) != list(map(type, was)):
            return f"{path} is not open"
    return None


def least_bytes(whole: Any, words: Words) -> int:
    """Return the bytes that a document has at most where all that may leave has left."""
    paths = [_Path(_steps(path), is_plain=False) for path in (*words.open, *words.list)]
    return _least(whole, [*paths, *(_Path(_steps(path), is_plain=True) for path in words.plain)])


def _steps(path: str) -> tuple[str | int, ...]:
    found = STEP.findall("" if path == "$" else path)
    return tuple(
        key or (int(position) if position.isdecimal() else position) for position, key in found
    )


def _least(value: Any, paths: list[_Path]) -> int:
    size = bytes_of(value)
    if not paths:
        return POINTER_BYTES if size >= _BEHIND_ONE_BYTES or _resembles(value) else size
    if any(path.is_plain and not path.steps for path in paths):
        return size
    if not isinstance(value, dict | list):
        return size
    members: Any = value.items() if isinstance(value, dict) else enumerate(value)
    leading = paths if isinstance(value, list) else []
    below = ((step, item, _below(paths, step) + _through(leading)) for step, item in members)
    return 2 + sum(bytes_of(step) + 2 + _least(item, inner) for step, item, inner in below)


def _resembles(value: Any) -> bool:
    text = json.dumps(value)
    return any(each in text for each in _RESEMBLING)


def _below(paths: list[_Path], step: str | int) -> list[_Path]:
    return [
        _Path(path.steps[1:], path.is_plain)
        for path in paths
        if path.steps and path.steps[0] in (step, "*")
    ]


def _through(paths: list[_Path]) -> list[_Path]:
    """Return the paths that go on with a name, which leads into each element of a list."""
    names = (path for path in paths if path.steps and isinstance(path.steps[0], str))
    return [path for path in names if path.steps[0] != "*"]
