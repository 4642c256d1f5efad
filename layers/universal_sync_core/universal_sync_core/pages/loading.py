"""Loading everything behind pointers: side by side, by as few requests as possible."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Final, TypeAlias, get_args

from universal_sync_core.packs.arrivals import Arrivals, Stored
from universal_sync_core.packs.collector import new_objects_only
from universal_sync_core.packs.objects import Objects
from universal_sync_core.pages.page_format import Node
from universal_sync_core.pages.tree_reader import TreeReader
from universal_sync_core.pages.trees import require_child
from universal_sync_core.storage.parallel import SideBySide
from universal_sync_core.values.address import Address, settled
from universal_sync_core.values.budget import Cost, Document, Facts
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.compression import expand, is_compressed
from universal_sync_core.values.paths import Step, Steps, by_first
from universal_sync_core.values.pointer import (
    COMPRESSED_MARK,
    Kind,
    Pointer,
    is_map,
    kind_of,
    length,
    parse,
)

Unpack: TypeAlias = Callable[[JsonObject], Json]
# A pointer, or a row of an index object.
Reference: TypeAlias = Pointer | tuple[Node, int]
# Where a document lies, and whether it is read as a single value. The bytes may be a page as well.
Form: TypeAlias = tuple[Address, bool]
References: TypeAlias = Mapping[Form, Reference]
Parse: TypeAlias = Callable[[Json], Pointer | None]
_KINDS: Final = get_args(Kind)
# The cost of following a pointer again: decoding this many values takes as long.
_FOLLOWED: Final = Cost(values=64)


class Loading(TreeReader):
    """Reads what values refer to, and keeps it as it is stored."""

    def __init__(self, objects: Objects) -> None:
        """Read through `objects`."""
        super().__init__(objects)
        self._values: dict[Address | str, Document] = {}
        self._loaded: set[Form] = set()  # with everything that they refer to
        self._paid: set[Address | str] = set()

    def expanded(self, value: Json) -> Json:
        """Return the content of a compressed value, or any other value unchanged.

        Raises:
            UnreadableObjectError: it is damaged.
            StateTooLargeError: it is larger than the rest of the budget.
        """
        return self._compressed(value).value if is_compressed(value) else value

    def _compressed(self, value: JsonObject) -> Document:
        text = value[COMPRESSED_MARK]
        if text not in self._values:
            self._values[text] = expand(value, self._objects.budget)
        return self._values[text]

    def members(
        self, wanted: Sequence[tuple[Json, Collection[Step] | None]]
    ) -> list[dict[Any, Json]]:
        """Return members of several values as they are stored, read side by side.

        Args:
            wanted: each value with the keys and positions to look for, or None for every member.
        """
        pointers = [pointer for value, _ in wanted if (pointer := parse(value)) is not None]
        self.load_behind(each for each in pointers if each.kind == "value")
        opened = [self._opened(value) for value, _ in wanted]
        named = [_of_kind(value, steps) for value, (_, steps) in zip(opened, wanted, strict=True)]
        found = list(zip(opened, named, strict=True))
        self.read_members(
            (pointer, steps) for value, steps in found if (pointer := parse(value)) is not None
        )
        return [self._members(value, steps) for value, steps in found]

    def load_paths(
        self, wanted: Iterable[tuple[Json, Sequence[Steps]]], *, into: Collection[Kind] = _KINDS
    ) -> None:
        """Read everything at the ends of paths; what leads there is read level by level.

        Args:
            wanted: each value with the paths below it, as keys in their stored form and positions.
            into: the kinds that the paths lead through; `value` for lists and maps in single
                objects, as other languages store them.
        """
        ends: list[Json] = []
        level = list(wanted)
        while level:
            ends += [value for value, paths in level if () in paths]
            below = [
                (value, by_first(paths))
                for value, paths in level
                if () not in paths and kind_of(value) in into
            ]
            level = [
                (value, paths[step])
                for (_, paths), found in zip(below, self.members(below), strict=True)
                for step, value in found.items()
            ]
        self.load(ends)

    def _opened(self, value: Json) -> Json:
        """Return a value that is loaded as it is stored; a pointer to pages stays."""
        value = self.expanded(value)
        pointer = parse(value)
        if pointer is None or pointer.kind != "value":
            return value
        return self._values[as_settled(pointer).at].value

    def _members(self, value: Json, steps: Sequence[Any] | None) -> dict[Any, Json]:
        pointer = parse(value)
        if is_map(value):
            found = (self.map_of(value) if steps is None else self.some_of(value, steps)) or {}
            return {key: found[key] for key in (found if steps is None else steps) if key in found}
        places = range(length(value) or 0) if steps is None else steps
        items = [value[n] for n in places] if pointer is None else self.slice_at(pointer, places)
        return dict(zip(places, items, strict=True))

    def _pay_again(self, name: Address | str, every: Sequence[Facts], path: str) -> None:
        """Spend the cost of a part that was used before; the first read has been paid for."""
        if name in self._paid:
            self._objects.budget.spend(sum((facts.cost for facts in every), _FOLLOWED), path)
        self._paid.add(name)

    def load(self, value: Json) -> None:
        """Read everything that a value refers to."""
        self.load_behind(pointers_in(value, self.expanded))

    def load_behind(self, pointers: Iterable[Pointer]) -> None:
        """Read everything behind pointers; each document is decoded while others are read."""
        every = _by_form(map(as_settled, pointers))
        wanted = {form: each for form, each in every.items() if form not in self._loaded}
        if not wanted:
            return
        with SideBySide() as requests, new_objects_only():
            arrivals = Arrivals(self._objects, requests)
            seen = set(wanted)
            waiting = deque([self._begun(wanted, arrivals)])
            while waiting:
                for arrived in waiting.popleft():
                    below: dict[Form, Reference] = {}
                    for (at, _), reference in arrived.items():
                        below |= self._below(at, reference)
                    new = {form: each for form, each in below.items() if form not in seen}
                    seen |= new.keys()
                    if new:
                        waiting.append(self._begun(new, arrivals))
        self._loaded |= seen

    def _begun(self, wanted: References, arrivals: Arrivals) -> Iterator[References]:
        """Begin to read documents, and return an iterator over those that are there together.

        What leads on to others is requested first.
        """
        missing = {form: each for form, each in wanted.items() if self._is_missing(form)}
        known = {form: each for form, each in wanted.items() if form not in missing}
        roots = [each for each in missing.values() if isinstance(each, Pointer)]
        arrivals.begin_whole(root for root in roots if root.kind != "value")
        pages_last = sorted(missing, key=lambda form: _is_page(missing[form]))
        arriving = arrivals.begin(dict.fromkeys(at for at, _ in pages_last))
        return chain([known], (self._decoded(stored, missing) for stored in arriving))

    def _decoded(self, stored: Stored, missing: References) -> References:
        """Decode and keep documents that have come, and return the references to them."""
        arrived: dict[Form, Reference] = {}
        for at, document in self._objects.decoded(stored).items():
            if (at, True) in missing:
                self._values[at] = document
            if (at, False) in missing:
                self.keep(at, document)
            forms = ((at, True), (at, False))
            arrived |= {form: missing[form] for form in forms if form in missing}
        return arrived

    def _is_missing(self, form: Form) -> bool:
        at, is_single = form
        return at not in (self._values if is_single else self._nodes)

    def _below(self, at: Address, reference: Reference) -> dict[Form, Reference]:
        """Return what a document refers to."""
        if _is_single(reference):
            value, facts = self._values[at]
        else:
            node = self._node_of(at, reference)
            if node.height:
                return {(child.at, False): (node, n) for n, child in enumerate(node.children)}
            value, facts = node.items, self._facts[at]
        return {} if facts.clean else _by_form(pointers_in(value, self.expanded))

    def _node_of(self, at: Address, reference: Reference) -> Node:
        """Return the page or index object of a reference, checked against what that says."""
        if isinstance(reference, Pointer):
            return self.root(reference)
        parent, position = reference
        require_child(parent, position, self._nodes[at], None, at.path)
        return self._nodes[at]


def pointers_in(value: Json, expanded: Unpack, parsed: Parse = parse) -> Iterator[Pointer]:
    """Yield every pointer in a value, in order.

    Args:
        value: any value of a bag or a page.
        expanded: returns the content of a compressed part.
        parsed: recognises pointers; use `recognise` for a value from outside.

    Raises:
        MalformedPointerError: it contains a pointer that this version cannot read.
    """
    stack = [value]
    while stack:
        part = stack.pop()
        if type(part) is list:
            stack.extend(reversed(part))
        elif type(part) is dict:
            pointer = parsed(part)
            if pointer is not None:
                yield pointer
            elif is_compressed(part):
                stack.append(expanded(part))
            else:
                stack.extend(reversed(part.values()))


def _of_kind(value: Json, steps: Collection[Step] | None) -> Sequence[Any] | None:
    """Return the sorted keys for a map, or the positions that a list has, out of some steps."""
    if steps is None:
        return None
    if is_map(value):
        return sorted(step for step in steps if type(step) is str)
    count = length(value) or 0
    return sorted(step for step in steps if type(step) is int and step < count)


def as_settled(pointer: Pointer) -> Pointer:
    """Return a pointer with the path of its pack, if that is known by now."""
    at = settled(pointer.at)
    return pointer if at is pointer.at else replace(pointer, at=at)


def _by_form(pointers: Iterable[Pointer]) -> dict[Form, Reference]:
    return {(pointer.at, _is_single(pointer)): pointer for pointer in pointers}


def _is_single(reference: Reference) -> bool:
    return isinstance(reference, Pointer) and reference.kind == "value"


def _is_page(reference: Reference) -> bool:
    return not isinstance(reference, Pointer) and reference[0].height == 1
