"""Branches that fork or map, each as an execution of its own, while the others go on."""

from typing import Any

from local.limits import HISTORY_EVENTS
from tests.end_to_end.workflow import Json, Workflows, folded

LAST: Json = {"status": "COMPLETE", "current_state": {"published": True}}
LARGE = "words " * 20_000
HOURS = 48
POLLS = 40


def group(branches: dict[str, list[Any]], **more: Any) -> Json:
    pending = [{"branch_id": name, "segments": of} for name, of in branches.items()]
    return {"status": "PARALLEL_GROUP", "pending_branches": pending, **more}


def mapped(*items: Any, **more: Any) -> Json:
    return {"status": "DISTRIBUTED_MAP", "distributed_items": list(items), **more}


def changes(name: str, value: Any = 1) -> Json:
    return {"current_state": {name: value}}


def polling(turns: int) -> list[Json]:
    waits = [
        {"status": "WAIT", "wait_seconds": 0, "next_segment_to_run": turn + 1}
        for turn in range(turns)
    ]
    return [*waits, {"status": "ASYNC"}, changes("polled", turns)]


def test_one_asks_a_person_one_polls_a_job_and_one_forks_and_maps(workflows: Workflows) -> None:
    """The person takes two days, which 48 heartbeats stand for."""
    inner = {
        "maps": [mapped({"row": 1}, {"row": 2}), changes("mapped", LARGE)],
        "asks": [{"status": "PAUSED_FOR_HITP"}, changes("told")],
    }
    forks: list[Any] = [changes("before"), group(inner), changes("after", LARGE)]
    asks: list[Any] = [{"status": "PAUSED_FOR_HITP", "prompt": {"question": "?"}}, changes("asked")]
    outer = group({"asks": asks, "polls": polling(POLLS), "forks": forks})
    value = {"segments": [outer, LAST], "loop_limit": 100}
    execution = workflows.start(value)
    requests = workflows.requests(execution, 3)
    person = next(each for each in requests if each["callback_type"] == "human")
    for _ in range(HOURS):
        workflows.submit(person, "heartbeat")
    for number, request in enumerate(requests):
        workflows.submit(request, "success", output=changes(f"answer {number}", LARGE))
    execution.wait(240)

    apart = workflows.apart(execution)
    assert len(apart) == 2  # of the branch that forks, and of the one inside that maps
    for each in (execution, *apart):
        workflows.require_small(each)
        assert len(each.history) < HISTORY_EVENTS / 10
    state = workflows.final_state(execution)
    results = [each for of in (*inner.values(), asks, polling(POLLS), forks) for each in of]
    answers = [changes(f"answer {number}", LARGE) for number in range(3)]
    plain = [each for each in results if each.keys() == {"current_state"}]
    expected = folded(value, *plain, *answers, LAST)
    assert state["current_state"] == expected["current_state"]
    assert state["distributed_outputs"] == [{"row": 1}, {"row": 2}]
    reports = execution.output["state_data"]["branch_results"]
    assert [(each["branch_id"], each["status"], each["segments_run"]) for each in reports] == [
        ("asks", "COMPLETE", 2),
        ("polls", "COMPLETE", POLLS + 2),
        ("forks", "COMPLETE", 3),
    ]


def test_each_of_two_branches_that_map_has_its_own_outputs(workflows: Workflows) -> None:
    rows: dict[str, list[Any]] = {"a": [{"row": 1}, {"row": 2}], "b": [{"row": 3, "text": LARGE}]}
    maps = {name: [mapped(*items), changes(name)] for name, items in rows.items()}
    value = {"segments": [group(maps), LAST], "branch_conflict_strategy": "fail"}
    execution = workflows.run(value)
    state = workflows.hydrated(execution.output["state_data"])
    reports = {each["branch_id"]: each["distributed_outputs"] for each in state["branch_results"]}
    assert reports == rows
    assert {"distributed_outputs", "branch_conflicts"}.isdisjoint(state)
    workflows.require_small(execution)


def test_each_failure_inside_is_reported_as_that_of_any_branch(workflows: Workflows) -> None:
    raises = group({"x": [changes("x"), {"raises": "on purpose"}]})
    conflict = {"x": [changes("k", 1)], "y": [changes("k", 2)]}
    branches: dict[str, list[Any]] = {
        "good": [group({"x": [changes("good")]})],
        "raises": [mapped(1), {"raises": "no model"}],
        "all fail": [raises],
        "map fails": [mapped({"raises": "an item"}), changes("never")],
        "conflict": [group(conflict, branch_conflict_strategy="fail")],
        "refused": [mapped(1), {"status": "PAUSED_FOR_HITP"}],
    }
    execution = workflows.start({"segments": [group(branches), LAST]})
    (request,) = workflows.requests(execution, 1)
    workflows.submit(request, "failure", error="Rejected", cause="not today")
    execution.wait(240)

    state = workflows.final_state(execution)
    assert state["current_state"] == {"good": 1, "published": True}
    failed = {each["branch_id"]: each for each in state["failed_segments"] if "branch_id" in each}
    assert {name: each.get("error") for name, each in failed.items() if name in branches} == {
        "raises": "SegmentFailedError",
        "all fail": "Workflow.FAILED",  # its own failures are beside it
        "map fails": "Workflow.FAILED",
        "conflict": "MergeConflictError",
        "refused": "Rejected",
    }
    assert failed["x"]["error"] == "SegmentFailedError"
    assert failed["refused"]["segments_run"] == 2
    stages = {
        name: workflows.read(failed[name]["record_s3_path"])["stage"]
        for name in ("raises", "conflict", "refused")
    }
    assert stages == {"raises": "segment", "conflict": "branches", "refused": "callback"}


def test_its_own_executions_go_on_before_their_history_is_full(workflows: Workflows) -> None:
    inner = group({"x": [changes("x")], "y": [changes("y")]})
    forks: list[Any] = [inner, *(changes(f"n{number}") for number in range(5)), mapped(1, 2)]
    value = {"segments": [group({"forks": forks}), LAST], "segments_per_execution": 3}
    chain = workflows.chain(value)
    apart = workflows.apart(chain[0])
    assert len(apart) > 2
    assert [each.status for each in apart] == ["SUCCEEDED"] * len(apart)
    state = workflows.final_state(chain[-1])
    plain = [each for each in forks if each.keys() == {"current_state"}]
    expected = folded(value, changes("x"), changes("y"), *plain, LAST)
    assert state["current_state"] == expected["current_state"]
    (report,) = chain[-1].output["state_data"]["branch_results"]
    # Its first segment, and the executions: two for the first, one for each that followed.
    assert report["segments_in_parent"] == 1 + 2 + len(apart) - 1


def test_one_that_is_stopped_is_a_failed_branch_and_its_end_is_recorded_with_the_workflows(
    workflows: Workflows,
) -> None:
    asks = [mapped(1), {"status": "PAUSED_FOR_HITP"}]
    outer = group({"asks": asks, "good": [changes("good")]})
    execution = workflows.start({"segments": [outer, LAST]})
    workflows.requests(execution, 1)
    (apart,) = workflows.apart(execution)
    workflows.cloud.client("stepfunctions").stop_execution(executionArn=apart.arn)
    execution.wait(240)
    (failed,) = workflows.final_state(execution)["failed_segments"]
    assert (failed["branch_id"], failed["error"]) == ("asks", "ExecutionAborted")
    told = workflows.cloud.invoke({"action": "record_end", "execution_arn": apart.arn})
    assert workflows.read(told["ended_s3_path"])["execution_id"] == execution.arn
    record = workflows.read(told["failure"]["record_s3_path"])
    assert (record["branch_id"], record["execution_id"]) == ("asks", execution.arn)


def test_a_workflow_whose_only_branch_failed_inside_runs_it_again_when_resumed(
    workflows: Workflows,
) -> None:
    def segments(last: Json) -> list[Json]:
        inner = group({"x": [changes("x")]})
        return [group({"forks": [inner, last]}), LAST]

    failed = workflows.run({"segments": segments({"raises": "no model"})})
    assert (failed.status, failed.error) == ("FAILED", "Workflow.FAILED")
    resumed = workflows.resume(failed, segments=segments(changes("mended")))
    assert workflows.final_state(resumed)["current_state"] == {
        "x": 1,
        "mended": 1,
        "published": True,
    }
