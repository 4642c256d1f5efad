"""Parallel branches, one of which fails."""

from typing import Any

from tests.end_to_end.workflow import Json, Workflows, folded

LONG = "words " * 9_000


def test_branches_of_different_lengths_join_and_one_that_fails_is_reported(
    workflows: Workflows,
) -> None:
    short = [{"current_state": {"short": {"ranked": 1}}}]
    long: list[Any] = [{"current_state": {"long": {f"step {n}": LONG}}} for n in range(5)]
    failing = [{"current_state": {"failing": 1}}, {"raises": "no model of s3"}]
    group = {
        "status": "PARALLEL_GROUP",
        "current_state": {"asked": 3},
        "pending_branches": [
            {"branch_id": "short", "segments": short},
            {"branch_id": "failing", "segments": failing},
            {"branch_id": "long", "segments": long},
        ],
    }
    last = {"status": "COMPLETE", "current_state": {"joined": True}}
    segments = [group, last]
    path = workflows.put_input("inputs/branches.json", {"segments": segments})
    value = {"input_s3_path": path}

    execution = workflows.run(value)

    state = workflows.final_state(execution)
    (failed,) = state.pop("failed_segments")
    assert state == folded({**value, "segments": segments}, group, *short, *long, last)
    assert (
        failed.items()
        >= {
            "index": 1,
            "branch_id": "failing",
            "status": "FAILED",
            "error": "SegmentFailedError",
            "segments_run": 1,
        }.items()
    )
    assert workflows.read(failed["record_s3_path"])["stage"] == "branch"
    reports = execution.output["state_data"]["branch_results"]
    assert [(report["branch_id"], report["status"]) for report in reports] == [
        ("short", "COMPLETE"),
        ("failing", "FAILED"),
        ("long", "COMPLETE"),
    ]


def test_branch_that_never_ends_is_reported_at_its_limit(workflows: Workflows) -> None:
    endless = {"branch_id": "endless", "loop_limit": 3, "segments": [{"next_segment_to_run": 0}]}
    good = {"branch_id": "good", "segments": [{"current_state": {"good": 1}}]}
    group = {"status": "PARALLEL_GROUP", "pending_branches": [endless, good]}

    execution = workflows.run({"segments": [group, {"status": "COMPLETE"}]})

    state = workflows.final_state(execution)
    assert state["current_state"] == {"good": 1}
    (failed,) = state["failed_segments"]
    assert (failed["error"], failed["segments_run"]) == ("LoopLimitReached", 3)


def test_group_that_fails_altogether_ends_the_workflow_and_is_run_again_when_resumed(
    workflows: Workflows,
) -> None:
    failing = {"branch_id": "only", "segments": [{"raises": "no model of s3"}]}
    group = {"status": "PARALLEL_GROUP", "pending_branches": [failing]}
    value: Json = {"segments": [group, {"status": "COMPLETE"}]}

    failed = workflows.run(value)
    assert (failed.status, failed.error) == ("FAILED", "Workflow.FAILED")

    mended = failing | {"segments": [{"current_state": {"mended": 1}}]}
    segments = [group | {"pending_branches": [mended]}, {"status": "COMPLETE"}]
    state = workflows.final_state(workflows.resume(failed, segments=segments))
    assert state["current_state"] == {"mended": 1}
