"""The daily deletion of the state of workflows that ended longer ago than the retention.

It begins with the records of executions that ended so long ago. Each record says whose state the
execution worked on. If other executions may need that state, a mark says that this one no longer
does; the last of them has all of it deleted. A record is deleted when nothing is left to do for it,
so the next run continues a run that was cut short.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Final

from universal_sync_core.errors import MalformedPointerError, MissingObjectError, StateSyncError
from universal_sync_core.retention.alone import alone
from universal_sync_core.retention.children import Children, parents_machine
from universal_sync_core.retention.ended import RecordName, ended_prefix, record_in
from universal_sync_core.retention.inventory import DELETE_AT_ONCE, Inventory, Stored
from universal_sync_core.retention.members import (
    Members,
    closed,
    digest_of,
    leave_mark,
    machine_of,
    member_named,
    members_of,
    members_prefix,
)
from universal_sync_core.retention.standing import Standing, reason_to_keep, standing_of_all
from universal_sync_core.retention.terms import Executions, Outcome, Terms
from universal_sync_core.retention.unrecorded import Unrecorded
from universal_sync_core.storage.keys import execution_prefix, items_prefix
from universal_sync_core.storage.parallel import MAX_REQUESTS_AT_ONCE, in_parallel
from universal_sync_core.storage.runtime import Runtime
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import encode

# With less time left than this, the rest is left to the next run.
_RESERVE_SECONDS: Final = 20
_WRITTEN_LATELY: Final = "its state was written lately"
_NEEDED: Final = "another execution went on from it"
_OUT_OF_TIME: Final = "there was no time left"
_TAKEN_UP: Final = "an execution is about to go on from it"


class DailyDeletion:
    """Deletes state that nothing can need any more, a bounded number at a time."""

    def __init__(
        self, used: Runtime, inventory: Inventory, executions: Executions, terms: Terms
    ) -> None:
        """Use the places in the settings.

        Args:
            used: the settings, the store, and the time that is left.
            inventory: lists and deletes objects.
            executions: tells how executions stand.
            terms: what the run may do.
        """
        self._used = used
        self._bucket = used.settings.bucket or ""
        self._inventory = inventory
        self._executions = executions
        self._terms = terms
        self._children = Children(used, inventory, executions, terms)
        self._outcome = Outcome()
        self._shared = Lock()
        # The records of one workflow are settled one after another.
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        # Marks that a dry run would have left; and executions whose end may not be recorded, with
        # the owner of the state that they work on.
        self._settled: set[tuple[str, str]] = set()
        self._doubtful: dict[str, str] = {}

    def run(self) -> Outcome:
        """Delete state, record ends that have no record yet, and return what was done.

        Nothing is done while another run is under way.
        """
        if self._terms.dry_run:
            self._settle_all()
            return self._outcome
        with alone(self._used, self._inventory) as is_alone:
            self._outcome.is_put_off = not is_alone
            if is_alone:
                self._settle_all()
                unrecorded = Unrecorded(
                    self._used,
                    self._inventory,
                    self._executions,
                    self._terms,
                    self._children,
                    self._outcome,
                )
                unrecorded.record(self._still_doubtful(), self._has_time)
        return self._outcome

    def _settle_all(self) -> None:
        outcome, most = self._outcome, self._terms.most
        records = list(itertools.islice(self._due(), most + 1))
        outcome.is_cut_short = len(records) > most
        for at in range(0, min(len(records), most), MAX_REQUESTS_AT_ONCE):
            if not self._has_time():
                outcome.is_cut_short = True
                break
            in_parallel(self._settle, records[at : min(at + MAX_REQUESTS_AT_ONCE, most)])

    def _has_time(self) -> bool:
        return self._used.seconds_left() > _RESERVE_SECONDS

    def _due(self) -> Iterator[Stored]:
        """Yield the records of executions that ended before the retention, oldest first."""
        for stored in self._inventory.objects(self._bucket, ended_prefix(self._used.settings)):
            name = RecordName.in_key(stored.location.key)
            if name is not None and name.stopped >= self._terms.since:
                return
            if name is not None:
                yield stored

    def _settle(self, record: Stored) -> None:
        try:
            arn, owner = self._read(record.location)
            if {machine_of(arn), parents_machine(arn)}.isdisjoint(self._terms.machines):
                return
            workflows = [each for each in dict.fromkeys((arn, owner)) if _is_execution(each)]
            done = [self._is_done_with(workflow, arn) for workflow in workflows]
            if all(done) and not self._terms.dry_run:
                self._inventory.delete([record.location])
        except MissingObjectError:  # another run has deleted it
            return
        except StateSyncError as error:
            with self._shared:
                self._outcome.note_failure(record.location.key, error)

    def _read(self, record: Location) -> tuple[str, str]:
        """Return the execution of a record, and the one that began its state.

        Raises:
            MalformedPointerError: it is not the record that its name says, which has the time.
        """
        document = record_in(self._used.read(record), str(record))
        arn, owner = document["execution_arn"], document["execution_id"]
        name = RecordName.in_key(record.key)
        if name is None or name.digest != digest_of(arn):
            message = "the record belongs to another execution than its name says"
            raise MalformedPointerError(message, path=str(record))
        return arn, owner

    def _is_done_with(self, owner: str, arn: str) -> bool:
        """Tell whether nothing is left to do for a workflow that an execution worked on."""
        with self._shared:
            lock = self._locks[owner]
        with lock:
            members = self._members(owner)
            if owner != arn and digest_of(arn) not in members.began:
                return True  # it never went on with that state, or the state is deleted
            if members.began and not self._is_last(owner, arn):
                self._open_again(owner, members)
                self._keep(owner, _NEEDED)
                return True
            return self._is_deleted(owner, arn)

    def _is_last(self, owner: str, arn: str) -> bool:
        """Note that an execution no longer needs a state, and tell whether it was the last."""
        with self._shared:
            self._settled.add((owner, digest_of(arn)))
        if not self._terms.dry_run:
            leave_mark(self._used, owner, arn, "settled")
        unsettled = self._members(owner).unsettled(owner)
        waiting = {each for each in unsettled if (owner, each) not in self._settled}
        found = [member_named(self._used, owner, digest) for digest in waiting]
        with self._shared:
            self._doubtful |= {arn: owner for arn in found if arn is not None}
        return not waiting

    def _members(self, owner: str) -> Members:
        return members_of(self._used, self._inventory, owner)

    def _still_doubtful(self) -> dict[str, str]:
        """Return the noted executions for which no record was found afterwards."""
        return {
            arn: owner
            for arn, owner in self._doubtful.items()
            if (owner, digest_of(arn)) not in self._settled
        }

    def _is_deleted(self, owner: str, arn: str) -> bool:
        """Delete everything that a workflow stored, and tell whether all of it is deleted."""
        objects, members = list(self._objects_of(owner)), self._members(owner)
        reason = self._reason_to_keep(owner, arn, members, objects)
        if reason is None:
            reason = self._delete_all(owner, members, objects)
        else:
            self._open_again(owner, members)
        if reason is not None:
            self._keep(owner, reason)
        elif objects:
            self._count(owner, objects)
        return reason is None

    def _objects_of(self, owner: str) -> Iterator[Stored]:
        """Yield the objects of a workflow, except the marks of its members."""
        settings = self._used.settings
        marks = members_prefix(settings, owner)
        for stored in self._inventory.objects(self._bucket, execution_prefix(settings, owner)):
            if not stored.location.key.startswith(marks):
                yield stored
        yield from self._inventory.objects(self._bucket, items_prefix(settings, owner))

    def _reason_to_keep(
        self, owner: str, arn: str, members: Members, objects: Sequence[Stored]
    ) -> str | None:
        if any(stored.modified >= self._terms.since for stored in objects):
            return _WRITTEN_LATELY
        # A redriven execution runs again, and after 90 days another one may have the same name.
        arns = {owner, arn, *(member_named(self._used, owner, each) for each in members.began)}
        standing = standing_of_all(
            self._executions.standing(each, self._terms.since) for each in arns if each
        )
        # Its record says that it ended long enough ago.
        return None if standing is Standing.FORGOTTEN else reason_to_keep(standing)

    def _delete_all(self, owner: str, members: Members, objects: list[Stored]) -> str | None:
        """Delete what children stored, then objects, then marks.

        Returns:
            The reason if it was not done, else None. The objects of children are added to
            `objects`.
        """
        prefix = members_prefix(self._used.settings, owner)
        marks = list(self._inventory.objects(self._bucket, prefix))
        if not objects and not marks:
            return None
        if not self._terms.dry_run and not self._is_closed(owner, members):
            return _TAKEN_UP
        own = list(objects)
        for listed, found in self._children.batches(owner, marks):
            if any(stored.modified >= self._terms.since for stored in found):
                return _WRITTEN_LATELY
            objects += found
            if reason := self._delete([*found, listed]):
                return reason
        # As long as one of the objects is there, so is the mark that tells that they are deleted.
        return self._delete(own) or self._delete(
            list(self._inventory.objects(self._bucket, prefix))
        )

    def _delete(self, left: Sequence[Stored]) -> str | None:
        """Delete objects, and return the reason if that was not done, else None."""
        for at in range(0, len(left), DELETE_AT_ONCE):
            if not self._has_time():
                self._outcome.is_cut_short = True
                return _OUT_OF_TIME
            batch = left[at : at + DELETE_AT_ONCE]
            if not self._terms.dry_run:
                self._inventory.delete([stored.location for stored in batch])
        return None

    def _is_closed(self, owner: str, members: Members) -> bool:
        """Close a state to executions that would go on with it; return False if one has begun."""
        location = closed(self._used.settings, owner)
        self._used.create(location, encode({"execution_id": owner}))
        if self._members(owner).began == members.began:
            return True
        self._inventory.delete([location])
        return False

    def _open_again(self, owner: str, members: Members) -> None:
        """Let executions go on with a state that is kept, if an earlier run had closed it."""
        if members.is_closed and not self._terms.dry_run:
            self._inventory.delete([closed(self._used.settings, owner)])

    def _count(self, owner: str, objects: Sequence[Stored]) -> None:
        with self._shared:
            self._outcome.workflows.append(owner)
            self._outcome.objects += len(objects)
            self._outcome.size += sum(stored.size for stored in objects)

    def _keep(self, owner: str, reason: str) -> None:
        with self._shared:
            self._outcome.kept[owner] = reason


def _is_execution(execution_id: str) -> bool:
    return machine_of(execution_id) is not None or parents_machine(execution_id) is not None
