"""Whether all that a state points to is there, and is what was written."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

from statebag.budgets import expanded
from statebag.errors import ArchivedError
from statebag.paths import Step, Steps
from statebag.state.reading import StateReader, read_each
from universal_sync_core.errors import (
    ChecksumMismatchError,
    MissingObjectError,
    PointerNotAllowedError,
    StateSyncError,
    StoredDataError,
)
from universal_sync_core.pages.page_format import Node, is_node, parse_node
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.storage.parallel import in_parallel
from universal_sync_core.values.address import Address
from universal_sync_core.values.budget import Document
from universal_sync_core.values.codec import Json
from universal_sync_core.values.compression import is_compressed
from universal_sync_core.values.pointer import recognise, unescape_key

Fault: TypeAlias = Literal[
    "missing", "archived", "altered", "outside", "unreadable", "oversized", "mistaken", "misnamed"
]

# By the error that reading an object ends with; the first that fits counts.
_FAULTS: Final[Mapping[type[StateSyncError], Fault]] = {
    PointerNotAllowedError: "outside",
    MissingObjectError: "missing",
    ArchivedError: "archived",
    ChecksumMismatchError: "altered",
    StoredDataError: "unreadable",
}
# Paths that stand in a bag, a record or a branch's report as text.
_PATH_FIELDS: Final = frozenset(
    {"pre_snapshot_s3_path", "post_snapshot_s3_path", "snapshot_s3_path", "record_s3_path"}
)
_AT_ONCE: Final = 64
# Each may be some megabytes.
_PACKS_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A document that a state refers to.

    Attributes:
        path: of the pack that it is in.
        at: where in the pack it is; None of one that the path alone leads to.
        steps: where in the state the reference stands.
        kind: what the pointer says it is; `page` for one under an index object, `document` for a
            snapshot or a record.
        count: members that the pointer says there are.
        start: position of its first element, of a page of a list.
    """

    path: str
    at: Address | None = None
    steps: Steps
    kind: str
    count: int | None = None
    start: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A reference that does not lead to what it says."""

    reference: Reference
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What was found of one object: what is wrong with it, or its size and what it refers to."""

    fault: Fault | None = None
    size: int = 0
    below: Sequence[Reference] = ()


class _Pack(NamedTuple):
    """A pack: the first reference into it, and whether its bytes have the digest in its name."""

    reference: Reference
    as_named: bool


@dataclass(slots=True)
class Verification:
    """What has been found so far.

    Attributes:
        sound: objects that are there and are what they should be.
        size: bytes of them, decoded.
    """

    sound: int = 0
    size: int = 0
    problems: list[Problem] = field(default_factory=list)


def verify(
    value: Json, reader: StateReader, told: Callable[[int], None] = lambda _: None
) -> Verification:
    """Return what is wrong with the objects a state refers to, each read and checked once.

    A pack is read whole, and its documents are taken from it as long as the reader keeps it. So
    the number of requests is that of the packs.

    Args:
        value: a bag, or any value as it is stored.
        reader: reads the objects.
        told: is told the number of objects after each batch.
    """
    result = Verification()
    seen: set[Address | str] = set()
    packs: dict[str, _Pack] = {}
    waiting = deque(references(value, (), reader))
    while waiting:
        batch = _next_batch(waiting, seen)
        _read_packs(batch, packs, reader)
        found = read_each(lambda each: _looked_at(each, reader), batch, lambda _: reader)
        for reference, looked in zip(batch, found, strict=True):
            result.size += looked.size if looked else 0
            fault = looked.fault if looked else "oversized"
            if fault is None:
                result.sound += 1
                waiting.extend(looked.below if looked else ())
            else:
                result.problems.append(Problem(reference=reference, fault=fault))
        told(len(batch))
    result.problems += _misnamed(packs, result.problems)
    return result


def _read_packs(batch: Sequence[Reference], packs: dict[str, _Pack], reader: StateReader) -> None:
    """Read the packs of a batch that were not read before, and note them."""
    new = [*{each.path: each for each in reversed(batch) if each.path not in packs}.values()]
    for start in range(0, len(new), _PACKS_AT_ONCE):
        few = new[start : start + _PACKS_AT_ONCE]
        named = in_parallel(lambda each: _is_as_named(each.path, reader), few)
        packs |= {
            each.path: _Pack(each, as_named) for each, as_named in zip(few, named, strict=True)
        }


def _is_as_named(path: str, reader: StateReader) -> bool:
    """Tell whether the bytes of a pack have the digest in its name, as far as it can be read."""
    try:
        reader.objects.pack(path)
    except ChecksumMismatchError:
        return False
    except (ArchivedError, MissingObjectError, PointerNotAllowedError):
        return True  # a problem of what refers to it
    return True


def _misnamed(packs: Mapping[str, _Pack], problems: Iterable[Problem]) -> list[Problem]:
    """Return the packs that are not what their names say, though the state's part of them is."""
    known = {problem.reference.path for problem in problems}
    wrong = [pack for path, pack in packs.items() if not pack.as_named and path not in known]
    return [Problem(reference=pack.reference, fault="misnamed") for pack in wrong]


def references(value: Json, steps: Steps, reader: StateReader) -> Iterator[Reference]:
    """Yield the references that stand in a stored value, with where they stand."""
    owner = reader.execution_id
    pointer = recognise(value)
    if pointer is not None:
        yield Reference(
            path=pointer.path, at=pointer.at, steps=steps, kind=pointer.kind, count=pointer.count
        )
    elif is_compressed(value):
        yield from references(expanded(value, reader.objects.budget), steps, reader)
    elif type(value) is list:
        for index, item in enumerate(value):
            yield from references(item, (*steps, index), reader)
    elif type(value) is dict:
        for key, item in value.items():
            here = (*steps, unescape_key(key))
            if key in _PATH_FIELDS and isinstance(item, str) and execution_in(item) == owner:
                yield Reference(path=item, steps=here, kind="document")
            else:
                yield from references(item, here, reader)


def _next_batch(waiting: deque[Reference], seen: set[Address | str]) -> list[Reference]:
    """Take the next references that wait, leaving out what was read before."""
    batch: list[Reference] = []
    while waiting and len(batch) < _AT_ONCE:
        reference = waiting.popleft()
        place = reference.at or reference.path
        if place not in seen:
            seen.add(place)
            batch.append(reference)
    return batch


def _looked_at(reference: Reference, reader: StateReader) -> _Looked:
    """Return what is wrong with an object, and what it refers to where nothing is."""
    try:
        at, (document, facts) = _read(reference, reader)
        node = parse_node(document, at) if is_node(document) else None
        if _is_mistaken(reference, node):
            return _Looked(fault="mistaken")
        below = _below(reference, document, node, reader)
        return _Looked(size=facts.cost.size, below=below)
    except tuple(_FAULTS) as error:
        known = (fault for kind, fault in _FAULTS.items() if isinstance(error, kind))
        return _Looked(fault=next(known))


def _read(reference: Reference, reader: StateReader) -> tuple[Address, Document]:
    if reference.at is None:
        return reader.objects.record(reference.path)
    return reference.at, reader.objects.documents([reference.at])[0]


def _below(
    reference: Reference, document: Json, node: Node | None, reader: StateReader
) -> list[Reference]:
    if reference.kind in ("value", "document") or node is None:
        return list(references(document, reference.steps, reader))
    return [*_children(reference, node), *_in_page(reference, node, reader)]


def _is_mistaken(reference: Reference, node: Node | None) -> bool:
    """Tell whether an object is another than its pointer says."""
    if reference.kind in ("value", "document"):
        return False
    if node is None or reference.kind not in {"page", node.kind}:
        return True
    return reference.count is not None and node.count != reference.count


def _children(reference: Reference, node: Node) -> Iterator[Reference]:
    start = reference.start
    for child in node.children:
        yield Reference(
            path=child.at.path,
            at=child.at,
            steps=reference.steps,
            kind="page",
            count=child.count,
            start=start,
        )
        start += child.count


def _in_page(reference: Reference, node: Node, reader: StateReader) -> Iterator[Reference]:
    if node.items is None:
        return
    is_map = type(node.items) is dict
    members: Iterable[tuple[Step, Json]] = (
        node.items.items() if is_map else enumerate(node.items, reference.start)
    )
    for step, item in members:
        name = unescape_key(step) if isinstance(step, str) else step
        yield from references(item, (*reference.steps, name), reader)
