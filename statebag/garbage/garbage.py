"""Which objects may be deleted: those of workflows that are over, that nothing kept refers to.

Of a workflow that may go on everything is kept. State is content-addressed and created once, so a
function may at any moment write a value that is there already, unreferenced and old, and then
refer to it.

Two rules make a mistake keep an object, never delete one. Whatever looks like the path of an
object is a reference, wherever it stands. And what cannot be read keeps all of its workflow.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from statebag.account.aws import Cloud, is_archived
from statebag.account.places import Place
from statebag.state.reading import StateReader, read_each
from statebag.state.references import SNAPSHOT_BEGINNING, chain_in, references_in
from universal_sync_core.errors import (
    MissingObjectError,
    PointerNotAllowedError,
    StateTooLargeError,
    StoredDataError,
)
from universal_sync_core.packs.frames import documents_in, from_frame
from universal_sync_core.packs.objects import Objects
from universal_sync_core.retention.inventory import Stored
from universal_sync_core.retention.standing import Standing, reason_to_keep
from universal_sync_core.storage.keys import STATE_FOLDER, execution_in, execution_prefix
from universal_sync_core.storage.parallel import in_parallel
from universal_sync_core.values.address import Address, digest_in

if TYPE_CHECKING:
    from universal_sync_core.values.codec import Json

# A failure record begins like this, and is written by the core alone as snapshots are.
_KEPT_BEGINNINGS: Final = (SNAPSHOT_BEGINNING, b'{"failure_record":')
_BEGINNING_BYTES: Final = 32
_AT_ONCE: Final = 256
_UNREADABLE: Final = "some of its state cannot be read"
_CHAIN_UNSEEN: Final = "an execution that worked on it cannot be seen here"
_RESUMABLE: Final = "it can be resumed, and the bucket keeps no versions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is kept.

    Attributes:
        now: the time.
        keep: for how long after its end nothing of a workflow is deleted.
        grace: nothing younger is deleted, nor what it refers to: it may be on its way into a state.
        keep_snapshots: how long snapshots and failure records are kept; None for as long as
            they are there.
        forgotten: whether objects of executions that Step Functions has forgotten may be deleted.
        undoable: whether a deletion can be undone. Where it cannot, nothing is deleted that an
            execution could go on from.
    """

    now: datetime
    keep: timedelta
    grace: timedelta
    keep_snapshots: timedelta | None = None
    forgotten: bool = False
    undoable: bool = True

    def reason(self, standing: Standing) -> str | None:
        """Return why nothing of a workflow may be deleted, or None where something may be."""
        if standing is Standing.FORGOTTEN and self.forgotten:
            return None
        return reason_to_keep(standing)


@dataclass(slots=True, kw_only=True)
class Holding:
    """What was found of one workflow.

    Attributes:
        execution_id: whose objects these are.
        objects: its packs, by path.
        reason: why nothing of it may be deleted, or None.
        asked: paths of what its open callbacks refer to.
        garbage: those that may be deleted.
    """

    execution_id: str
    standing: Standing
    objects: dict[str, Stored]
    reason: str | None = None
    asked: list[str] = field(default_factory=list)
    garbage: list[Stored] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of its objects."""
        return sum(stored.size for stored in self.objects.values())

    @property
    def garbage_size(self) -> int:
        """Bytes of the garbage."""
        return sum(stored.size for stored in self.garbage)


class Collector:
    """Marks what is kept and all that it refers to, and tells what is left."""

    def __init__(
        self,
        cloud: Cloud,
        place: Place,
        policy: Policy,
        *,
        is_seen: Callable[[str], bool] = lambda _: True,
        told: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Read what is at a place.

        Args:
            cloud: reads the objects.
            place: where they are.
            policy: what is kept.
            is_seen: tells whether the state machine of an execution can be looked at.
            told: is told the number of objects read.
        """
        self._cloud = cloud
        self._place = place
        self._policy = policy
        self._is_seen = is_seen
        self._told = told
        self._home = f"s3://{place.bucket}/{place.layout}"
        # Documents and whole packs that were led to, and the packs that they are in.
        self._reached: set[Address | str] = set()
        self._kept: set[str] = set()
        self._readers: dict[str | None, StateReader] = {}
        # What comes to light as objects are read: why all of a workflow is to be kept.
        self._doubts: dict[str | None, str] = {}
        # Who worked on a bag, by its owner, as snapshots that were just read have it.
        self._chains: list[tuple[str | None, Json]] = []

    def collect(self, holdings: Collection[Holding], needed: Iterable[str]) -> None:
        """Note in each holding what of it is garbage.

        Args:
            holdings: all that there are at the place.
            needed: paths of objects that executions may need.
        """
        if not any(self._is_old(stored) for stored in self._left(holdings).values()):
            return
        if not self._policy.undoable:
            self._keep_resumable(holdings)
        self._mark(needed)
        for each in holdings:
            self._mark(each.asked)
            self._mark(each.objects if each.reason else self._young(each))
        self._mark(self._snapshots(self._left(holdings), self._policy.keep_snapshots))
        self._keep_doubtful(holdings)
        left = self._left(holdings)
        for each in holdings:
            each.garbage = [stored for path, stored in each.objects.items() if path in left]

    def _young(self, holding: Holding) -> list[str]:
        """Return what may be on its way into a state, and would need all it refers to."""
        return [path for path, each in holding.objects.items() if not self._is_old(each)]

    def _is_old(self, stored: Stored) -> bool:
        return stored.modified < self._policy.now - self._policy.grace

    def _left(self, holdings: Iterable[Holding]) -> dict[str, Stored]:
        """Return the objects of workflows that are over, and that nothing has led to."""
        return {
            path: stored
            for each in holdings
            if each.reason is None
            for path, stored in each.objects.items()
            if path not in self._kept
        }

    def _snapshots(self, objects: dict[str, Stored], keep: timedelta | None = None) -> list[str]:
        """Return the snapshots and failure records among objects that are not older than `keep`."""
        young = [
            (path, stored)
            for path, stored in objects.items()
            if keep is None or self._policy.now - stored.modified <= keep
        ]
        begins = in_parallel(lambda item: self._begins_as_kept(item[1]), young)
        return [path for (path, _), is_kept in zip(young, begins, strict=True) if is_kept]

    def _keep_resumable(self, holdings: Iterable[Holding]) -> None:
        """Keep the workflows whole that an execution could go on with at any moment."""
        for each in holdings:
            if each.reason is None and self._snapshots(each.objects):
                each.reason = _RESUMABLE

    def _begins_as_kept(self, stored: Stored) -> bool:
        try:
            beginning = self._cloud.inventory.head(stored.location, _BEGINNING_BYTES)
        except ClientError as error:
            is_there = is_archived(error)
            if not is_there and error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return is_there  # else another deletion was faster
        return beginning.startswith(_KEPT_BEGINNINGS)

    def _keep_doubtful(self, holdings: Iterable[Holding]) -> None:
        """Keep the workflows whole of which not all is known that may be needed."""
        while found := [
            each for each in holdings if each.reason is None and each.execution_id in self._doubts
        ]:
            for each in found:
                each.reason = self._doubts[each.execution_id]
                self._mark(each.objects)

    def _mark(self, places: Iterable[Address | str]) -> None:
        """Note packs or documents of them, and all they refer to, as reached."""
        waiting = deque(self._first_reached(places))
        while waiting:
            batch = [waiting.popleft() for _ in range(min(_AT_ONCE, len(waiting)))]
            found = read_each(self._references, batch, self._reader)
            self._told(len(batch))
            for place, references in zip(batch, found, strict=True):
                if references is None:
                    self._doubts[execution_in(_path_of(place))] = _UNREADABLE
                waiting.extend(self._first_reached(references or ()))
            self._doubt_unseen()

    def _doubt_unseen(self) -> None:
        """Doubt the workflows that an execution worked on which cannot be seen."""
        while self._chains:
            owner, stored = self._chains.pop()
            reader = self._readers[owner]
            reader.objects.budget = reader.budget.renewed()
            try:
                chain = reader.pages.resolve(stored)  # a long one is in S3
            except (StoredDataError, StateTooLargeError, PointerNotAllowedError):
                self._doubts[owner] = _UNREADABLE
                continue
            arns = chain if type(chain) is list else []
            if not all(self._is_seen(arn) for arn in arns if type(arn) is str):
                self._doubts.setdefault(owner, _CHAIN_UNSEEN)

    def _first_reached(self, places: Iterable[Address | str]) -> list[Address | str]:
        """Return those of the places that nothing has led to before, and note them."""
        new = [
            place
            for place in dict.fromkeys(places)
            if place not in self._reached and _path_of(place).startswith(self._home)
        ]
        self._reached.update(new)
        self._kept.update(map(_path_of, new))
        return new

    def _reader(self, place: Address | str) -> StateReader:
        execution_id = execution_in(_path_of(place))
        if execution_id not in self._readers:
            # Each object is read once.
            self._readers[execution_id] = StateReader(
                self._cloud.store, self._place, execution_id, keeps=False, budget=self._cloud.budget
            )
        return self._readers[execution_id]

    def _references(self, place: Address | str) -> list[Address | str]:
        owner = execution_in(_path_of(place))
        objects = self._reader(place).objects
        found: list[Address | str] = []
        try:
            for at, body in _documents_at(place, objects):
                if (chain := chain_in(body)) is not None:
                    self._chains.append((owner, chain))
                found += references_in(body, at, objects.budget)
        except MissingObjectError:
            if isinstance(place, Address):  # a text may name what another deletion took
                self._doubts[owner] = _UNREADABLE
        except StoredDataError:
            self._doubts[owner] = _UNREADABLE
        return found


def _path_of(place: Address | str) -> str:
    return place if isinstance(place, str) else place.path


def _documents_at(place: Address | str, objects: Objects) -> Iterator[tuple[Address, bytes]]:
    """Yield the JSON of a document, or of all those in a pack."""
    if isinstance(place, Address):
        yield place, objects.read_many([place])[0]
        return
    pack = objects.pack(place)
    for at in documents_in(pack, place):
        yield at, from_frame(pack[at.start : at.stop], place, objects.budget)


def content_of(cloud: Cloud, place: Place, execution_id: str) -> dict[str, Stored]:
    """Return the packs of an execution, by their paths."""
    prefix = execution_prefix(place.settings, execution_id)
    found = cloud.inventory.objects(place.bucket, f"{prefix}{STATE_FOLDER}")
    return {str(each.location): each for each in found if digest_in(str(each.location))}
