"""Executions that the real core works on, in warm containers, as Step Functions tells of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tests.core.fakes import CountingStore
from tests.statebag.bucket import NOW, MemoryInventory
from tests.statebag.cloud import BUCKET, DEFINITION, MACHINE, FakeCloud, arn_of
from tests.statebag.histories import History
from tests.statebag.states import key_prefix
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
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
CONTAINERS: Final = 3


@dataclass
class Run:
    """An execution, as the world knows it.

    Attributes:
        only_reads: whether it reads the state of another without going on with it.
    """

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
    only_reads: bool = False


class TimedStore(MemoryStore):
    """Notes when objects were created."""

    def __init__(self, executions: "Executions") -> None:
        super().__init__()
        self._executions = executions

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        created = super().put(location, body, content_encoding=content_encoding)
        if created:
            self._executions.cloud.inventory.modified[location.key] = self._executions.now
        return created


class Executions:
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

    def _working(self) -> list[Run]:
        return [run for run in self._running() if not run.only_reads]

    def _free(self) -> list[Run]:
        """Return those that are between two states, in no branches and no map."""
        return [run for run in self._working() if not run.branches and run.outputs is None]

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
