"""Maps and lists of the state as a worker sees them: read when they are touched.

A view is a Mapping or a Sequence, never a dict or a list, whether its contents are in the bag or in
S3, so that a worker does not depend on the size of the state. `plain` returns the dict or list.
"""

from abc import abstractmethod
from collections.abc import Callable, ItemsView, Iterator, ValuesView
from operator import methodcaller
from typing import Any, overload

from universal_sync_core.lazy.backing import ListBacking, MapBacking
from universal_sync_core.lazy.copies import Copied, CopiedList, CopiedMap
from universal_sync_core.lazy.needs import Needs, below, from_start, range_of
from universal_sync_core.lazy.reading import Reading
from universal_sync_core.storage.parallel import MAX_REQUESTS_AT_ONCE
from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import Selection, Step


class View(Copied):
    """A part of the state."""

    def __init__(self, reading: Reading, needs: Needs | None, steps: Selection) -> None:
        """Show a part of the state.

        Args:
            reading: reads the part.
            needs: the parts that may be touched, positions counted from 0; None for everything.
            steps: the path that led here.
        """
        self._reading = reading
        self._needs = needs
        self._steps = steps
        self._shown: dict[Step, Json] = {}

    @abstractmethod
    def __getitem__(self, step: Any) -> Json:
        """Return a member as a worker sees it."""

    @abstractmethod
    def passed_on(self) -> Json:
        """Return what stands for it in a result: a pointer, unread, where it is in S3."""

    @abstractmethod
    def missing(self) -> list[tuple[Step, Json, Needs]]:
        """Return what is needed here and not read yet: its step, as stored, and its own needs."""

    def needed(self) -> Iterator[tuple["View", Step, Json]]:
        """Yield what is needed below and not read yet: the view it is in, its step, as stored."""
        level: list[View] = [self]
        while level:
            found = [(view, *each) for view in level for each in view.missing()]
            self._reading.prefetch((stored, needs) for _, _, stored, needs in found if needs)
            yield from ((view, step, stored) for view, step, stored, needs in found if not needs)
            inner = [view[step] for view, step, _, needs in found if needs]
            level = [each for each in inner if isinstance(each, View)]

    def keep(self, step: Step, value: Json, stored: Json = None) -> None:
        """Hold a value that has been read, and perhaps its stored form, for when it is touched."""
        self._shown[step] = value
        self._reading.handed_out((*self._steps, step), value, stored)

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same JSON, read or not."""
        return bool(self.plain() == plain(other))

    __hash__ = None  # type: ignore[assignment] # as for a dict and a list


class MapView(View, CopiedMap):
    """A JSON object of the state."""

    def __init__(
        self,
        reading: Reading,
        entries: MapBacking,
        needs: Needs | None = None,
        steps: Selection = (),
    ) -> None:
        """Show the entries of an object."""
        super().__init__(reading, needs, steps)
        self._entries = entries

    def __getitem__(self, key: str) -> Json:
        if key not in self._shown:
            if not isinstance(key, str):  # which no object has
                raise KeyError(key)
            needs = below(self._needs, key, self._steps)
            stored = self._entries.get(key, self._reading.pages)
            self.keep(key, show(self._reading, stored, needs, (*self._steps, key)), stored)
        return self._shown[key]

    def __iter__(self) -> Iterator[str]:
        if self._needs is None:
            return iter(self._entries.keys(self._reading.pages))
        return (key for key in self._needs if isinstance(key, str) and key in self)

    def __len__(self) -> int:
        if self._needs is None:
            return self._entries.count(self._reading.pages)
        return sum(1 for _ in self)

    def __contains__(self, key: object) -> bool:
        """Tell whether there is such a key, without reading its value."""
        if not isinstance(key, str):
            return False
        below(self._needs, key, self._steps)
        try:
            self._entries.get(key, self._reading.pages)
        except KeyError:
            return False
        return True

    def __repr__(self) -> str:
        """Return the size alone: a view may end up in a log, and the state must not."""
        return f"<{type(self).__name__} of {len(self)} keys>"

    def items(self) -> ItemsView[str, Json]:
        """Return the pairs, which are read some at a time, in parallel."""
        return _Items(self)

    def values(self) -> ValuesView[Json]:
        """Return the values, which are read some at a time, in parallel."""
        return _Values(self)

    def pairs(self) -> Iterator[tuple[str, Json]]:
        """Yield the pairs, and read some at a time."""
        keys = list(self)
        for start in range(0, len(keys), MAX_REQUESTS_AT_ONCE):
            some = keys[start : start + MAX_REQUESTS_AT_ONCE]
            found = self._entries.some(some, self._reading.pages)
            reading = self._reading.afresh()
            reading.prefetch((stored, None) for stored in found.values())
            for key, stored in found.items():
                needs, steps = below(self._needs, key, self._steps), (*self._steps, key)
                known = key in self._shown
                yield key, self._shown[key] if known else show(reading, stored, needs, steps)

    def missing(self) -> list[tuple[Step, Json, Needs]]:
        """Return what is needed here and not read yet: its key, as stored, and its own needs."""
        needs = self._needs or {}
        wanted = [key for key in needs if isinstance(key, str) and key not in self._shown]
        found = self._entries.some(wanted, self._reading.pages)
        return [(key, stored, needs[key]) for key, stored in found.items()]

    def plain(self) -> Json:
        """Return the whole as a dict."""
        if self._needs is not None:
            return {key: plain(item) for key, item in self.items()}
        if self._entries.pointer is not None:
            return self._reading.plain(self._entries.pointer.render())
        found = self._entries.some(self, self._reading.pages)
        return dict(zip(found, self._reading.plain_all(list(found.values())), strict=True))

    def passed_on(self) -> Json:
        """Return what stands for it in a result: a pointer, unread, where it is in S3."""
        if self._needs is None and self._entries.pointer is not None:
            return self._entries.pointer.with_beside({}).render()
        if self._needs is not None:
            return {key: passed_on(item) for key, item in self.items()}
        found = self._entries.some(self, self._reading.pages)
        return {key: self._reading.passed_on(stored) for key, stored in found.items()}


class _Items(ItemsView[str, Json]):
    _mapping: MapView

    def __iter__(self) -> Iterator[tuple[str, Json]]:
        return self._mapping.pairs()


class _Values(ValuesView[Json]):
    _mapping: MapView

    def __iter__(self) -> Iterator[Json]:
        return (value for _, value in self._mapping.pairs())


class ListView(View, CopiedList):
    """A JSON array of the state."""

    def __init__(
        self,
        reading: Reading,
        elements: ListBacking,
        needs: Needs | None = None,
        steps: Selection = (),
        positions: range | None = None,
    ) -> None:
        """Show the elements of an array: those at `positions`, in that order, or all."""
        super().__init__(reading, needs, steps)
        self._elements = elements
        self._positions = range(len(elements)) if positions is None else positions

    @overload
    def __getitem__(self, index: int) -> Json: ...
    @overload
    def __getitem__(self, index: slice) -> "ListView": ...
    def __getitem__(self, index: int | slice) -> Json:
        try:
            chosen = self._positions[index]
        except (IndexError, TypeError):  # whose text is about a range
            return list[Json]()[index]
        if isinstance(chosen, range):
            return ListView(self._reading, self._elements, self._needs, self._steps, chosen)
        if chosen not in self._shown:
            needs = below(self._needs, chosen, self._steps)
            (stored,) = self._elements.at([chosen], self._reading.pages)
            self.keep(chosen, show(self._reading, stored, needs, (*self._steps, chosen)), stored)
        return self._shown[chosen]

    def __iter__(self) -> Iterator[Json]:
        """Yield the elements, some megabytes of them at a time in memory."""
        size = self._elements.batch
        for start in range(0, len(self), size):
            positions = self._positions[start : start + size]
            needs = [below(self._needs, position, self._steps) for position in positions]
            reading = self._reading.afresh()
            stored = reading.elements(self._elements, positions)
            reading.prefetch((each, None) for each in stored)
            for position, each, inner in zip(positions, stored, needs, strict=True):
                yield show(reading, each, inner, (*self._steps, position))

    def __reversed__(self) -> Iterator[Json]:
        return iter(self[::-1])

    def __len__(self) -> int:
        return len(self._positions)

    def __repr__(self) -> str:
        """Return the size alone: a view may end up in a log, and the state must not."""
        return f"<{type(self).__name__} of {len(self)} elements>"

    def missing(self) -> list[tuple[Step, Json, Needs]]:
        """Return what is needed here and not read yet: its position, as stored, its own needs."""
        needs = self._needs or {}
        places = {step for step in needs if isinstance(step, int) and step in self._positions}
        wanted = sorted(places - self._shown.keys())
        found = self._elements.at(wanted, self._reading.pages)
        return [(at, each, needs[at]) for at, each in zip(wanted, found, strict=True)]

    def plain(self) -> Json:
        """Return the whole as a list."""
        if self._needs is None:
            return self._reading.plain(self._reading.elements(self._elements, self._positions))
        return [plain(item) for item in self]

    def passed_on(self) -> Json:
        """Return what stands for it in a result: a pointer, unread, where it is in S3."""
        is_whole = self._needs is None and self._positions == range(len(self._elements))
        if is_whole and self._elements.pointer is not None:
            return self._elements.pointer.with_beside({}).render()
        if self._needs is not None:
            return [passed_on(item) for item in self]
        return self._reading.passed_on(self._reading.elements(self._elements, self._positions))


def show(reading: Reading, stored: Json, needs: Needs | None, steps: Selection) -> Json:
    """Return a stored value as a worker sees it.

    Args:
        reading: reads the value.
        stored: a value of a bag or a page, or the elements of the history.
        needs: what is needed of it; with {} everything as a plain value, with None a view.
        steps: the path that led to it.
    """
    if needs is not None and not needs:
        return reading.plain(stored)
    opened = reading.opened(stored)
    if isinstance(opened, MapBacking):
        return MapView(reading, opened, needs, steps)
    if not isinstance(opened, ListBacking):
        return opened
    wanted = range_of(needs)
    if wanted is None:
        return ListView(reading, opened, from_start(needs, len(opened)), steps)
    positions = range(len(opened))[wanted.start : wanted.stop]
    return reading.plain(reading.elements(opened, positions))


def plain(value: Json) -> Json:
    """Return a view, or a value with views in it, read whole as plain dicts and lists.

    Use it as the `default` of `json.dumps`.
    """
    return _with_views(value, methodcaller("plain"))


def passed_on(value: Json) -> Json:
    """Return a value with views replaced by pointers where their contents are in S3."""
    return _with_views(value, methodcaller("passed_on"))


def _with_views(value: Json, replaced: Callable[[View], Json]) -> Json:
    if isinstance(value, View):
        return replaced(value)
    if type(value) is dict:
        return {key: _with_views(item, replaced) for key, item in value.items()}
    return [_with_views(item, replaced) for item in value] if type(value) is list else value
