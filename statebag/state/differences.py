"""What differs between two states, by path, without reading what both share.

Documents are named by the digest of their content, so equal digests are equal subtrees. Two trees
of pages are taken apart level by level, and what stands at one place in both is dropped unread.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from statebag.paths import Step, Steps, render_path
from statebag.state.alignment import runs
from statebag.state.equality import COMPARED_LEVELS, is_same, opened
from statebag.state.reading import StateReader
from statebag.state.tree import Part, part_of
from universal_sync_core.bag.fields import (
    ARCHIVE,
    HISTORY,
    OVERFLOW,
    archive_of,
    overflow_of,
    without_samples,
)
from universal_sync_core.values.address import Address
from universal_sync_core.values.budget import Cost
from universal_sync_core.values.codec import Json, JsonObject, canonical
from universal_sync_core.values.pointer import (
    Pointer,
    is_list,
    is_map,
    recognise,
    unescape_key,
)

ChangeKind: TypeAlias = Literal["added", "removed", "changed"]
Members: TypeAlias = dict[Step, Json]

# What the core itself notes at each step.
BOOKKEEPING: Final = frozenset({"last_update_time", "payload_size_kb", "state_revision"})
# What comparing a member costs, in values: a few pointers may lead to more than can be compared.
_COMPARED: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One path at which the states differ; what it leads to in each, or None where to nothing."""

    steps: Steps
    kind: ChangeKind
    old: Part | None
    new: Part | None


@dataclass(frozen=True, slots=True)
class _Slot:
    """A page, or an index object, at its place in a list or map.

    Attributes:
        start: position of its first element in a list; 0 in a map.
        at: where it is; None for members that are at hand.
        height: levels below it; None of a root that has not been read.
        members: those at hand.
    """

    start: int
    at: Address | None = None
    height: int | None = 0
    members: Sequence[tuple[Step, Json]] = ()

    @property
    def identity(self) -> tuple[int, str] | None:
        """What an equal slot of the other side has too."""
        return (self.start, self.at.digest) if self.at else None


class Comparison:
    """Compares an old state with a new one, each read by its own reader."""

    def __init__(self, old: StateReader, new: StateReader) -> None:
        """Read with the readers of the two."""
        self._old = old
        self._new = new

    def bags(self, old: JsonObject, new: JsonObject) -> Iterator[Change]:
        """Yield what differs between two bags, whatever forms they keep their fields in."""
        before, after = _fields(old), _fields(new)
        self._add_spilled(old, new, before, after)
        history = (_history_slots(old), _history_slots(new))
        before.pop(HISTORY, None), after.pop(HISTORY, None)
        yield from self._members(before, after, ())
        yield from self._sequences(*history, (HISTORY,))

    def values(self, old: Json, new: Json, steps: Steps = ()) -> Iterator[Change]:
        """Yield what differs between two values, as they are stored."""
        if is_same(old, new, level=len(steps)):
            return
        old, new = opened(old), opened(new)
        if is_map(old) and is_map(new):
            pair = (_map_slots(old), _map_slots(new))
            yield from self._members(*self._apart(*pair, is_list=False), steps)
        elif is_list(old) and is_list(new):
            slots = (_list_slots(old), _list_slots(new))
            yield from self._sequences(*slots, steps)
        else:
            yield _changed(old, new, steps)

    def _sequences(self, old: list[_Slot], new: list[_Slot], steps: Steps) -> Iterator[Change]:
        before, after = self._apart(old, new, is_list=True)
        if len(steps) >= COMPARED_LEVELS:
            yield from self._members(before, after, steps)
            return
        olds, news = sorted(before.items(), key=_position), sorted(after.items(), key=_position)
        for i, j, k, m in runs([canonical(v) for _, v in olds], [canonical(v) for _, v in news]):
            yield from self._run(olds[i:j], news[k:m], steps)

    def _run(
        self, olds: Sequence[tuple[Step, Json]], news: Sequence[tuple[Step, Json]], steps: Steps
    ) -> Iterator[Change]:
        """Yield what differs in a run of elements that stand for each other."""
        self._pay(len(olds) + len(news), steps)
        both = min(len(olds), len(news))
        self._read_roots(zip((old for _, old in olds), (new for _, new in news), strict=False))
        for (_, old), (position, new) in zip(olds[:both], news[:both], strict=True):
            yield from self.values(old, new, (*steps, position))
        for position, old in olds[both:]:
            yield _removed(old, (*steps, position))
        for position, new in news[both:]:
            yield _added(new, (*steps, position))

    def _members(
        self, old: Mapping[Step, Json], new: Mapping[Step, Json], steps: Steps
    ) -> Iterator[Change]:
        self._pay(len(old) + len(new), steps)
        self._read_roots((value, new[step]) for step, value in old.items() if step in new)
        for step, value in old.items():
            here = (*steps, unescape_key(step) if isinstance(step, str) else step)
            if step in new:
                yield from self.values(value, new[step], here)
            else:
                yield _removed(value, here)
        for step, value in new.items():
            if step not in old:
                here = (*steps, unescape_key(step) if isinstance(step, str) else step)
                yield _added(value, here)

    def _read_roots(self, pairs: Iterable[tuple[Json, Json]]) -> None:
        """Read side by side what comparing some pairs of values reads first."""
        stored = [(recognise(old), recognise(new)) for old, new in pairs]
        both = [(old, new) for old, new in stored if old and new and _are_compared(old, new)]
        self._old.pages.nodes([old.at for old, _ in both])
        self._new.pages.nodes([new.at for _, new in both])

    def _pay(self, members: int, steps: Steps) -> None:
        """Spend what comparing the members of a value costs, before that."""
        self._new.budget.spend(Cost(values=_COMPARED * members), render_path(steps))

    def _apart(
        self, old: list[_Slot], new: list[_Slot], *, is_list: bool
    ) -> tuple[Members, Members]:
        """Return the members of both sides that do not stand in a page that both have."""
        sides = (old, new)
        while True:
            shared = {slot.identity for slot in sides[0]} & {slot.identity for slot in sides[1]}
            shared.discard(None)
            old = _measured([slot for slot in sides[0] if slot.identity not in shared], self._old)
            new = _measured([slot for slot in sides[1] if slot.identity not in shared], self._new)
            top = max((slot.height or 0 for slot in (*old, *new)), default=0)
            if not top:
                return _members_in(old, self._old), _members_in(new, self._new)
            sides = (
                _one_level_down(old, top, self._old, is_list=is_list),
                _one_level_down(new, top, self._new, is_list=is_list),
            )

    def _add_spilled(
        self, old: JsonObject, new: JsonObject, before: Members, after: Members
    ) -> None:
        """Add the fields that the bags keep elsewhere, those apart that differ for sure not."""
        olds, news = _spill_slots(old), _spill_slots(new)
        before_spilled, after_spilled = self._apart(olds, news, is_list=False)
        for fields, overflowed in ((before, before_spilled), (after, after_spilled)):
            for name, value in overflowed.items():
                fields.setdefault(name, value)
        _look_up(before, after.keys() - before.keys(), overflow_of(old), self._old)
        _look_up(after, before.keys() - after.keys(), overflow_of(new), self._new)


def _fields(bag: JsonObject) -> Members:
    """Return the bag's own fields as what they stand for."""
    forms = {ARCHIVE: archive_of(bag), OVERFLOW: overflow_of(bag)}
    return {
        name: value
        for name, value in without_samples(bag).items()
        if forms.get(name) is None and name not in BOOKKEEPING
    }


def _look_up(
    fields: Members, names: "set[Step]", overflow: Pointer | None, reader: StateReader
) -> None:
    wanted = [name for name in names if isinstance(name, str)]
    if overflow is not None and wanted:
        fields.update(reader.pages.lookup(overflow, wanted))


def _history_slots(bag: JsonObject) -> list[_Slot]:
    archive = archive_of(bag)
    older = _paged(archive) if archive else []
    start = (archive.count or 0) if archive else 0
    return [*older, *_list_slots(opened(bag.get(HISTORY, [])), start)]


def _spill_slots(bag: JsonObject) -> list[_Slot]:
    overflow = overflow_of(bag)
    return _paged(overflow) if overflow else []


def _map_slots(value: Json) -> list[_Slot]:
    pointer = recognise(value)
    return _paged(pointer) if pointer else [_Slot(0, members=list(value.items()))]


def _list_slots(value: Json, start: int = 0) -> list[_Slot]:
    pointer = recognise(value)
    if pointer is not None:
        return _paged(pointer, start)
    items = value if type(value) is list else [value]
    return [_Slot(start, members=list(enumerate(items, start)))]


def _paged(pointer: Pointer, start: int = 0) -> list[_Slot]:
    return [_Slot(start, pointer.at, None)]


def _measured(slots: Sequence[_Slot], reader: StateReader) -> list[_Slot]:
    """Return the slots with the heights of roots, which are read for it."""
    roots = [slot.at for slot in slots if slot.height is None and slot.at]
    heights = {at: node.height for at, node in zip(roots, reader.pages.nodes(roots), strict=True)}
    return [
        replace(slot, height=heights[slot.at]) if slot.height is None and slot.at else slot
        for slot in slots
    ]


def _one_level_down(
    slots: Sequence[_Slot], top: int, reader: StateReader, *, is_list: bool
) -> list[_Slot]:
    """Return the slots with those of height `top` replaced by what is under them."""
    places = [slot.at for slot in slots if slot.height == top and slot.at]
    nodes = dict(zip(places, reader.pages.nodes(places), strict=True))
    below: list[_Slot] = []
    for slot in slots:
        if slot.height != top or slot.at is None:
            below.append(slot)
            continue
        start = slot.start
        for child in nodes[slot.at].children:
            below.append(_Slot(start, child.at, top - 1))
            start += child.count if is_list else 0
    return below


def _members_in(slots: Sequence[_Slot], reader: StateReader) -> Members:
    """Return the members of pages, read at once, and of those at hand."""
    nodes = iter(reader.pages.nodes([slot.at for slot in slots if slot.at]))
    members: Members = {}
    for slot in slots:
        if slot.at is None:
            members.update(slot.members)
            continue
        items = next(nodes).items
        members.update(items if type(items) is dict else enumerate(items, slot.start))
    return members


def _are_compared(old: Pointer, new: Pointer) -> bool:
    """Tell whether two values are lists or maps of which one is not the other."""
    return old.kind == new.kind != "value" and old.at.digest != new.at.digest


def _position(member: tuple[Step, Json]) -> int:
    return member[0] if isinstance(member[0], int) else 0


def _added(new: Json, steps: Steps) -> Change:
    return Change(steps=steps, kind="added", old=None, new=part_of(new, steps))


def _removed(old: Json, steps: Steps) -> Change:
    return Change(steps=steps, kind="removed", old=part_of(old, steps), new=None)


def _changed(old: Json, new: Json, steps: Steps) -> Change:
    before, after = part_of(old, steps), part_of(new, steps)
    return Change(steps=steps, kind="changed", old=before, new=after)
