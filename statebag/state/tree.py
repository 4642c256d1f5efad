"""A state as a tree: what each part is, how large it is, and where it lives.

Looking at a part reads nothing. Opening it (`Tree.members`) reads the pages of the members asked
for, and no others.
"""

import difflib
import shlex
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from statebag.budgets import compressed_size, expanded
from statebag.errors import NotFoundError
from statebag.paths import Step, Steps, render_path
from statebag.state.containers import Container, bag_container, container_of, history_of
from statebag.state.reading import StateReader
from universal_sync_core.bag.fields import HISTORY, archive_of, whole_of, without_samples
from universal_sync_core.values.codec import Json, JsonObject, encode
from universal_sync_core.values.compression import is_compressed
from universal_sync_core.values.pointer import COMPRESSED_MARK, MARK, recognise

_MARKS: Final = (MARK.encode(), COMPRESSED_MARK.encode())
# Of a map with more names only the first are read to find the one that was meant.
_LOOKED_THROUGH: Final = 500


class Place(StrEnum):
    """Where a part lives."""

    INLINE = "inline"
    PACKED = "packed"
    S3 = "s3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a state.

    Attributes:
        steps: the way to it from the whole.
        value: what stands there, as it is stored.
        kind: `map`, `list`, `text`, `number`, `boolean`, `null`, or `value` for one that S3 holds.
        size: bytes of its JSON with everything it points to in its place.
        here: bytes that it takes where it stands.
        place: where it lives.
        count: members of a map or list.
        s3_path: object that holds it, or the older part of it.
        is_sampled: whether the bag itself shows a sample or summary of it.
        preview: what the bag shows of it beside its pointer, or None.
    """

    steps: Steps
    value: Json
    kind: str
    size: int
    here: int
    place: Place
    count: int | None = None
    s3_path: str | None = None
    is_sampled: bool = False
    preview: Json = None

    @property
    def name(self) -> Step:
        """The last of its steps."""
        return self.steps[-1] if self.steps else ""

    @property
    def is_open(self) -> bool:
        """Whether its members are at hand without a read."""
        return self.place is not Place.S3

    def describe(self) -> JsonObject:
        """Return all but the value, as JSON."""
        return {
            "path": render_path(self.steps),
            "kind": self.kind,
            "size_bytes": self.size,
            "here_bytes": self.here,
            "where": self.place.value,
            "count": self.count,
            "s3_path": self.s3_path,
        }


class Tree:
    """A state, looked into step by step."""

    def __init__(self, value: Json, reader: StateReader, *, is_bag: bool) -> None:
        """Look into `value`.

        Args:
            value: a bag, or any value as it is stored.
            reader: reads the objects in S3.
            is_bag: its archive, samples and overflowed fields are shown as what they stand for.
        """
        self._value = value
        self._reader = reader
        self._is_bag = is_bag
        self.root = part_of(value, ())
        if is_bag:
            self.root = replace(self.root, count=bag_container(value, reader).count)

    def container(self, part: Part) -> Container | None:
        """Return the list or map that a part is, or None where it is neither."""
        if self._is_bag and not part.steps:
            return bag_container(self._value, self._reader)
        if self._is_history(part.steps):
            return history_of(self._value, self._reader)
        return container_of(part.value, self._reader)

    def members(self, part: Part, start: int = 0, stop: int | None = None) -> list[Part]:
        """Return members of a part, by position; none of what is neither list nor map."""
        container = self.container(part)
        if container is None:
            return []
        found = container.range(start, container.count if stop is None else stop)
        return [self._part(value, (*part.steps, step)) for step, value in found]

    def at(self, steps: Steps) -> Part:
        """Return the part at the end of a path, reading only what is on the way.

        Raises:
            NotFoundError: the path leads nowhere; it says how far it goes.
        """
        part = self.root
        for depth, step in enumerate(steps):
            container = self.container(part)
            found = container.get(step) if container else []
            if not found:
                raise _not_found(container, steps[:depth], step)
            part = self._part(found[0], steps[: depth + 1])
        return part

    def whole(self, part: Part) -> Json:
        """Return the value of a part with everything it points to in its place, keys in order."""
        if part.steps or not self._is_bag:
            stored = self._with_archive(part.value, part.steps)
            return self._reader.pages.resolve(stored, unescape=True)
        container = bag_container(self._value, self._reader)
        members = container.range(0, container.count)
        stored = [self._with_archive(value, (step,)) for step, value in members]
        values = self._reader.pages.resolve(stored, unescape=True)
        return {str(name): value for (name, _), value in zip(members, values, strict=True)}

    def _with_archive(self, value: Json, steps: Steps) -> Json:
        """Return a member as it is stored, or of the history all entries as they are stored."""
        if not self._is_history(steps):
            return value
        history = history_of(self._value, self._reader)
        return [entry for _, entry in history.range(0, history.count)] if history else value

    def _is_history(self, steps: Steps) -> bool:
        return self._is_bag and steps == (HISTORY,) and archive_of(self._value) is not None

    def _part(self, value: Json, steps: Steps) -> Part:
        if self._is_history(steps):
            return self._history_part(steps)
        is_field = self._is_bag and len(steps) == 1
        is_sampled = is_field and whole_of(self._value, str(steps[0])) is not None
        return part_of(value, steps, is_sampled=is_sampled)

    def _history_part(self, steps: Steps) -> Part:
        archive = archive_of(self._value)
        inline = self._value.get(HISTORY, [])
        history = history_of(self._value, self._reader)
        return Part(
            steps=steps,
            value=inline,
            kind="list",
            size=whole_size(inline) + (archive.size - 1 if archive else 0),
            here=len(encode(inline)),
            place=Place.S3,
            count=history.count if history else None,
            s3_path=archive.path if archive else None,
        )


def _not_found(container: Container | None, above: Steps, step: Step) -> NotFoundError:
    """Return the refusal of a path that leads nowhere, with the name that was perhaps meant."""
    there = render_path(above)
    command = f"statebag show SOURCE --path {shlex.quote(there)}"
    hint = f"`{command}` lists what exists there."
    names = container.range(0, _LOOKED_THROUGH) if container and container.is_map else []
    for close in difflib.get_close_matches(str(step), [str(name) for name, _ in names], n=1):
        hint = f"Did you mean {render_path((*above, close))}? {hint}"
    return NotFoundError(f"{there or 'the state'} has no {render_path((step,))}", hint=hint)


def part_of(value: Json, steps: Steps, *, is_sampled: bool = False) -> Part:
    """Return what a stored value says about itself, without a read."""
    pointer = recognise(value)
    encoded = encode(value)
    here = len(encoded)
    if pointer is not None:
        return Part(
            steps=steps,
            value=value,
            kind=pointer.kind,
            size=pointer.size,
            here=here,
            place=Place.S3,
            count=pointer.count,
            s3_path=pointer.path,
            is_sampled=is_sampled,
            preview=pointer.preview,
        )
    if is_compressed(value):
        inner = part_of(expanded(value), steps)
        return Part(
            steps=steps,
            value=value,
            kind=inner.kind,
            size=inner.size,
            here=here,
            place=Place.PACKED,
            count=inner.count,
        )
    return Part(
        steps=steps,
        value=value,
        kind=kind_of(value),
        size=whole_size(value) if _may_hold_more(encoded) else here,
        here=here,
        place=Place.INLINE,
        count=len(value) if type(value) in (dict, list) else None,
    )


def whole_size(value: Json) -> int:
    """Return the bytes of a value's JSON with everything it points to in its place."""
    pointer = recognise(value)
    if pointer is not None:
        return pointer.size
    if is_compressed(value):
        return compressed_size(value)
    if type(value) is dict:
        fields = (len(encode(key)) + 1 + whole_size(item) for key, item in value.items())
        return sum(fields) + max(1, len(value)) + 1
    if type(value) is list:
        return sum(map(whole_size, value)) + max(1, len(value)) + 1
    return len(encode(value))


def bag_size(bag: JsonObject) -> int:
    """Return the bytes that a bag would have without offloading."""
    return whole_size(without_samples(bag)) if _may_hold_more(encode(bag)) else len(encode(bag))


def kind_of(value: Json) -> str:
    """Return the kind of an inline value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "list" if isinstance(value, list) else "map"


def _may_hold_more(encoded: bytes) -> bool:
    return any(mark in encoded for mark in _MARKS)
