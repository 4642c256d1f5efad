"""Paths into a state: `current_state.report.sections[3]["a key.with dots"]`, `state_history[-20:]`.

Names are joined by dots. Elements of a list are in brackets, and so is a name with a dot or a
bracket in it, as a JSON string or in single quotes. A path that selects what to read may count from
the end, and its last step may be a range. A place is a path that is built while a value is walked.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple, TypeAlias, TypeVar

from universal_sync_core.errors import InvalidRequestError

# Levels of nested objects and arrays: in an incoming value, and in what is stored of it, with a
# page, a list of results or a snapshot around it. orjson reads this many as well.
MAX_DEPTH: Final = 1_000
MAX_STORED_DEPTH: Final = 1_024


class Range(NamedTuple):
    """The elements of a list from `start` up to `stop`; either may be left out."""

    start: int | None
    stop: int | None


class Each(Enum):
    """The step for every element of a list, or every value of an object."""

    EACH = "[*]"


Step: TypeAlias = str | int
Steps: TypeAlias = tuple[Step, ...]
Selection: TypeAlias = tuple[Step | Range, ...]
Pattern: TypeAlias = tuple[Step | Each, ...]
Paths: TypeAlias = list[str] | tuple[str, ...] | set[str] | frozenset[str]
"""Several paths. A single string is refused, since it would be a list of its characters."""
AnyStep = TypeVar("AnyStep", bound=Step)

# The most characters of a path in a message.
_SHOWN_CHARS: Final = 100
_NAME: Final = r"[^.\[\]]+"
_STEP: Final = re.compile(
    rf"(?:^|(?<=.)\.)(?P<name>{_NAME})"
    r'|(?:(?<=.)\.)?\[(?P<quoted>"(?:[^"\\]|\\.)*")\]'
    r"|(?:(?<=.)\.)?\['(?P<single>(?:[^'\\]|\\.)*)'\]"
    r"|\[(?P<index>-?\d+)\]"
    r"|(?P<each>\[\*?\])"
    r"|\[(?P<start>-?\d*):(?P<stop>-?\d*)\]",
    re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_NEEDS_NO_QUOTES: Final = re.compile(r'(?!\$$)[^.\[\]"]+')
# How the paths of a state machine begin.
_ROOT: Final = re.compile(r"\$(?:[.\[]|$)")
WHOLE: Final = "$"
# Of a place, a message shows so many outer and inner steps, and characters of a key.
_STEPS_SHOWN: Final = 8
_KEY_CHARS: Final = 60


@dataclass(slots=True, eq=False)
class Place:
    """Where a part of a value is; its path is rendered only for a message.

    Attributes:
        step: the last step to it; of the outermost place, the name of the whole value.
        above: the place of the container around it; None for the whole value.
        depth: the number of containers around it.
    """

    step: Step | Each = ""
    above: "Place | None" = None
    depth: int = 0

    def at(self, step: Step | Each) -> "Place":
        """Return the place of a member: the value at a key, or the element at a position."""
        return Place(step, self, self.depth + 1)

    @property
    def inside(self) -> "Place":
        """The same place, one level deeper: for the converted form of its value."""
        return Place(self.step, self.above, self.depth + 1)

    def refusal(self, message: str) -> InvalidRequestError:
        """Return the error for the value here."""
        path = str(self)
        return InvalidRequestError(f"{path}: {message}", field=path)

    def __str__(self) -> str:
        """Return the path; a long one leaves out its middle, and ends of its keys."""
        place, steps = self, list[Step | Each]()
        while place.above is not None:
            steps.append(place.step[:_KEY_CHARS] if isinstance(place.step, str) else place.step)
            place = place.above
        steps.reverse()
        name = str(place.step)
        if len(steps) <= 2 * _STEPS_SHOWN:
            return render_path(steps, name) or WHOLE
        outer, inner = steps[:_STEPS_SHOWN], steps[-_STEPS_SHOWN:]
        return f"{render_path(outer, name)}...{render_path(inner)}"


def listed(paths: object, field: str) -> list[str]:
    """Return several paths as a list.

    Raises:
        InvalidRequestError: the paths are a single string, or not all of them are strings.
    """
    if isinstance(paths, str):
        message = f"{field} must be a list of paths, not a str: put the one path into a list"
        raise InvalidRequestError(message, field=field)
    if not isinstance(paths, Iterable):
        message = f"{field} must be a list of paths, not a {type(paths).__name__}"
        raise InvalidRequestError(message, field=field)
    named = list(paths)
    for path in named:
        if not isinstance(path, str):
            message = f"each path of {field} must be a str, not a {type(path).__name__}"
            raise InvalidRequestError(message, field=field)
    return named


def require_no_root(path: str, field: str) -> None:
    """Raise InvalidRequestError if a path begins with `$`, as the paths of a state machine do.

    Such a path would name a field `$`, and so lead nowhere without an error.
    """
    if _ROOT.match(path):
        message = f"a path begins with a name, such as current_state, not with $ as {_shown(path)}"
        raise InvalidRequestError(message, field=field)


def parse_path(text: str, *, field: str = "paths") -> Steps:
    """Return the steps of a path that leads to one place.

    Args:
        text: the path.
        field: the name of the argument, for the error.

    Raises:
        InvalidRequestError: it is not a path, or it counts from the end.
    """
    steps = parse_selection(text, field=field)
    plain = tuple(step for step in steps if type(step) is str or (type(step) is int and step >= 0))
    if len(plain) != len(steps):
        raise _no_path(text, field)
    return plain


def parse_keys(text: str, *, field: str) -> tuple[str, ...]:
    """Return the keys of a path that leads through objects alone.

    Raises:
        InvalidRequestError: it is not a path, or it leads into a list.
    """
    steps = parse_path(text, field=field)
    keys = tuple(step for step in steps if type(step) is str)
    if len(keys) != len(steps):
        message = f"{field} can only name keys of objects, not elements of a list"
        raise InvalidRequestError(message, field=field)
    return keys


def parse_selection(text: str, *, field: str = "paths") -> Selection:
    """Return the steps of a path that may count from the end and may end in a range.

    Raises:
        InvalidRequestError: it is not such a path.
    """
    require_no_root(text, field)
    steps = _parsed(text, text, field)
    selection = tuple(step for step in steps if not isinstance(step, Each))
    if not steps or len(selection) != len(steps) or Range in map(type, steps[:-1]):
        raise _no_path(text, field)
    return selection


def parse_pattern(text: str, *, field: str = "paths") -> Pattern:
    """Return the steps of a path that may lead to many places, such as `items[*].id`.

    Args:
        text: the path, with or without the leading `$.` of a state machine; `$` alone is the whole
            document, `[*]` or `[]` every element or value.
        field: the name of the argument, for the error.

    Raises:
        InvalidRequestError: it is not a path, counts from the end, or contains a range.
    """
    below = text[1:].removeprefix(".") if _ROOT.match(text) else text
    if text == WHOLE:
        return ()
    steps = [
        step
        for step in _parsed(below, text, field)
        if not isinstance(step, Range) and (not isinstance(step, int) or step >= 0)
    ]
    if not steps or "*" in steps or len(steps) != len(_parsed(below, text, field)):
        raise _no_pattern(text, field)
    return tuple(steps)


def by_first(paths: Iterable[tuple[AnyStep, ...]]) -> dict[AnyStep, list[tuple[AnyStep, ...]]]:
    """Return paths by their first step, each without it; an empty path leads no further."""
    below: dict[AnyStep, list[tuple[AnyStep, ...]]] = {}
    for path in paths:
        if path:
            below.setdefault(path[0], []).append(path[1:])
    return below


def render_path(steps: Sequence[Step | Range | Each], name: str = "") -> str:
    """Return the path of some steps into a value of a name, in the form that is parsed."""
    text = name
    for step in steps:
        if isinstance(step, Each):
            text += str(step.value)
        elif isinstance(step, Range):
            start, stop = ("" if end is None else str(end) for end in step)
            text += f"[{start}:{stop}]"
        elif isinstance(step, int):
            text += f"[{step}]"
        elif _NEEDS_NO_QUOTES.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step)}]"
    return text


def _parsed(below: str, text: str, field: str) -> list[Step | Range | Each]:
    """Return the steps of a path or of the end of one."""
    if "[" not in below and "]" not in below and all(names := below.split(".")):
        steps: list[Step | Range | Each] = [*names]
    else:
        steps = list(_steps(below, text, field))
    if len(steps) > MAX_STORED_DEPTH:
        message = f"a path of {len(steps):,} steps: no value has over {MAX_STORED_DEPTH:,} levels"
        raise InvalidRequestError(message, field=field)
    return steps


def _steps(below: str, text: str, field: str) -> Iterator[Step | Range | Each]:
    position = 0
    while position < len(below):
        match = _STEP.match(below, position)
        if match is None:
            raise _no_path(text, field)
        yield _step(match, text, field)
        position = match.end()


def _step(match: re.Match[str], text: str, field: str) -> Step | Range | Each:
    if match["each"] is not None:
        return Each.EACH
    name, quoted, index = match["name"], match["quoted"], match["index"]
    if name is not None:
        return name
    if match["single"] is not None:  # as state machines write it
        return _ESCAPED.sub(r"\1", match["single"])
    try:  # which a number of very many digits fails as well
        if index is not None:
            return int(index)
        if quoted is not None:
            return str(json.loads(quoted))
        start, stop = match["start"], match["stop"]
        return Range(int(start) if start else None, int(stop) if stop else None)
    except ValueError as error:
        raise _no_path(text, field) from error


def _no_path(text: str, field: str) -> InvalidRequestError:
    message = f"a path must be like current_state.items[3].name, not {_shown(text)}"
    return InvalidRequestError(message, field=field)


def _no_pattern(text: str, field: str) -> InvalidRequestError:
    message = (
        "a path of a document must be like items[*].id or report.sections[3], not"
        f" {_shown(text)};"
        " instead of a slice or filter, name the list before it"
    )
    return InvalidRequestError(message, field=field)


def _shown(text: str) -> str:
    """Return a path as a message names it; of a long one its beginning."""
    return json.dumps(text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}...")
