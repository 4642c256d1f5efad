"""The parts of the state that a worker needs: a tree of the paths that it named."""

from collections.abc import Iterable
from typing import Final, TypeAlias

from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.paths import (
    Paths,
    Range,
    Selection,
    Step,
    listed,
    parse_selection,
    render_path,
)
from universal_sync_core.values.pointer import escape_key

Needs: TypeAlias = dict[Step | Range, "Needs"]
"""The next step of each path, with the needs below it; empty needs stand for everything there."""

WHOLE: Final[Needs] = {}
_FIELD: Final = "needs"


def parse_needs(paths: Iterable[str]) -> Needs:
    """Return the tree of some paths; if one path continues another, the shorter one counts.

    Raises:
        InvalidRequestError: one is not a path, or a list is needed both as a range and in another
            way.
    """
    needs: Needs = {}
    for path in paths:
        _add(needs, parse_selection(path, field=_FIELD))
    return needs


def needs_of(paths: Paths | None, model: object, at: str) -> Needs | None:
    """Return the tree of some paths, with the place of a model if there is one.

    It is None if no paths are named: everything may be touched.
    """
    if paths is None:
        return None
    named = listed(paths, _FIELD)
    return parse_needs(named if model is None else [*named, at])


def below(needs: Needs | None, step: Step | Range, steps: Selection) -> Needs | None:
    """Return what is needed below a step, or None if everything may be touched.

    Args:
        needs: the needs at this place.
        step: a key, a position from 0, or a range.
        steps: the path that led here, for the error.

    Raises:
        InvalidRequestError: the step leads to something that is not needed.
    """
    if needs is None:
        return None
    if step not in needs:
        message = f"{render_path((*steps, step))} is not among the needs of this task"
        raise InvalidRequestError(message, field=_FIELD)
    return needs[step]


def range_of(needs: Needs | None) -> Range | None:
    """Return the range of a list that is needed, or None if it is not needed as a range."""
    only = next(iter(needs)) if needs else None
    return only if isinstance(only, Range) else None


def from_start(needs: Needs | None, count: int) -> Needs | None:
    """Return the needs of a list with `count` elements, with positions counted from its start."""
    if needs is None:
        return None
    counted: Needs = {}
    for step, inner in needs.items():
        place = step + count if isinstance(step, int) and step < 0 else step
        counted[place] = _joined(counted[place], inner) if place in counted else inner
    return counted


def stored_steps(needs: Needs | None, count: int) -> list[Step]:
    """Return the stored keys of a map, or positions of a list with `count` elements, as needed."""
    steps: list[Step] = []
    for step in needs or ():
        if isinstance(step, Range):
            steps += range(count)[step.start : step.stop]
        elif isinstance(step, str):
            steps.append(escape_key(step))
        else:
            steps.append(step + count if step < 0 else step)
    return steps


def _joined(needs: Needs, others: Needs) -> Needs:
    """Return what two paths need of one value; all of a list needed as a range and otherwise."""
    if not needs or not others:
        return WHOLE
    joined = needs | {
        step: _joined(needs[step], inner) if step in needs else inner
        for step, inner in others.items()
    }
    is_range = any(isinstance(step, Range) for step in joined)
    return WHOLE if is_range and len(joined) > 1 else joined


def _add(needs: Needs, steps: Selection) -> None:
    for position, step in enumerate(steps):
        has_range = isinstance(step, Range) or range_of(needs) is not None
        if has_range and needs and step not in needs:
            place = render_path(steps[:position])
            message = f"{place} is needed as a range and otherwise; name one range, or all of it"
            raise InvalidRequestError(message, field=_FIELD)
        if step in needs and not needs[step]:
            return
        needs = needs.setdefault(step, {})
    needs.clear()
