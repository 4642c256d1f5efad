"""Whatever workflows do, and however far the clock moves meanwhile: what is needed is there."""

from collections.abc import Callable
from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.core.retention.world import SETTINGS, Run, World
from universal_sync_core import create_snapshot
from universal_sync_core.errors import InvalidRequestError, MissingObjectError
from universal_sync_core.storage import runtime
from universal_sync_core.values.codec import JsonObject

VALUES = st.sampled_from(["x" * 300, {f"k{index}": "y" * 30 for index in range(20)}, 1])


class Workflows(RuleBasedStateMachine):
    """Executions begin, work, fork, end and are resumed, among daily deletions."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.using = runtime.use(settings=SETTINGS, store=self.world.store)
        self.using.__enter__()
        # What may be gone on from: the path, and the value that is behind it.
        self.left: list[tuple[str, JsonObject]] = []
        # Those of them that may be restored.
        self.snapshots: list[tuple[str, JsonObject]] = []
        self.all: list[Run] = []
        self.children: list[tuple[Run, Run]] = []
        self.started = 0

    def teardown(self) -> None:
        self.using.__exit__(None, None, None)

    @property
    def running(self) -> list[Run]:
        return [run for run in self.all if run.stopped is None]

    def next_name(self) -> str:
        self.started += 1
        return f"run-{self.started}"

    @rule(value=VALUES)
    def start(self, value: object) -> None:
        self.all.append(self.world.start(self.next_name(), value=value))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), value=VALUES)
    def sync(self, data: st.DataObject, value: object) -> None:
        run = data.draw(st.sampled_from(self.running))
        self.world.sync(run, **{f"at-{self.world.now:%j}": value})

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def snapshot(self, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from(self.running))
        run.bag = create_snapshot(run.bag, "pre")
        path = str(run.bag["pre_snapshot_s3_path"])
        self.left.append((path, dict(run.expected)))
        self.snapshots.append((path, dict(run.expected)))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), is_recorded=st.booleans())
    def fail(self, data: st.DataObject, *, is_recorded: bool) -> None:
        run = data.draw(st.sampled_from(self.running))
        self.left.append((self.world.fail(run, is_recorded=is_recorded), dict(run.expected)))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), is_recorded=st.booleans())
    def complete(self, data: st.DataObject, *, is_recorded: bool) -> None:
        self.world.end(data.draw(st.sampled_from(self.running)), is_recorded=is_recorded)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from(self.running))
        self.all.append(self.world.go_on(run, self.next_name()))

    @precondition(lambda self: self.left)
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        self._take_up(self.world.resume, *data.draw(st.sampled_from(self.left)))

    @precondition(lambda self: self.snapshots)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        self._take_up(self.world.restore, *data.draw(st.sampled_from(self.snapshots)))

    def _take_up(
        self, how: Callable[[str, str, JsonObject], Run], path: str, expected: JsonObject
    ) -> None:
        try:
            self.all.append(how(self.next_name(), path, expected))
        except (InvalidRequestError, MissingObjectError):
            owner = path.split("/")[4]
            assert not any(owner in key for key in self.world.stored("v1/") if "/packs/" in key)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), values=st.lists(VALUES, min_size=1, max_size=3))
    def run_map(self, data: st.DataObject, values: list[object]) -> None:
        parent = data.draw(st.sampled_from(self.running))
        name = f"map-{len(self.world.map_runs)}"
        self.children += [(parent, each) for each in self.world.run_map(parent, name, values)]
        self.world.daily()  # within a day

    @rule(days=st.sampled_from([1, 30, 91, 365]))
    def pass_days(self, days: int) -> None:
        self.world.pass_days(days)

    @rule(most=st.sampled_from([1, 100]))
    def daily(self, most: int) -> None:
        assert self.world.daily(most=most).failed == {}

    @invariant()
    def what_runs_has_all_of_its_state(self) -> None:
        for run in self.running:
            self.world.require_whole(run)

    @invariant()
    def what_ended_lately_can_be_gone_on_from(self) -> None:
        for run in self.all:
            if run.stopped is not None and run.stopped >= self.world.now - self.world.keep:
                self.world.require_whole(run)

    @invariant()
    def children_have_all_of_their_state_as_long_as_their_parents(self) -> None:
        for parent, child in self.children:
            if parent.stopped is None or parent.stopped >= self.world.now - self.world.keep:
                self.world.require_readable(parent, child)

    @rule()
    def what_is_over_is_gone_in_the_end(self) -> None:
        """Two runs, for an end that went unrecorded counts from when it is found."""
        for run in self.running:
            self.world.end(run)
        for _ in range(3):
            self.world.pass_days((self.world.keep + timedelta(days=1)).days)
            self.world.daily()
        assert self.world.stored() == []
        self.all, self.left, self.snapshots, self.children = [], [], [], []


TestWorkflows = Workflows.TestCase
TestWorkflows.settings = hypothesis_settings(max_examples=25, stateful_step_count=30, deadline=None)
