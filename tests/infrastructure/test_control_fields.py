"""Whatever comes in as a control field: an execution ends at its limit, and under its own error.

The machine as deployed, on moto's interpreter, with the real function over a store in memory.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from actions import app
from tests.function.lambda_context import FakeLambdaContext
from tests.infrastructure.machines import Machine, Payload, RaisedError
from universal_sync_core import Status
from universal_sync_core.errors import StateSyncError
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore

wrong: st.SearchStrategy[Any] = st.sampled_from(
    ["3", "", "x", None, True, -1, 10**30, 2.5, [], {}, {"a": 1}, "0].x[0"]
)
counts = st.one_of(st.integers(0, 5), st.sampled_from([0.0, 3.0]), wrong)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "status": st.one_of(st.sampled_from([*map(str, Status)]), st.just("DONE"), wrong),
    "next_segment_to_run": counts,
    "total_segments": counts,
    "loop_counter": counts,
    "loop_limit": counts,
    "segment_to_run": counts,
    "execution_segments": counts,
    "segments_per_execution": st.one_of(st.integers(300, 900), wrong),
    "state_revision": counts,
    "tolerated_branch_failures": counts,
    "branch_conflict_strategy": st.one_of(st.sampled_from(["first", "Last"]), wrong),
    "next_action": st.one_of(st.sampled_from([*map(str, Status)]), wrong),
    "payload_size_kb": st.one_of(counts, st.just(10**400)),
    "last_update_time": wrong,
    "execution_id": wrong,
    "forked_from": wrong,
    "branch_id": wrong,
    "held_by_operator": st.one_of(wrong, st.booleans()),
    "stopped_by": st.one_of(wrong, st.just({"error": 5, "cause": None})),
    "error": st.one_of(st.sampled_from(["NoStock", "States.Timeout", "x" * 999]), wrong),
    "cause": st.one_of(st.sampled_from(["none left", "x" * 40_000]), wrong),
    "pending_branches": st.sampled_from([[], ["a"], [{}, 5], "a", {}, None]),
    "distributed_items": st.sampled_from([[], [1], "a", {}, {"bucket": 5, "key": None}, None]),
    "wait_seconds": st.one_of(st.just(0), wrong),
    "job": st.one_of(st.just("jr_1"), wrong),
    "awaited_job": st.one_of(wrong, st.just({"id": "x", "timeout_seconds": 60})),
    "wait_until": st.one_of(st.just("2020-01-31T09:00:00Z"), wrong),
    "wait_state": st.one_of(wrong, st.just({"until": "x", "then": "COMPLETE"})),
    "state_data": wrong,
}
# Few fields at a time: each wrong one ends the execution.
fields = st.lists(st.sampled_from(sorted(VALUES)), max_size=2, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: VALUES[name] for name in names})
)
inputs = st.builds(
    lambda given, limit: {**given, "loop_limit": limit},
    st.one_of(st.just({}), st.just({"total_segments": 3}), fields),
    st.one_of(st.integers(0, 4), counts),
)


@dataclass
class Function:
    """The manager, and a worker that answers what is drawn; an echo has the whole bag in it.

    Attributes:
        segments: segments of the workflow itself that were run.
    """

    results: Iterator[tuple[Payload, bool]]
    store: MemoryStore = field(default_factory=MemoryStore)
    token: str = ""
    segments: int = 0

    def answer(self, event: Payload) -> Any:
        match event["action"]:
            case "run_segment":
                bag = event.get("state_data", {})
                self.segments += "forked_from" not in bag
                result, echoes = next(self.results, ({}, False))
                return bag | result if echoes else result
            case "request_callback":
                self.token = event["task_token"]
                return {}
        with runtime.use(settings=Settings(bucket="state-bucket"), store=self.store):
            try:
                return app.resolve(event, FakeLambdaContext())
            except StateSyncError as error:
                raise RaisedError(type(error).__name__) from error


def check(machine: Machine, value: Payload, results: list[Any], answers: list[Any]) -> None:
    remaining = iter(answers)

    def answer(client: Any, token: str) -> None:
        client.send_task_success(taskToken=token, output=json.dumps(next(remaining, {})))

    function = Function(iter(results))
    execution = machine.run(function, answer, value=value)
    limit = value["loop_limit"]
    allowed = limit if type(limit) in (int, float) and 0 <= limit <= 5 and limit != 2.5 else 0
    assert function.segments <= allowed
    if execution["status"] != "SUCCEEDED":
        assert execution["error"]
        assert not execution["error"].startswith("States.")
        assert "[record: s3://" in execution["cause"]


def searching(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        phases=[Phase.generate, Phase.shrink],
    )


SEQUENCES = {
    "value": inputs,
    "results": st.lists(st.tuples(fields, st.booleans()), max_size=6),
    "answers": st.lists(fields, max_size=3),
}


@searching(30)
@given(**SEQUENCES)
def test_no_control_field_ends_it_uncaught_or_lets_it_run_on(
    machine: Machine, value: Payload, results: list[Any], answers: list[Any]
) -> None:
    check(machine, value, results, answers)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1_200)
@searching(200)
@given(**SEQUENCES)
def test_nor_does_any_of_very_many(
    machine: Machine, value: Payload, results: list[Any], answers: list[Any]
) -> None:
    check(machine, value, results, answers)
