"""Deleting what is garbage, while the world goes on.

Between a look at the executions and a deletion one may start, write a value that is there already,
and refer to it. So Step Functions is asked before each batch, and again after it: whatever belongs
to a workflow that has begun meanwhile is undeleted.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from statebag.account.aws import Cloud
from statebag.executions.workflows import Observer
from statebag.garbage.garbage import Holding, Policy
from statebag.garbage.undoing import undelete
from universal_sync_core.retention.inventory import DELETE_AT_ONCE, Stored

Item = tuple[str, Stored]


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of the garbage.

    Attributes:
        deleted: objects that are gone.
        spared: workflows that have begun meanwhile, with why nothing of them is deleted.
    """

    deleted: list[Stored] = field(default_factory=list)
    spared: dict[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of the objects that are gone."""
        return sum(stored.size for stored in self.deleted)


class Deletion:
    """Deletes the garbage of workflows for as long as these stay over."""

    def __init__(
        self,
        cloud: Cloud,
        observer: Observer,
        policy: Policy,
        told: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Delete through `cloud`; `told` is told the number of objects after each batch."""
        self._cloud = cloud
        self._observer = observer
        self._policy = policy
        self._told = told
        self._gone: list[Item] = []
        self._spared: dict[str, str] = {}

    def run(self, holdings: Iterable[Holding]) -> Outcome:
        """Delete what was found to be garbage."""
        garbage = [(each.execution_id, stored) for each in holdings for stored in each.garbage]
        for at in range(0, len(garbage), DELETE_AT_ONCE):
            batch = garbage[at : at + DELETE_AT_ONCE]
            self._look(batch)
            self._delete([item for item in batch if item[0] not in self._spared])
            self._told(len(batch))
        return Outcome(deleted=[stored for _, stored in self._gone], spared=self._spared)

    def _delete(self, batch: Sequence[Item]) -> None:
        if not batch:
            return
        try:
            self._cloud.inventory.delete([stored.location for _, stored in batch])
            self._look(batch, self._gone)
        except BaseException:  # nothing is known now
            if self._policy.undoable:
                self._undelete(batch)
            raise
        self._gone += batch
        if self._policy.undoable:
            self._undelete([item for item in self._gone if item[0] in self._spared])
            self._gone = [item for item in self._gone if item[0] not in self._spared]

    def _look(self, batch: Sequence[Item], gone: Sequence[Item] = ()) -> None:
        """Note which of the workflows that objects are of may go on by now."""
        self._observer.look({execution_id for execution_id, _ in batch})
        for execution_id in dict.fromkeys(execution_id for execution_id, _ in (*gone, *batch)):
            reason = self._policy.reason(self._observer.standing(execution_id))
            if reason is not None:
                self._spared[execution_id] = reason

    def _undelete(self, items: Sequence[Item]) -> None:
        undelete(self._cloud, [stored.location for _, stored in items])
