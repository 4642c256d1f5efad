"""Erasing a workflow's state: who else needs it, and erasing it while the world goes on.

Nothing is erased that an execution which lives may need. One may begin in the very moment, so the
state is deleted first as S3 deletes where it keeps versions, Step Functions is asked once more, and
only then is all erased: until then the state comes back. In a bucket without versions, the state is
closed first instead, as the daily deletion does, so that no other execution can go on with it.
"""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from statebag.account.aws import Cloud
from statebag.account.deployment import require_place
from statebag.account.members import members_of
from statebag.account.versions import Version
from statebag.errors import RefusedError
from statebag.executions.chain import owner_of
from statebag.executions.executions import Execution, Executions, is_execution_arn, machine_of
from statebag.executions.workflows import Observer
from statebag.garbage.estate import Estate, Surveyor
from statebag.garbage.undoing import undelete
from universal_sync_core.retention.inventory import DELETE_AT_ONCE
from universal_sync_core.retention.members import closed, members_prefix
from universal_sync_core.storage.keys import execution_prefix
from universal_sync_core.values.codec import encode
from universal_sync_core.workflow.start import INPUT_PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be erased, and what speaks against it.

    Attributes:
        needed_by: executions that live and may need some of it.
        unseen: executions that worked on it whose state machine nobody could look at.
        input_path: of the file that the input was read from, which is not the workflow's own.
    """

    estate: Estate
    needed_by: list[str]
    unseen: list[str]
    input_path: str | None = None


class Forgetting:
    """Plans to erase the state of a workflow, and does."""

    def __init__(self, cloud: Cloud, arn: str) -> None:
        """Take the execution that began the state.

        Raises:
            RefusedError: it works on the state of another.
        """
        self._cloud = cloud
        self._owner = arn
        self._place = require_place(cloud, machine_of(arn))
        self._execution = Executions(cloud.states).known(arn)
        known = self._execution
        began = owner_of(cloud, self._place, known) if known is not None else arn
        if known is not None and began != arn:
            command = f"statebag forget {shlex.quote(began)}"
            hint = f"Executions that share a state are forgotten together: {command}"
            raise RefusedError(f"{known.name} works on the state of {began}", hint=hint)
        self._members: list[str] = []
        self._observer = Observer(cloud, [arn], since=datetime.now(UTC))

    def plan(self) -> Plan:
        """Return what would be erased; looks at everything and changes nothing."""
        needed_by = self._needed_by()
        marked = [each for each in self._members if is_execution_arn(each)]
        since = self._execution.started if self._execution else None
        estate = Surveyor(self._cloud, self._place).survey(self._owner, marked, since)
        unseen = [each for each in estate.executions if not self._observer.is_visible(each)]
        return Plan(
            estate=estate,
            needed_by=needed_by,
            unseen=unseen,
            input_path=_input_path(self._execution),
        )

    def erase(self, plan: Plan, told: Callable[[int], None]) -> None:
        """Erase all of it, in every version.

        Args:
            plan: what.
            told: is told the number of versions after each request.

        Raises:
            RefusedError: an execution lives that may need it, or has begun meanwhile.
        """
        self._require_unneeded(self._needed_by())  # a person may have taken long to answer
        if self._cloud.inventory.keeps_versions(self._place.bucket):
            self._delete_first([each for each in plan.estate.all if self._is_state(each)])
        else:
            self._close_first()
        # If this try is interrupted, the next one finds all by the records and the marks.
        for prefix in plan.estate.prefixes:  # the records of ends are last
            self._erase(prefix, told, keeps=self._marks)
        self._erase(self._marks, told)

    @property
    def _marks(self) -> str:
        return members_prefix(self._place.settings, self._owner)

    def _is_state(self, version: Version) -> bool:
        """Tell whether a version is of the state itself, without which nothing else is needed."""
        key, home = version.location.key, execution_prefix(self._place.settings, self._owner)
        return key.startswith(home) and not key.startswith(self._marks)

    def _erase(self, prefix: str, told: Callable[[int], None], keeps: str | None = None) -> None:
        """Erase what has a prefix, except what has another one below that."""
        found = self._cloud.versions.of(self._place.bucket, prefix)
        versions = (each for each in found if not (keeps and each.location.key.startswith(keeps)))
        while batch := list(islice(versions, DELETE_AT_ONCE)):
            self._cloud.versions.erase(batch)
            told(len(batch))

    def _delete_first(self, versions: Sequence[Version]) -> None:
        """Delete so that it can be undone, and undo it where somebody needs it by now."""
        found = [each.location for each in versions if each.is_newest and not each.is_marker]
        batches = [found[at : at + DELETE_AT_ONCE] for at in range(0, len(found), DELETE_AT_ONCE)]
        done = []
        try:
            for batch in batches:
                done.append(batch)
                self._cloud.inventory.delete(batch)
            self._require_unneeded(self._needed_by())
        except BaseException:  # also where nothing is known now
            undelete(self._cloud, [each for batch in done for each in batch])
            raise

    def _close_first(self) -> None:
        """Let no other execution go on with the state, and undo it where one has by now."""
        location, is_new = closed(self._place.settings, self._owner), True
        try:
            is_new = self._cloud.store.put(location, encode({"execution_id": self._owner}))
            self._require_unneeded(self._needed_by())
        except BaseException:
            if is_new:  # else a deletion under way relies on it
                self._cloud.inventory.delete([location])
            raise

    def _needed_by(self) -> list[str]:
        """Return the executions that live and may need the state, by all that is known by now."""
        found = members_of(self._cloud, self._place, [self._owner]).get(self._owner, ())
        self._members = list(dict.fromkeys([*self._members, *found]))
        self._observer.look()
        return sorted(self._observer.needing({self._owner, *self._members}))

    def _require_unneeded(self, needed_by: Sequence[str]) -> None:
        if needed_by:
            hint = "Wait until they end, or stop them: aws stepfunctions stop-execution."
            names = ", ".join(needed_by)
            raise RefusedError(f"nothing was erased: it is still needed by {names}", hint=hint)


def _input_path(execution: Execution | None) -> str | None:
    given = execution.input if execution else None
    path = given.get(INPUT_PATH) if type(given) is dict else None
    return path if isinstance(path, str) else None
