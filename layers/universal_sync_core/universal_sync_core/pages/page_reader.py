"""Reading values of any size, with the values of their pointers filled in."""

from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from universal_sync_core.packs.collector import new_objects_only
from universal_sync_core.pages.loading import Loading, as_settled
from universal_sync_core.pages.page_format import digest_mark, split_marks
from universal_sync_core.pages.trees import everything, in_order, in_sequence, require_sized
from universal_sync_core.values.address import Address
from universal_sync_core.values.budget import SPARE_DEPTH, Document, Facts, levels
from universal_sync_core.values.codec import INLINE, Json, canonical
from universal_sync_core.values.compression import is_compressed
from universal_sync_core.values.pointer import (
    COMPRESSED_MARK,
    Pointer,
    has_mark,
    may_hold_marks,
    parse,
    unescape_key,
)


class _At(NamedTuple):
    """The place of a value while it is put together.

    Attributes:
        path: the path of its pack, for messages.
        depth: the number of levels above it.
        unescape: whether escaped keys get their own names back.
    """

    path: str
    depth: int
    unescape: bool


class PageReader(Loading):
    """Reads values of any size, and keeps what it has read."""

    @new_objects_only()
    def resolve(self, value: Json, *, unescape: bool = False) -> Json:
        """Return `value` with everything that it points to filled in.

        Args:
            value: any value of a bag or a page.
            unescape: whether to give escaped keys their own names back.
        """
        self.load(value)
        return self._build(value, _At(INLINE, 0, unescape))

    def opened(self, value: Json) -> Json:
        """Return a value in a form that shows whether it is a list, a map, or neither.

        A compressed value is expanded. A list or map in a single object, as other languages store
        it, is read. Pointers to pages, strings and numbers stay.
        """
        if type(value) is not dict:
            return value
        value = self.expanded(value)
        pointer = parse(value)
        if pointer is None or pointer.kind != "value":
            return value
        single = self.whole(pointer)
        return single if type(single) in (list, dict) else value

    def inside(self, pointer: Pointer) -> Json:
        """Return the value of a pointer, with the pointers inside it unchanged.

        Each further use of the same one costs as much as the first.
        """
        if pointer.kind == "value":
            return self.whole(pointer)
        value, every = self._as_stored(pointer)
        self._pay_again(pointer.at, every, pointer.path)
        return value

    @new_objects_only()
    def whole(self, pointer: Pointer, *, unescape: bool = False) -> Json:
        """Return the value of a pointer with everything that it points to filled in."""
        pointer = as_settled(pointer)
        self.load_behind([pointer])
        return self._build_pointer(pointer, _At(pointer.path, 0, unescape))

    def canonical(self, value: Json) -> bytes:
        """Return the canonical encoding of a value with everything that it points to filled in."""
        encoded = canonical(value)
        return canonical(self.resolve(value)) if may_hold_marks(encoded) else encoded

    def find(self, pointer: Pointer, wanted: Iterable[bytes]) -> set[bytes]:
        """Return the canonical encodings that an element of the list has.

        In a marked list, only pages with a wanted mark are read.
        """
        wanted = set(wanted)
        if not self.root(pointer).is_marked:
            return self.encodings(self.elements(pointer), wanted)
        marks = {digest_mark(encoded) for encoded in wanted}
        candidates = self.slice_at(pointer, self._marked_positions(pointer, marks))
        return self.encodings(candidates, wanted)

    def encodings(self, items: Sequence[Json], wanted: set[bytes]) -> set[bytes]:
        """Return the wanted canonical encodings that one of the items has."""
        self.load([item for item in items if has_mark(item)])
        return {encoded for item in items if (encoded := self.canonical(item)) in wanted}

    def _marked_positions(self, pointer: Pointer, wanted: Collection[bytes]) -> list[int]:
        """Return the positions of the elements with a wanted mark, by reading only the index."""
        level = [self.place(pointer)]
        while level[0].node.height > 1:
            level = self._children(
                [(place, at) for place in level for at in range(len(place.node.children))]
            )
        marks = chain.from_iterable(
            split_marks(part)
            for node in (place.node for place in level)
            for part in (
                (child.marks for child in node.children) if node.height else [node.marks or b""]
            )
        )
        return [position for position, mark in enumerate(marks) if mark in wanted]

    def _build(self, value: Json, at: _At) -> Json:
        """Return a value with everything that it points to filled in."""
        if type(value) is list:
            inner = self._one_deeper(at)
            return [self._build(item, inner) for item in value]
        if type(value) is not dict:
            return value
        pointer = parse(value)
        if pointer is not None:
            return self._build_pointer(pointer, at._replace(path=pointer.path))
        if is_compressed(value):
            document = self._compressed(value)
            return self._part(document.value, value[COMPRESSED_MARK], [document.facts], at)
        inner = self._one_deeper(at)
        if not at.unescape:
            return {key: self._build(item, inner) for key, item in value.items()}
        return {unescape_key(key): self._build(item, inner) for key, item in value.items()}

    def _one_deeper(self, at: _At) -> _At:
        self._objects.budget.require_depth(at.depth + 1, at.path)
        return at._replace(depth=at.depth + 1)

    def _build_pointer(self, pointer: Pointer, at: _At) -> Json:
        value, every = self._as_stored(pointer)
        return self._part(value, pointer.at, every, at)

    def _as_stored(self, pointer: Pointer) -> tuple[Json, Sequence[Facts]]:
        """Return the value of a pointer as it is stored, and the facts about its documents."""
        if pointer.kind == "value":
            value, facts = self._value_of(pointer)
            return value, [facts]
        places = [place for place, _ in self._descend(pointer, None, everything)]
        pages = [place.node for place in places]
        value = in_order(pages, pointer.path) if pointer.kind == "map" else in_sequence(pages)
        return value, [self._facts[place.at] for place in places]

    def _value_of(self, pointer: Pointer) -> Document:
        """Return the single value of a pointer, after checking its size."""
        document = self._values[pointer.at]
        require_sized(document, pointer)
        return document

    def _part(self, value: Json, name: Address | str, every: Sequence[Facts], at: _At) -> Json:
        """Return the value of an object or a compressed form that is part of another.

        Args:
            value: the value as it is stored.
            name: tells it from other parts.
            every: the facts about the documents that it is made of.
            at: its place.
        """
        self._pay_again(name, every, at.path)
        if not all(facts.clean for facts in every):
            return self._build(value, at)
        if at.depth > SPARE_DEPTH or any(facts.is_deep for facts in every):
            budget = self._objects.budget
            budget.require_depth(at.depth + levels(value, budget.max_depth), at.path)
        return value
