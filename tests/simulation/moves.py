"""Answers of workers that move values: what they answer stands in the state already, elsewhere.

An answer is drawn as a template. It is filled twice: from what the worker sees, and from the state
as it would be without limits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final, TypeAlias

from tests.simulation import values
from tests.simulation.comparing import Plain, exact
from tests.simulation.merging import HISTORY, STATE

KEYS: Final = ("report", "rows", "wide", "text", "tags", "log", "feed", "items", "moved", "other")
_LISTS: Final = ("rows", "tags", "log", "feed", "items")
# A state that is moved into itself again and again doubles each time.
_MOST_BYTES: Final = 12_000
_MOST_IN_ALL: Final = 80_000

_Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True)
class From:
    """The place of a value that is moved.

    Attributes:
        path: from the state.
        stop: where a list is cut off, or None.
    """

    path: _Path
    stop: int | None = None

    def of(self, state: Any) -> Any:
        """Return what stands there."""
        for key in self.path:
            state = state[key]
        return state if self.stop is None else state[: self.stop]


@dataclass(frozen=True)
class Opened:
    """An object that is moved with more keys, as `{**state["report"], "more": 1}`."""

    at: From
    more: Plain


def filled(template: Any, state: Any) -> Any:
    """Return an answer, with what stands in a state."""
    if isinstance(template, From):
        return template.of(state)
    if isinstance(template, Opened):
        return {**template.at.of(state), **filled(template.more, state)}
    if isinstance(template, dict):
        return {key: filled(item, state) for key, item in template.items()}
    if isinstance(template, list):
        return [filled(item, state) for item in template]
    return template


def drawn_place(draw: Random, plain: Plain, names: Sequence[str]) -> From:
    """Return a place under one of these names, of which each depth is as likely as the next."""
    name = draw.choice(names)
    path: _Path = (name,)
    value = plain[name]
    while value and isinstance(value, dict | list) and draw.random() < 0.7:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = draw.choice(keys)
        path, value = (*path, key), value[key]
    is_cut = isinstance(value, list) and draw.random() < 0.3
    return From(path, draw.randrange(len(value) + 1) if is_cut else None)


class _Mover:
    """Draws what a worker moves, from the state as it would be without limits."""

    def __init__(self, draw: Random, plain: Plain) -> None:
        self._draw = draw
        self._plain = plain
        state = plain.get(STATE)
        self._state: Plain = state if isinstance(state, dict) else {}

    def template(self) -> Plain:
        """Return an answer of any kind."""
        kinds = (
            self._copied,
            self._swapped,
            self._nested,
            self._opened,
            self._between_lists,
            self._into_a_list,
            self._into_the_history,
            self._set_again,
            self._as_a_field,
        )
        return self._draw.choice(kinds)()

    def _any(self) -> From:
        names = [name for name in (STATE, STATE, STATE, HISTORY, "moved") if name in self._plain]
        return drawn_place(self._draw, self._plain, names)

    def _key(self) -> str:
        known = [key for key in self._state if key in KEYS]
        return self._draw.choice(known if known and self._draw.random() < 0.7 else KEYS)

    def _copied(self) -> Plain:
        return {STATE: {self._key(): self._any()}}

    def _swapped(self) -> Plain:
        known = [key for key in self._state if key in KEYS]
        if len(known) < 2:
            return self._copied()
        one, other = self._draw.sample(known, 2)
        swapped = {STATE: {one: From((STATE, other)), other: From((STATE, one))}}
        is_whole = self._draw.random() < 0.5
        return swapped | {"removed_paths": [one, other]} if is_whole else swapped

    def _nested(self) -> Plain:
        inner: Plain = {self._key(): self._any(), "beside": values.scalar(self._draw)}
        return {STATE: {self._key(): inner if self._draw.random() < 0.5 else [inner, self._any()]}}

    def _opened(self) -> Plain:
        maps = [key for key in self._state if isinstance(self._state[key], dict) and key in KEYS]
        if not maps:
            return self._nested()
        key = self._draw.choice(maps)
        return {STATE: {self._key(): Opened(From((STATE, key)), {self._key(): self._any()})}}

    def _between_lists(self) -> Plain:
        lists = [key for key in _LISTS if key in self._state and self._elements(key)]
        if not lists:
            return self._into_a_list()
        key, other = self._draw.choice(lists), self._draw.choice(_LISTS)
        elements = self._elements(key)
        taken = elements.pop(self._draw.randrange(len(elements)))
        return {STATE: {key: elements, other: [taken]}, "removed_paths": [key]}

    def _elements(self, key: str) -> list[From]:
        value = self._state[key]
        count = len(value) if isinstance(value, list) else 0
        return [From((STATE, key, number)) for number in range(min(count, 40))]

    def _into_a_list(self) -> Plain:
        added = {self._draw.choice(_LISTS): [self._any() for _ in range(self._draw.randrange(3))]}
        return {STATE: added} if self._draw.random() < 0.7 else added

    def _into_the_history(self) -> Plain:
        what = From((STATE,)) if self._draw.random() < 0.5 else self._any()
        return {HISTORY: [what, {"did": what}] if self._draw.random() < 0.3 else [what]}

    def _set_again(self) -> Plain:
        key = self._key()
        here = self._draw.random() < 0.5 and key in self._state
        return {"removed_paths": [key], STATE: {key: From((STATE, key)) if here else self._any()}}

    def _as_a_field(self) -> Plain:
        name = self._draw.choice(("moved", "report", "text", "chunk_results"))
        return {name: self._any()}


def drawn(draw: Random, plain: Plain) -> Plain | None:
    """Return a template, or None where the state would grow out of hand."""
    if not isinstance(plain.get(STATE), dict) or is_grown(plain):
        return None
    template = _Mover(draw, plain).template()
    return None if is_long(filled(template, plain)) else template


def is_grown(plain: Plain) -> bool:
    """Tell whether a state is so large that nothing more is moved in it."""
    return len(exact(plain)) > _MOST_IN_ALL


def is_long(result: Plain) -> bool:
    """Tell whether a result would make a state large too soon."""
    return len(exact(result)) > _MOST_BYTES
