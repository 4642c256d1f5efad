"""Paths into what a state sees, and how a JSONPath becomes one.

A path begins with a root: the state's document, its context, a result, a variable. The parser is
python-jsonpath's; Step Functions writes one more `$` for the context and `$name` for a variable.
"""

import json
import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final, TypeAlias

import jsonpath
from jsonpath import CompoundJSONPath, JSONPath
from jsonpath.exceptions import JSONPathError
from jsonpath.segments import JSONPathChildSegment
from jsonpath.selectors import IndexSelector, NameSelector, WildcardSelector


class Each(Enum):
    """The step that stands for every element of a list."""

    EACH = "[*]"


EACH: Final = Each.EACH
Step: TypeAlias = str | int | Each
Path: TypeAlias = tuple[Step, ...]

# Roots. A variable's is `$name`.
DOCUMENT: Final = "$"
CONTEXT: Final = "$$"
RESULT: Final = "%result"
ERROR: Final = "%error"
ITEM: Final = "%item"
# A value of which only the number of elements is known: that of any list.
ANY_LIST: Final = "%list"

_ROOT: Final = re.compile(r"\$\$|\$(?P<variable>[^\W\d]\w*)|\$")
# No document of Step Functions is nested so deeply, and a path takes time by its square.
_MOST_STEPS: Final = 256
_BARE_NAME: Final = re.compile(r"[^.\[\]\"$]+")
# A key that no object has: what a path to it leads through stays a container, if it is one.
ANY_NAME: Final = ""
# Values of the context that may be large; the others are names, numbers and times.
INPUT_IN_CONTEXT: Final[Path] = (CONTEXT, "Execution", "Input")
ITEM_IN_CONTEXT: Final[Path] = (CONTEXT, "Map", "Item", "Value")


@dataclass(frozen=True, slots=True)
class Access:
    """What a JSONPath leads to.

    Attributes:
        path: as far as it leads to one place, or to each element of a list.
        is_whole: whether that is all of it; else a slice, filter, union or descent follows.
    """

    path: Path
    is_whole: bool

    @property
    def is_one(self) -> bool:
        """Whether it leads to exactly one place."""
        return self.is_whole and EACH not in self.path


class UnreadablePathError(Exception):
    """A text that should be a JSONPath and is not."""


@lru_cache(maxsize=4096)
def parse_path(text: str) -> Access:
    """Return what a JSONPath leads to.

    Raises:
        UnreadablePathError: it is not a JSONPath, or has more steps than any document.
    """
    root = _ROOT.match(text)
    if root is None or text.count(".") + text.count("[") > _MOST_STEPS:
        raise UnreadablePathError(text)
    rest = text[root.end() :]
    try:
        compiled = jsonpath.compile(f"${rest}")
    except JSONPathError:
        return Access(_plain_names(text, root[0], rest), is_whole=True)
    if isinstance(compiled, CompoundJSONPath):
        raise UnreadablePathError(text)
    return _access(root[0], compiled)


def _plain_names(text: str, root: str, rest: str) -> Path:
    """Return a path of names that Step Functions takes and the standard does not: `$.0x.a b`.

    Raises:
        UnreadablePathError: it is not such a path.
    """
    if re.fullmatch(r"(?:\.[^.\[\]()*@?,:'\"]+)+", rest) is None:
        raise UnreadablePathError(text)
    return (root, *rest[1:].split("."))


def _access(root: str, compiled: JSONPath) -> Access:
    path: Path = (root,)
    for segment in compiled.segments:
        step = _step(segment) if isinstance(segment, JSONPathChildSegment) else None
        if step is None:
            return Access(path, is_whole=False)
        path = (*path, step)
    return Access(path, is_whole=True)


def _step(segment: JSONPathChildSegment) -> Step | None:
    if len(segment.selectors) != 1:
        return None
    match segment.selectors[0]:
        case NameSelector(name=name):
            return str(name)
        case IndexSelector(index=index) if index >= 0:
            return int(index)
        case WildcardSelector():
            return EACH
    return None


def by_names(path: Path) -> Path:
    """Return what keeps a value that JSONata takes by the last name of a path, if it is in a list.

    Then the elements stay containers, and a list that is taken stays one, because JSONata makes one
    list of them all.
    """
    return (*path[:-1], ANY_NAME, path[-1], ANY_NAME)


def in_list(path: Path) -> Path:
    """Return a path for each element of a list that a name has led into.

    What was kept in case that there is a list is then kept.
    """
    inner = tuple(step for step in path[:-1] if step != ANY_NAME)
    return (*inner, *path[-1:])


def render_path(path: Path) -> str:
    """Return a path below its root as the core's paths are written: `items[*].id`."""
    text = ""
    for step in path:
        if step is EACH:
            text += "[*]"
        elif isinstance(step, int):
            text += f"[{step}]"
        elif _BARE_NAME.fullmatch(str(step)):
            text += f".{step}" if text else str(step)
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text or DOCUMENT


def show_path(path: Path) -> str:
    """Return a path as a person who writes state machines knows it: `$.items[*].id`."""
    below = render_path(path[1:]) if len(path) > 1 else ""
    return f"{path[0]}{'' if below.startswith('[') or not below else '.'}{below}"
