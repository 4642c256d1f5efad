"""Workflows that the real core works on, in warm containers, as Step Functions tells of them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import universal_sync_core as core
from tests.core.fakes import CountingStore
from tests.statebag.bucket import NOW, MemoryInventory
from tests.statebag.cloud import BUCKET, DEFINITION, MACHINE, FakeCloud, arn_of
from tests.statebag.histories import History
from tests.statebag.states import key_prefix
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.storage.known import KnownObjects
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.runtime import Runtime
from universal_sync_core.storage.store import Location

Bag = dict[str, Any]
OTHER_MACHINE: Final = f"{MACHINE}-other"
REDRIVABLE: Final = timedelta(days=14)
FORGOTTEN: Final = timedelta(days=90)
# The executions that others may read of.
LENDERS: Final = [arn_of(f"run-{n}", each) for n in range(9) for each in (MACHINE, OTHER_MACHINE)]
SETTINGS: Final = Settings(
    bucket=BUCKET,
    field_offload_bytes=300,
    state_offload_bytes=2_000,
    page_bytes=300,
    index_bytes=300,
    allowed_prefixes=tuple(f"s3://{BUCKET}/{key_prefix(each)}" for each in LENDERS),
    resumable_machines=(MACHINE, OTHER_MACHINE),
)
# Few values, so that they come back: each is a list of some pages.
VALUES: Final = [[f"{n} {row} " + "x" * 60 for row in range(12)] for n in range(5)]
FIELDS: Final = ("a", "b")
CONTAINERS: Final = 3


@dataclass
class Run:
    """An execution, as the world knows it."""

    arn: str
    owner: str
    bag: Bag
    given: Any
    status: str = "RUNNING"
    stopped: datetime | None = None
    cause: str | None = None
    record: str | None = None
    branches: list[Bag] = field(default_factory=list)
    outputs: list[Any] | None = None


class TimedStore(MemoryStore):
    """Notes when objects were created."""

    def __init__(self, workflows: "Workflows") -> None:
        super().__init__()
        self._workflows = workflows

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        created = super().put(location, body, content_encoding=content_encoding)
        if created:
            self._workflows.cloud.inventory.modified[location.key] = self._workflows.now
        return created


class Workflows:
    """Executions, containers, a bucket, and the time.

    Attributes:
        borrowed: workflows of which others have pointers.
    """

    def __init__(self, *, forgetful: bool = True) -> None:
        """Start empty; a container that is not `forgetful` relies for ever on what it has seen."""
        self.now = NOW
        self.cloud = FakeCloud()
        self.cloud.memory = TimedStore(self)
        self.cloud.store = CountingStore(self.cloud.memory)
        self.cloud.inventory = MemoryInventory(self.cloud.memory)
        self.cloud.states.machines = {MACHINE: DEFINITION, OTHER_MACHINE: DEFINITION}
        self._seconds = self._timestamp if forgetful else float
        self._containers = [self._container() for _ in range(CONTAINERS)]
        self.runs: list[Run] = []
        self.snapshots: list[str] = []
        self.prompts: list[Bag] = []
        self.borrowed: set[str] = set()

    def _timestamp(self) -> float:
        return self.now.timestamp()

    def _start(self, machine: int) -> None:
        arn = arn_of(f"run-{len(self.runs)}", (MACHINE, OTHER_MACHINE)[machine % 2])
        with using(self._containers[0]):
            bag = core.first_bag({"x": VALUES[0]}, {"execution_id": arn, "action": "init"})
        self._publish(self._added(Run(arn=arn, owner=arn, bag=bag, given={})))

    def _sync(self, which: int, field_number: int, value: int, container: int) -> None:
        for run in self._one(self._free(), which):
            run.bag = self._synced(run.bag, field_number, value, container, "sync")
            self._publish(run)

    def _time_out(self, which: int, field_number: int, value: int, container: int) -> None:
        """A call stores its result, and its answer is lost."""
        for run in self._one(self._free(), which):
            self._synced(run.bag, field_number, value, container, "sync")

    def _snapshot(self, which: int, container: int) -> None:
        for run in self._one(self._free(), which):
            with self._in(container):
                run.bag = core.create_snapshot(run.bag, "pre")
            self.snapshots.append(run.bag["pre_snapshot_s3_path"])
            self._publish(run)

    def _borrow(self, which: int, other: int, container: int) -> None:
        """An execution is given a pointer of another one, of which it may read."""
        for run in self._one(self._free(), which):
            for lender in self._one([each for each in self.runs if self._may_lend(each)], other):
                pointer = (
                    lender.bag["current_state"].get("a") if "current_state" in lender.bag else None
                )
                if isinstance(pointer, dict) and lender.owner != run.owner:
                    with self._in(container):
                        result = {"current_state": {"borrowed": pointer}}
                        run.bag = core.universal_sync_core(run.bag, result, {"action": "sync"})
                    self.borrowed.add(lender.owner)
                    self._publish(run)

    def _fork(self, which: int, container: int) -> None:
        for run in self._one(self._free(), which):
            ask = {"status": "PARALLEL_GROUP", "pending_branches": ["l", "r"]}
            with self._in(container):
                run.bag = core.universal_sync_core(run.bag, ask, {"action": "sync"})
                run.branches = [core.fork_branch(run.bag, each) for each in ("l", "r")]
            self._publish(run)

    def _branch(self, which: int, field_number: int, value: int, container: int) -> None:
        for run in self._one([each for each in self._running() if each.branches], which):
            at = value % 2
            bag = self._synced(run.branches[at], field_number, value, container, "sync_branch")
            run.branches[at] = bag
            self._publish(run)

    def _join(self, which: int, container: int) -> None:
        for run in self._one([each for each in self._running() if each.branches], which):
            with self._in(container):
                ends = [core.complete_branch(each) for each in run.branches]
                run.bag = core.join_branches(run.bag, ends)
            run.branches = []
            self._publish(run)

    def _map(self, which: int, container: int) -> None:
        for run in self._one(self._free(), which):
            ask = {"status": "DISTRIBUTED_MAP", "distributed_items": [0, 1, 2]}
            with self._in(container):
                run.bag = core.universal_sync_core(run.bag, ask, {"action": "sync"})
            run.outputs = []
            self._publish(run)

    def _item(self, which: int, value: int, container: int) -> None:
        for run in self._one([each for each in self._running() if each.outputs is not None], which):
            result = {"t": VALUES[value % len(VALUES)], "n": value}
            with self._in(container):
                stored = core.store_result(result, {"execution_id": run.owner})
            run.outputs = [*(run.outputs or []), stored]

    def _join_map(self, which: int, container: int) -> None:
        for run in self._one([each for each in self._running() if each.outputs], which):
            with self._in(container):
                context = {"action": "aggregate_distributed"}
                run.bag = core.universal_sync_core(run.bag, run.outputs, context)
            run.outputs = None
            self._publish(run)

    def _callback(self, which: int, value: int, container: int) -> None:
        for run in self._one(self._free(), which):
            with self._in(container):
                asked = {"q": VALUES[value % len(VALUES)]}
                prompt = core.offload_result(asked, {"execution_id": run.owner}, limit=100)
            name = f"{len(self.prompts):064x}.json"
            location = Location(BUCKET, f"{key_prefix(run.owner)}callbacks/{name}")
            self.cloud.memory.put(location, json.dumps({"prompt": prompt}).encode())
            self.prompts.append({"execution_id": run.owner, "prompt": prompt})

    def _fail(self, which: int, container: int) -> None:
        for run in self._one(self._running(), which):
            with self._in(container):
                told = core.record_failure(run.bag, {"Error": "E", "Cause": "c"})
            run.record, run.cause = told["record_s3_path"], told["cause"]
            self._end(run, "FAILED")

    def _abort(self, which: int) -> None:
        for run in self._one(self._running(), which):
            self._end(run, "ABORTED")

    def _succeed(self, which: int) -> None:
        for run in self._one(self._free(), which):
            self._end(run, "SUCCEEDED")

    def _redrive(self, which: int) -> None:
        for run in self._one([each for each in self.runs if self._is_redrivable(each)], which):
            run.status, run.stopped, run.cause = "RUNNING", None, None
            self._publish(run)

    def _resume(self, which: int, machine: int, container: int) -> None:
        """Go on from any record or snapshot that there is, on one machine or another."""
        paths = [*self.snapshots, *(run.record for run in self.runs if run.record)]
        for path in self._one(paths, which):
            self._go_on(path, f"run-{len(self.runs)}", machine, container)

    def _continue(self, which: int, container: int) -> None:
        for run in self._one(self._free(), which):
            with self._in(container):
                told = core.hand_over(run.bag)
            self.snapshots.append(told["resume_from"])
            self._end(run, "SUCCEEDED")
            self._go_on(told["resume_from"], f"run-{len(self.runs)}", 0, container)

    def _restore(self, which: int, machine: int, container: int) -> None:
        """Take up any snapshot that there is; the input says nothing of it."""
        for path in self._one(self.snapshots, which):
            self._go_on(path, f"run-{len(self.runs)}", machine, container, given={})

    def _go_on(
        self, path: str, name: str, machine: int, container: int, given: Bag | None = None
    ) -> None:
        arn = arn_of(name, (MACHINE, OTHER_MACHINE)[machine % 2])
        given = {"resume_from": path} if given is None else given
        context = {"execution_id": arn, "action": "init"}
        with self._in(container):
            restored = not given and core.restore_snapshot(path, context)
            bag = restored or core.first_bag(given, context)
        owner = execution_in(path) or arn
        self._publish(self._added(Run(arn=arn, owner=owner, bag=bag, given=given)))

    def _synced(self, bag: Bag, field_number: int, value: int, container: int, action: str) -> Bag:
        name = FIELDS[field_number % len(FIELDS)]
        result = {"current_state": {name: VALUES[value % len(VALUES)]}}
        with self._in(container):
            return core.universal_sync_core(bag, result, {"action": action})

    def _end(self, run: Run, status: str) -> None:
        run.status, run.stopped = status, self.now
        self._publish(run)

    def _publish(self, run: Run) -> None:
        """Tell Step Functions how an execution stands."""
        history = History()
        kind = "Map" if run.branches or run.outputs is not None else "Task"
        history.enter("Doing", {"state_data": run.bag}, kind)
        if run.outputs is not None:
            history.add("MapRunStarted")
        for branch in run.branches:
            history.visit("SyncBranch", {}, {"state_data": branch})
        told: Bag = {"input": run.given}
        told |= {"output": {"state_data": run.bag}} if run.status == "SUCCEEDED" else {}
        told |= {"cause": run.cause, "error": "E"} if run.cause else {}
        ago = (NOW - (run.stopped or self.now)) / timedelta(days=1)
        machine, name = run.arn.replace(":execution:", ":stateMachine:").rsplit(":", 1)
        self.cloud.states.add(
            name, run.status, days_ago=ago, events=history.events, machine=machine, **told
        )

    def _added(self, run: Run) -> Run:
        self.runs.append(run)
        return run

    def _running(self) -> list[Run]:
        return [run for run in self.runs if run.status == "RUNNING"]

    def _free(self) -> list[Run]:
        """Return those that are between two states, in no branches and no map."""
        return [run for run in self._running() if not run.branches and run.outputs is None]

    def _is_recent(self, run: Run) -> bool:
        return run.stopped is None or self.now - run.stopped < REDRIVABLE

    def _may_lend(self, run: Run) -> bool:
        return run.owner in LENDERS and self._is_recent(run)

    def _is_redrivable(self, run: Run) -> bool:
        return run.status in {"FAILED", "ABORTED"} and self._is_recent(run)

    def _one(self, found: Sequence[Any], which: int) -> Sequence[Any]:
        return [found[which % len(found)]] if found else []

    def _in(self, container: int) -> Any:
        return using(self._containers[container % CONTAINERS])

    def _container(self) -> Runtime:
        made = Runtime(SETTINGS, self.cloud.memory)
        made.known = KnownObjects(self._seconds, self._seconds)
        return made


@contextmanager
def using(container: Runtime) -> Iterator[None]:
    """Work in a container, which stays as warm as it is."""
    token = runtime._USED.set(container)
    try:
        yield
    finally:
        runtime._USED.reset(token)


def unquoted(key: str) -> str | None:
    return execution_in(f"s3://{BUCKET}/{key}")
