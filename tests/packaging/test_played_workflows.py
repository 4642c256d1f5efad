"""`state_bag.run`: a whole workflow in a test of milliseconds."""

import importlib
import json
from io import BytesIO
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from local import RefusedError, StateBag
from local.errors import PayloadTooLargeError
from universal_sync_core import State, state_task

ROWS: list[dict[str, Any]] = [{"n": n, "text": "x" * 500} for n in range(300)]
FIRST: list[dict[str, Any]] = [
    {"current_state": {"rows": ROWS}},
    {"status": "WAIT", "wait_seconds": 86_400, "next_segment_to_run": 2},
    {"status": "PAUSED_FOR_HITP", "prompt": "300 rows?"},
    {"status": "DISTRIBUTED_MAP", "distributed_items": ROWS, "items_per_batch": 40},
    {"status": "PARALLEL_GROUP", "pending_branches": ["left", "right"]},
]


@state_task
def worker(state: State[Any], _context: Any) -> Any:
    """Collect rows, wait, ask a person, look at each row, and end."""
    if state.kind == "item":
        return [{"twice": 2 * row["n"]} for row in state["item"]]
    if state.kind == "branch":
        return {"status": "COMPLETE", "current_state": {state["branch"]: True}}
    if state["segment_to_run"] < len(FIRST):
        return FIRST[state["segment_to_run"]]
    total = sum(output["twice"] for output in state["distributed_outputs"])
    return {"status": "COMPLETE", "current_state": {"total": total}}


syncing = state_task(sync=True)(worker.__wrapped__)  # type: ignore[attr-defined]
GIVEN = {"total_segments": 6}


@pytest.mark.parametrize("syncs", [False, True])
def test_a_workflow_is_played_to_its_end(state_bag: StateBag, *, syncs: bool) -> None:
    answers = [{"current_state": {"approved": True}}]
    run = state_bag.run(syncing if syncs else worker, GIVEN, answers=answers, syncs=syncs)
    assert (run.status, run.error) == ("SUCCEEDED", None)
    state = state_bag.hydrate(run.bag)["current_state"]
    assert state == {
        "rows": ROWS,
        "approved": True,
        "left": True,
        "right": True,
        "total": sum(2 * row["n"] for row in ROWS),
    }
    assert run.requests == [{"callback_type": "human", "prompt": "300 rows?"}]
    assert run.states[-2:] == ["RouteNextAction", "Complete"]
    assert ("RunAndSyncSegment" in run.states) == syncs
    assert run.states.count("Wait") == 1


def test_an_answer_may_depend_on_what_is_asked_and_may_be_no(state_bag: StateBag) -> None:
    def answers(request: Any) -> Any:
        raise RefusedError("Rejected", f"no {request['prompt']}")

    run = state_bag.run(worker, GIVEN, answers=answers)
    assert (run.status, run.error) == ("FAILED", "Rejected")
    assert (run.cause or "").startswith("no 300 rows? [record: s3://")
    assert run.states[-4:] == ["CallbackFailed", "RecordFailure", "WhoIsTold", "FailExecution"]


def test_where_nobody_answers_it_times_out(state_bag: StateBag) -> None:
    run = state_bag.run(worker, GIVEN)
    assert (run.status, run.error) == ("FAILED", "HeartbeatTimeout")
    assert "CallbackTimedOut" in run.states


@pytest.mark.parametrize("answers", [[{"job_result": {"state": "SUCCEEDED"}}], []])
def test_the_end_of_a_job_is_an_answer_as_well(state_bag: StateBag, answers: Any) -> None:
    @state_task
    def starts(state: State[Any], _context: Any) -> Any:
        if state["segment_to_run"] == 0:
            return {"status": "ASYNC", "job": "jr_1"}
        return {"status": "COMPLETE", "current_state": {"ended": state["job_result"]["state"]}}

    run = state_bag.run(starts, {"total_segments": 2}, answers=answers)
    assert run.requests == [{"callback_type": "async", "prompt": None, "job": "jr_1"}]
    assert "WaitForJob" in run.states
    if answers:
        assert run.bag["current_state"] == {"ended": "SUCCEEDED"}
    else:
        assert (run.error, "AsyncTimedOut" in run.states) == ("Timeout", True)


def test_an_error_of_the_worker_ends_it_under_its_name(state_bag: StateBag) -> None:
    run = state_bag.run(lambda _event, _context: 1 / 0)
    assert (run.status, run.error) == ("FAILED", "ZeroDivisionError")
    assert run.states[-4:] == ["SegmentFailed", "RecordFailure", "WhoIsTold", "FailExecution"]


def test_the_trace_of_a_workers_error_is_logged(
    state_bag: StateBag, caplog: pytest.LogCaptureFixture
) -> None:
    state_bag.run(lambda _event, _context: 1 / 0)
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError


def test_decorators_of_powertools_find_the_context_that_they_read(state_bag: StateBag) -> None:
    logger = Logger(service="orders")

    @logger.inject_lambda_context
    @state_task
    def handler(state: State[Any], _context: Any) -> Any:
        if state.kind == "segment" and state["segment_to_run"] == 0:
            return {"status": "DISTRIBUTED_MAP", "distributed_items": ROWS[:2]}
        return {"status": "COMPLETE"}

    run = state_bag.run(handler, {"total_segments": 2})
    assert (run.status, run.cause) == ("SUCCEEDED", None)
    bag = state_bag({"segment_to_run": 1})
    assert handler(state_bag.event(bag), state_bag.context) == {"status": "COMPLETE"}


def test_a_result_that_is_too_large_ends_it_as_in_the_cloud(state_bag: StateBag) -> None:
    run = state_bag.run(lambda _event, _context: {"text": "x" * 300_000})
    assert (run.status, run.error) == ("FAILED", "DataLimitExceeded")


def test_a_workflow_that_never_ends_stops_at_its_limit(state_bag: StateBag) -> None:
    given = {"loop_limit": 9, "segments_per_execution": 3}
    run = state_bag.run(lambda _event, _context: {}, given)
    assert (run.status, run.error) == ("FAILED", "LoopLimitReached")
    assert run.states.count("RunSegment") == 9
    assert run.states.count("HandOver") == 3


def test_no_execution_starts_with_an_input_that_is_too_large(state_bag: StateBag) -> None:
    with pytest.raises(PayloadTooLargeError):
        state_bag.run(worker, {"text": "x" * 300_000})


@pytest.mark.slow
def test_a_hundred_thousand_rows_go_through_a_map_in_a_thousand_batches(
    state_bag: StateBag,
) -> None:
    """A tenth of a million rows in 10,000 batches, which take ten times as long."""
    rows = [{"n": n, "text": "x" * 40} for n in range(100_000)]
    batches: list[int] = []

    @state_task
    def doubles(state: State[Any], _context: Any) -> Any:
        if state.kind == "item":
            batches.append(len(state["item"]))
            return [{"twice": 2 * row["n"]} for row in state["item"]]
        if state["segment_to_run"] == 0:
            return {"status": "DISTRIBUTED_MAP", "distributed_items": rows, "items_per_batch": 100}
        return {"status": "COMPLETE"}

    run = state_bag.run(doubles, {"total_segments": 2})
    assert (run.status, batches) == ("SUCCEEDED", [100] * 1_000)
    assert len(run.bag["distributed_outputs"]) == 10
    outputs = state_bag.hydrate(run.bag)["distributed_outputs"]
    assert outputs == [{"twice": 2 * n} for n in range(100_000)]
    assert len(run.states) < 20


def mapping(items: Any) -> Any:
    """Give a worker that maps items that are in S3, and gives each back as it is."""

    def handler(event: Any, _context: Any) -> Any:
        if "item" in event:
            return event["item"]
        asked = {"status": "DISTRIBUTED_MAP", "distributed_items": items}
        return {"status": "COMPLETE"} if event["state_data"]["segment_to_run"] else asked

    return handler


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("kind", ["JSON", "CSV", "PARQUET"])
def test_items_in_s3_are_mapped(state_bag: StateBag, kind: str, size: int) -> None:
    names = [str(n) for n in range(10)]
    body = json.dumps([{"n": name} for name in names]).encode()
    if kind == "CSV":
        body = "\n".join(["n", *names]).encode()
    if kind == "PARQUET":
        files = pytest.importorskip("arro3.io", reason="requirements-dev.txt has it")
        core, written = importlib.import_module("arro3.core"), BytesIO()
        column = core.Array(names, core.DataType.utf8())
        files.write_parquet(core.Table.from_pydict({"n": column}), written)
        body = written.getvalue()
    items = state_bag.put_items("rows", body, input_type=kind)
    given = {"total_segments": 2, "items_per_batch": size}
    run = state_bag.run(mapping(items), given)
    assert run.status == "SUCCEEDED"
    outputs = state_bag.hydrate(run.bag)["distributed_outputs"]
    assert outputs == [{"n": name} for name in names]


def test_each_run_of_a_test_maps_items_of_its_own(state_bag: StateBag) -> None:
    for factor in (1, 10):
        handler = mapping_by(factor)
        run = state_bag.run(handler, {"total_segments": 2})
        assert state_bag.hydrate(run.bag)["distributed_outputs"] == [0, factor, 2 * factor]


def mapping_by(factor: int) -> Any:
    @state_task
    def handler(state: State[Any], _context: Any) -> Any:
        if state.kind == "item":
            return state["item"] * factor
        if state["segment_to_run"] == 0:
            return {"status": "DISTRIBUTED_MAP", "distributed_items": [0, 1, 2]}
        return {"status": "COMPLETE"}

    return handler
