"""Workflows on a store whose objects have dates, and a clock that only the tests move."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.core.fakes import PassingStore
from universal_sync_core import (
    first_bag,
    hand_over,
    hydrate,
    hydrate_state,
    offload,
    record_failure,
    restore_snapshot,
    universal_sync_core,
)
from universal_sync_core.retention.daily import DailyDeletion
from universal_sync_core.retention.ended import EndedExecution, LastState, write_record
from universal_sync_core.retention.inventory import Stored
from universal_sync_core.retention.standing import Standing, standing_at
from universal_sync_core.retention.terms import MapRun, Outcome, Terms
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.keys import execution_prefix, items_prefix
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import JsonObject

LARGE: dict[str, Any] = {
    "text": "x" * 300,
    "map": {f"key-{index}": "y" * 30 for index in range(40)},
}
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:catalog"
SETTINGS = Settings(
    bucket="state-bucket",
    field_offload_bytes=200,
    state_offload_bytes=400,
    page_bytes=256,
    index_bytes=256,
    history_max_entries=4,
)
KEEP = timedelta(days=90)
KNOWN_FOR = timedelta(days=90)
START = datetime(2026, 1, 1, 3, tzinfo=UTC)


def arn_of(name: str, machine: str = MACHINE) -> str:
    return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"


class DatedStore(PassingStore):
    """Notes when each object was created."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__(MemoryStore())
        self.modified: dict[Location, datetime] = {}
        self._clock = clock

    @property
    def objects(self) -> dict[Location, Any]:
        assert isinstance(self.inner, MemoryStore)
        return self.inner.objects

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        is_new = super().put(location, body, content_encoding=content_encoding)
        if is_new:
            self.modified[location] = self._clock()
        return is_new


class DatedInventory:
    """The inventory of such a store.

    Attributes:
        before_delete: called before each request that deletes, but for what a run leaves about
            itself.
    """

    def __init__(self, store: DatedStore) -> None:
        self._store = store
        self.before_delete: Callable[[Sequence[Location]], None] = lambda _: None

    def objects(self, bucket: str, prefix: str) -> Iterator[Stored]:
        for location in sorted(self._store.objects, key=lambda each: each.key):
            if location.bucket == bucket and location.key.startswith(prefix):
                size = len(self._store.objects[location].body)
                yield Stored(location, size, self._store.modified[location])

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        keys = [stored.location.key for stored in self.objects(bucket, prefix)]
        yield from sorted({prefix + key[len(prefix) :].split("/")[0] + "/" for key in keys})

    def head(self, location: Location, size: int) -> bytes:
        return self._store.get(location).body[:size]

    def keeps_versions(self, bucket: str) -> bool:
        return bucket == SETTINGS.bucket

    def delete(self, locations: Sequence[Location]) -> None:
        if not any(each.key.startswith("ended/runs/") for each in locations):
            self.before_delete(locations)
        for location in locations:
            del self._store.objects[location]

    def undelete(self, locations: Sequence[Location]) -> None:
        raise AssertionError(f"the daily deletion needs no undoing: {locations}")


@dataclass(kw_only=True)
class Run:
    """An execution: when it ended, and the bag it works on."""

    arn: str
    bag: JsonObject
    expected: JsonObject
    stopped: datetime | None = None
    map_run: str | None = None

    @property
    def owner(self) -> str:
        owner: str = self.bag["execution_id"]
        return owner


@dataclass(kw_only=True)
class World:
    """All that there is, and what the daily deletion is told of it.

    Attributes:
        runs: by ARN, the newest of a name.
        map_runs: the parents of Map Runs.
        asked_for_parents: how often somebody asked for one.
        keep: the retention.
        unseen: machines whose executions may not be looked at.
        machines: those that the stack deletes of.
        while_waiting: what happens before a retry.
    """

    now: datetime = START
    keep: timedelta = KEEP
    runs: dict[str, Run] = field(default_factory=dict)
    map_runs: dict[str, str] = field(default_factory=dict)
    asked_for_parents: int = 0
    machines: frozenset[str] = frozenset({MACHINE})
    unseen: frozenset[str] = frozenset()
    settings: Settings = SETTINGS
    while_waiting: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.store = DatedStore(lambda: self.now)
        self.inventory = DatedInventory(self.store)

    def start(self, name: str, *, machine: str = MACHINE, **fields: Any) -> Run:
        arn = arn_of(name, machine)
        given = {"current_state": fields}
        bag = first_bag(given, {"execution_id": arn})
        return self._started(Run(arn=arn, bag=bag, expected=dict(fields)))

    def resume(self, name: str, path: str, expected: JsonObject) -> Run:
        arn = arn_of(name)
        bag = first_bag({"resume_from": path}, {"execution_id": arn})
        return self._started(Run(arn=arn, bag=bag, expected=dict(expected)))

    def restore(self, name: str, path: str, expected: JsonObject) -> Run:
        """Start an execution that takes up a snapshot."""
        arn = arn_of(name)
        bag = restore_snapshot(path, {"execution_id": arn})
        return self._started(Run(arn=arn, bag=bag, expected=dict(expected)))

    def _started(self, run: Run) -> Run:
        self.runs[run.arn] = run
        return run

    def sync(self, run: Run, **fields: Any) -> None:
        run.bag = universal_sync_core(run.bag, {"current_state": fields})
        run.expected = run.expected | fields

    def fail(self, run: Run, *, is_recorded: bool = True) -> str:
        """End an execution, and return the path of its failure record."""
        told = record_failure(run.bag, {"Error": "E", "Cause": "c"})
        self.end(run, "FAILED", is_recorded=is_recorded)
        path: str = told["record_s3_path"]
        return path

    def go_on(self, run: Run, name: str) -> Run:
        """Hand over to a new execution, and end the one before."""
        given = hand_over(run.bag)
        self.end(run)
        return self.resume(name, given["resume_from"], run.expected)

    def end(self, run: Run, status: str = "SUCCEEDED", *, is_recorded: bool = True) -> None:
        run.stopped = self.now
        if is_recorded:
            self.record(run.arn, run.owner, status)

    def run_map(self, parent: Run, name: str, values: Sequence[Any]) -> list[Run]:
        """Run a Distributed Map whose children keep what is large under ids of their own."""
        machine, own = parent.arn.rsplit(":", 1)
        machine = machine.replace(":execution:", ":stateMachine:").partition("/")[0]
        map_run = f"{name} of {parent.arn}"
        self.map_runs[map_run] = parent.arn
        children = []
        for number, value in enumerate(values):
            arn = arn_of(f"{own}-{name}-{number}", f"{machine}/Items")
            answer = offload({"answer": value}, {"execution_id": arn}, at_most=200)
            child = Run(arn=arn, bag={"execution_id": arn, "document": answer}, expected={})
            child.expected, child.stopped, child.map_run = {"answer": value}, self.now, map_run
            self.runs[arn] = child
            children.append(child)
        return children

    def require_readable(self, parent: Run, child: Run) -> None:
        """Read what a child has answered, as its parent."""
        assert hydrate(child.bag["document"], None, {"execution_id": parent.arn}) == child.expected

    # What `Executions` asks for.

    def standing(self, execution_arn: str, since: datetime) -> Standing:
        run = self.runs.get(execution_arn)
        if execution_arn.rsplit(":", 1)[0] in {arn_of("", each)[:-1] for each in self.unseen}:
            return Standing.UNSEEN
        if run is None or (run.stopped is not None and run.stopped < self.now - KNOWN_FOR):
            return Standing.FORGOTTEN
        return standing_at(run.stopped, since)

    def map_run_of(self, child_arn: str) -> MapRun | None:
        if self.standing(child_arn, self.now) in (Standing.FORGOTTEN, Standing.UNSEEN):
            return None
        run = self.runs[child_arn].map_run
        if run is None:
            return None
        self.asked_for_parents += 1
        children = [each.arn for each in self.runs.values() if each.map_run == run]
        return MapRun(parent=self.map_runs[run], children=lambda: children)

    def record(self, execution_arn: str, owner: str, status: str = "UNKNOWN") -> None:
        run = self.runs[execution_arn]
        stopped = run.stopped
        assert stopped is not None
        if stopped < self.now - KNOWN_FOR:
            stopped = self.now
        end = EndedExecution(arn=run.arn, status=status, stopped=stopped)
        write_record(runtime.current(), end, LastState(owner=owner, bag=run.bag))

    # What is asked of it.

    def pass_days(self, days: float) -> None:
        self.now += timedelta(days=days)

    def daily(self, **terms: Any) -> Outcome:
        """Run the deletion as it is now."""
        chosen = Terms(now=self.now, keep=self.keep, machines=self.machines)
        deletion = DailyDeletion(runtime.current(), self.inventory, self, replace(chosen, **terms))
        return deletion.run()

    def stored(self, start: str = "") -> list[str]:
        return sorted(each.key for each in self.store.objects if each.key.startswith(start))

    def stored_by(self, owner: str) -> list[str]:
        """Return what a workflow has stored, marks included."""
        prefixes = (execution_prefix(self.settings, owner), items_prefix(self.settings, owner))
        return [key for prefix in prefixes for key in self.stored(prefix)]

    def require_whole(self, run: Run) -> None:
        """Read all of a bag."""
        assert hydrate_state(run.bag)["current_state"] == run.expected
