"""Workers that raise, take too long, answer too much: caught, recorded, and resumed from."""

from typing import Any

import pytest

from tests.end_to_end.workflow import Json, Workflows, folded

FIRST: Json = {
    "current_state": {"services": {"listed": 416}},
    "state_history": [{"event": "listed"}],
}
LAST: Json = {"status": "COMPLETE", "current_state": {"report": {"pages": 12}}}
TOO_MUCH = 300_000

FAILURES: dict[str, tuple[Json, str, str]] = {
    "raises": (
        {"worker": "raises", "message": "no model of s3"},
        "ModelUnreadableError",
        "no model of s3",
    ),
    "times out": ({"worker": "sleeps", "seconds": 60}, "Sandbox.Timedout", "timed out"),
    "answers 300 KB": ({"worker": "answers", "bytes": TOO_MUCH}, "DataLimitExceeded", "size"),
    "fills the state": ({"worker": "answers", "bytes": 261_400}, "DataLimitExceeded", "size"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_failure_is_recorded_and_the_workflow_resumed(
    workflows: Workflows, with_worker: str, name: str
) -> None:
    segment, error, cause = FAILURES[name]
    value = {"segments": [FIRST, segment, LAST]}

    failed = workflows.run(value, with_worker)

    assert (failed.status, failed.error) == ("FAILED", error)
    assert cause in (failed.cause or "")
    record = workflows.record(failed)
    assert (record["stage"], record["segment_to_run"]) == ("segment", 1)
    assert record["state_history"] == FIRST["state_history"]
    snapshot = workflows.read(record["snapshot_s3_path"])
    assert snapshot["state_data"]["current_state"] == FIRST["current_state"]

    mended: Json = {"current_state": {"mended": True}}
    segments = [FIRST, mended, LAST]
    resumed = workflows.resume(failed, with_worker, segments=segments)
    assert workflows.final_state(resumed) == folded({"segments": segments}, *segments)


def test_workflow_that_failed_and_was_resumed_ends_as_one_that_did_not(
    workflows: Workflows, with_worker: str
) -> None:
    large = {"current_state": {"described": {f"service {n}": "w" * 9_000 for n in range(20)}}}
    mending = {"worker": "raises_until_resumed", "result": {"current_state": {"mended": True}}}
    segments: list[Any] = [FIRST, large, mending, LAST]
    path = workflows.put_input("inputs/mending.json", {"segments": segments})
    value = {"input_s3_path": path}

    failed = workflows.run(value, with_worker)
    assert failed.error == "ModelUnreadableError"
    resumed = workflows.resume(failed, with_worker)

    assert workflows.final_state(resumed) == folded(
        {**value, "segments": segments}, FIRST, large, mending["result"], LAST
    )
    bag = resumed.output["state_data"]
    assert (bag["execution_id"], bag["execution_chain"]) == (failed.arn, [failed.arn, resumed.arn])


def test_result_of_300_kb_through_a_pointer_is_merged(
    workflows: Workflows, with_worker: str
) -> None:
    stores = {"worker": "stores", "bytes": TOO_MUCH}
    value = {"segments": [FIRST, stores, {"status": "COMPLETE"}]}
    stored = {"current_state": {"report": "x" * TOO_MUCH}}
    state = workflows.final_state(workflows.run(value, with_worker))
    assert state == folded(value, FIRST, stored, {})


def test_result_that_just_fits_beside_the_bag_is_merged(
    workflows: Workflows, with_worker: str
) -> None:
    for size in (255_000, 258_000, 260_000):
        value = {"segments": [{"worker": "answers", "bytes": size}, {"status": "COMPLETE"}]}
        result = {"current_state": {"report": "x" * size}}
        state = workflows.final_state(workflows.run(value, with_worker))
        assert state == folded(value, result, {})


def test_result_that_cannot_be_merged_leaves_the_bag_from_before_it(
    workflows: Workflows, with_worker: str
) -> None:
    failed = workflows.run({"segments": [FIRST, {"worker": "points_elsewhere"}]}, with_worker)
    assert failed.error == "PointerNotAllowedError"
    assert workflows.record(failed)["loop_counter"] == 1
