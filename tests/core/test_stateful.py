"""Every action in any order, over thresholds so small that every representation occurs.

After each step the hydrated bag is what plain merging without limits gives, and within its bound.
"""

import copy
import json
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.core import map_runs, oracle
from tests.core.bags import BUCKET, CONTEXT
from tests.core.test_lossless import STRATEGIES, entries, names, results, values
from tests.marks import some_in_ci
from universal_sync_core import (
    calculate_payload_size,
    complete_branch,
    create_snapshot,
    fork_branch,
    hydrate_state,
    join_branches,
    read_list,
    restore_snapshot,
    universal_sync_core,
)
from universal_sync_core.pages.loading import pointers_in
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.budget import Budget
from universal_sync_core.values.compression import expand

# What the core writes of itself, and the control fields that name snapshots.
OWN_FIELDS = ("pre_snapshot_s3_path", "post_snapshot_s3_path", "branch_results", "status")
SIZES: tuple[dict[str, Any], ...] = (
    {"field_offload_bytes": 200, "state_offload_bytes": 500, "max_payload_bytes": 6_000},
    {"field_offload_bytes": 600, "state_offload_bytes": 2_000, "max_payload_bytes": 8_000},
    {"field_offload_bytes": 4_000, "state_offload_bytes": 4_500, "max_payload_bytes": 6_000},
)
PAGES: tuple[dict[str, Any], ...] = (
    {"page_bytes": 200, "index_bytes": 200},
    {"page_bytes": 1_000, "index_bytes": 300},
)
map_outcomes = st.lists(st.one_of(values, st.just("fails"), st.just("waits")), max_size=8)
branch_results = st.fixed_dictionaries(
    {"mine": values},
    optional={
        "state_history": st.lists(entries, max_size=3),
        "chunk_results": st.lists(values, max_size=4),
    },
)


def opened(packed: dict[str, Any]) -> Any:
    return expand(packed, Budget(10**8, 10**6)).value


class Workflow(RuleBasedStateMachine):
    """One workflow: a bag, and beside it what the bag has to hydrate to."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.limits = Settings(bucket=BUCKET)
        self.stack = ExitStack()
        self.bag: dict[str, Any] = {}
        self.plain: dict[str, Any] = {}
        self.snapshots: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        self.map_runs = 0

    @initialize(
        sizes=st.sampled_from(SIZES), pages=st.sampled_from(PAGES), history=st.integers(2, 6)
    )
    def begin(self, sizes: dict[str, Any], pages: dict[str, Any], history: int) -> None:
        self.limits = Settings(bucket=BUCKET, history_max_entries=history, **sizes, **pages)
        self.continue_in_a_new_container()

    @rule()
    def continue_in_a_new_container(self) -> None:
        """Nothing is cached there: what the bag points to has to be in the store."""
        self.stack.close()
        self.stack.enter_context(runtime.use(settings=self.limits, store=self.store))

    @rule(result=results, action=st.sampled_from(["sync", "sync_branch", "update_and_compress"]))
    def sync(self, result: Any, action: str) -> None:
        delta = oracle.flatten(result)
        if action == "sync_branch" and delta.get("status") in ("PAUSE", "ASYNC"):
            action = "sync"  # a branch cannot ask for what only a segment can
        self.take(action, result, delta)

    @rule(answer=values, action=st.sampled_from(["callback", "async"]))
    def merge_an_answer(self, answer: Any, action: str) -> None:
        self.take(f"merge_{action}", {f"{action}_result": answer}, oracle.flatten(answer))

    @rule(outputs=st.lists(values, max_size=14))
    def aggregate_a_list(self, outputs: list[Any]) -> None:
        self.take("aggregate_distributed", outputs, oracle.flatten(outputs))

    @rule(outcomes=map_outcomes, order=st.randoms(use_true_random=False))
    def aggregate_a_map_run(self, outcomes: list[Any], order: Any) -> None:
        """Results come from files, written in the order the items happened to finish."""
        self.map_runs += 1
        records: dict[str, list[Any]] = {"SUCCEEDED": [], "FAILED": [], "PENDING": []}
        outputs, failures = [], []
        for index, outcome in enumerate(outcomes):
            if outcome in ("fails", "waits"):
                kind = "FAILED" if outcome == "fails" else "PENDING"
                record = map_runs.failed(index) if outcome == "fails" else map_runs.pending(index)
                failures.append(
                    {
                        "index": index,
                        "status": kind,
                        "input": f"item {index}",
                        "error": record.get("Error"),
                        "cause": record.get("Cause"),
                    }
                )
            else:
                kind, record = "SUCCEEDED", map_runs.record(index, outcome)
                outputs.append(outcome)
            records[kind].append(record)
        for lines in records.values():
            order.shuffle(lines)
        files = {kind: map_runs.array(*lines) for kind, lines in records.items()}
        details = map_runs.write(self.store, files, folder=f"distributed/run-1/{self.map_runs}/")
        delta = oracle.flatten(outputs)
        failed = [*delta.get("failed_segments", []), *failures]
        self.take(
            "aggregate_distributed",
            details,
            delta | ({"failed_segments": failed} if failed else {}),
        )

    @rule(branches=st.lists(st.lists(branch_results, min_size=1, max_size=3), max_size=3))
    def run_branches(self, branches: list[list[dict[str, Any]]]) -> None:
        """Each branch changes parts of its own; what it does not touch is nobody's change."""
        pointers, plain = [], self.plain
        for number, steps in enumerate(branches):
            bag = fork_branch(self.bag, {"branch_id": f"b{number}"}, CONTEXT)
            for step in steps:
                delta = {name: value for name, value in step.items() if name != "mine"}
                delta["current_state"] = {f"of branch {number}": step["mine"]}
                bag = universal_sync_core(bag, delta, CONTEXT | {"action": "sync_branch"})
                plain = oracle.merge(plain, delta)
            pointers.append(complete_branch(bag, CONTEXT, status="COMPLETE"))
            assert calculate_payload_size(pointers[-1]) < 1_000
        if not isinstance(self.plain.get("current_state", {}), dict):
            return  # branches of which each replaces the whole state are in conflict
        self.bag = join_branches(self.bag, pointers, CONTEXT | {"action": "aggregate_branches"})
        self.plain = plain

    @rule()
    @precondition(lambda self: "current_state" in self.bag)
    def echo_the_state(self) -> None:
        """A worker answers with the state it was given, pointers and all.

        What it passes on escaped counts as data of its own: docs/formats.md.
        """
        if "__escaped:" in json.dumps(self.bag):
            return
        echo = {"current_state": self.bag["current_state"]}
        state = {"current_state": self.plain["current_state"]}
        self.take("sync", echo, copy.deepcopy(state))

    @rule(kind=st.sampled_from(["pre", "post"]))
    def snapshot(self, kind: str) -> None:
        before = copy.deepcopy(self.bag)
        self.bag = create_snapshot(self.bag, kind, CONTEXT | {"action": "create_snapshot"})
        self.snapshots.append((self.bag[f"{kind}_snapshot_s3_path"], before, self.plain))

    @rule(data=st.data())
    @precondition(lambda self: self.snapshots)
    def restore(self, data: st.DataObject) -> None:
        path, bag, plain = data.draw(st.sampled_from(self.snapshots))
        self.bag = restore_snapshot(path, CONTEXT)
        assert self.bag == bag
        self.plain = plain

    @rule(key=names)
    def hydrate_a_part(self, key: str) -> None:
        state = self.plain.get("current_state")
        if not key or "." in key or not isinstance(state, dict) or key not in state:
            return
        part = hydrate_state(self.bag, [f"current_state.{key}"], CONTEXT)
        assert oracle.same(part["current_state"][key], state[key])

    @rule(start=st.integers(0, 6), length=st.integers(0, 4))
    def read_a_range(self, start: int, length: int) -> None:
        for pointer in pointers_in(self.bag, opened):
            if pointer.kind == "list":
                whole = read_list(pointer.render(), 0, pointer.count or 0, CONTEXT)
                assert len(whole) == pointer.count
                part = read_list(pointer.render(), start, start + length, CONTEXT)
                assert oracle.same(part, whole[start : start + length])

    @invariant()
    def bag_is_within_its_bound(self) -> None:
        assert calculate_payload_size(self.bag) <= self.limits.bound_bytes

    @invariant()
    def bag_hydrates_to_the_merge_without_limits(self) -> None:
        hydrated = hydrate_state(self.bag, context=CONTEXT)
        ours, plain = _theirs(hydrated), _theirs(self.plain)
        differing = [
            name for name in {**ours, **plain} if not oracle.same(ours.get(name), plain.get(name))
        ]
        assert not differing, {name: (ours.get(name), plain.get(name)) for name in differing}
        assert ours.keys() == plain.keys()

    def take(self, action: str, result: Any, delta: dict[str, Any]) -> None:
        context = CONTEXT | {"action": action, "merge_strategy": STRATEGIES}
        before = copy.deepcopy(self.bag)
        after = universal_sync_core(self.bag, result, context)
        assert self.bag == before
        self.bag = after
        self.plain = oracle.merge(self.plain, delta, STRATEGIES)

    def teardown(self) -> None:
        self.stack.close()


def _theirs(bag: dict[str, Any]) -> dict[str, Any]:
    plain = oracle.without_bookkeeping(bag)
    return {name: value for name, value in plain.items() if name not in OWN_FIELDS}


SEEDS = (1, 2, 3)
QUIET: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    # A failing sequence of many steps takes minutes to shrink, and is the same again next time.
    "phases": [Phase.generate],
}


def run_seeded(number: int, *, examples: int, steps: int) -> None:
    """Run the workflow with one seed, so that every run of the tests takes the same steps."""
    machine = seed(number)(type("SeededWorkflow", (Workflow,), {}))
    run_state_machine_as_test(
        machine,
        settings=hypothesis_settings(max_examples=examples, stateful_step_count=steps, **QUIET),
    )


@pytest.mark.parametrize("number", SEEDS)
def test_any_sequence_of_actions_is_lossless_and_bounded(number: int) -> None:
    run_seeded(number, examples=30, steps=25)


@pytest.mark.slow
@pytest.mark.parametrize("number", some_in_ci([number + 1_000 for number in SEEDS], 1))
def test_thousands_of_actions_are_lossless_and_bounded(number: int) -> None:
    run_seeded(number, examples=100, steps=40)
