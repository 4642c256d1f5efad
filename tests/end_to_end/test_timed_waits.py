"""Workflows that wait for a time, poll, and go on."""

import time

from tests.end_to_end.workflow import Json, Workflows, folded

LAST: Json = {"status": "COMPLETE", "current_state": {"published": True}}
POLLS = 40


def _polling(turns: int) -> list[Json]:
    """Return segments that each wait and go on to the next, which is a poll on its own."""
    waits = [
        {"status": "WAIT", "wait_seconds": 0, "next_segment_to_run": turn + 1}
        for turn in range(turns)
    ]
    return [wait | {"current_state": {"polled": turn}} for turn, wait in enumerate(waits)]


def test_a_workflow_goes_on_after_a_time_with_all_of_its_state(workflows: Workflows) -> None:
    large = {"current_state": {"report": "r" * 90_000}}
    first: Json = {"status": "WAIT", "wait_seconds": 2, "next_segment_to_run": 1} | large
    value = {"segments": [first, LAST]}
    before = time.monotonic()
    execution = workflows.run(value)
    assert time.monotonic() - before > 1.5
    assert workflows.final_state(execution) == folded(value, first, LAST)
    passed = ["RouteNextAction", "Wait", "WaitOver", "RouteNextAction"]
    assert workflows.states(execution)[4:8] == passed


def test_a_wait_takes_as_many_events_as_the_budget_counts_at_most(workflows: Workflows) -> None:
    few, more = (
        len(workflows.run({"segments": [*_polling(count), LAST]}).history) for count in (5, 15)
    )
    assert (more - few) / 10 == 12 + 6


def test_forty_polls_go_on_in_new_executions_as_segments_do(workflows: Workflows) -> None:
    segments = [*_polling(POLLS), LAST]
    value = {"segments": segments, "segments_per_execution": 40, "loop_limit": POLLS + 1}
    chain = workflows.chain(value)
    final = workflows.hydrated(chain[-1].output["state_data"])
    assert len(chain) == 3
    assert final["loop_counter"] == POLLS + 1
    assert workflows.final_state(chain[-1]) == folded(value, *segments)


def test_after_the_last_segment_a_wait_is_the_end(workflows: Workflows) -> None:
    only: Json = {"status": "WAIT", "wait_until": "2020-01-31T09:00:00Z", "next_segment_to_run": 1}
    execution = workflows.run({"segments": [only]})
    assert workflows.final_state(execution) == folded({"segments": [only]}, only)
    assert workflows.states(execution)[-2:] == ["RouteNextAction", "Complete"]


def test_of_three_branches_one_asks_a_person_and_one_polls_a_job(workflows: Workflows) -> None:
    asks: Json = {"status": "PAUSED_FOR_HITP", "prompt": {"question": "publish?"}}
    after = {"current_state": {"told": True}}
    polls = [*_polling(3), {"status": "ASYNC"}, {"current_state": {"job": "done"}}]
    branches = {"asks": [asks, after], "polls": polls, "quick": [{"current_state": {"quick": 1}}]}
    group = {
        "status": "PARALLEL_GROUP",
        "pending_branches": [{"branch_id": name, "segments": of} for name, of in branches.items()],
    }
    value = {"segments": [group, LAST]}
    execution = workflows.start(value)
    answers: Json = {
        "human": {"current_state": {"approval": {"approved": True, "remarks": "r" * 90_000}}},
        "async": {"current_state": {"crawled": 7}},
    }
    requests = workflows.requests(execution, 2)
    assert {request["callback_type"] for request in requests} == set(answers)
    for request in requests:
        workflows.submit(request, "success", output=answers[request["callback_type"]])
    workflows.require_small(execution.wait())

    state = workflows.final_state(execution)
    results = [result for of in branches.values() for result in of]
    expected = folded(value, group, *results, *answers.values(), LAST)
    assert state == {name: expected[name] for name in expected if name != "next_segment_to_run"}
    reports = execution.output["state_data"]["branch_results"]
    assert [(each["status"], each.get("waits")) for each in reports] == [
        ("COMPLETE", 1),
        ("COMPLETE", 4),
        ("COMPLETE", None),
    ]


def test_a_branch_that_is_refused_fails_alone_and_nobody_is_asked_in_vain(
    workflows: Workflows,
) -> None:
    asks: Json = {"status": "PAUSED_FOR_HITP"}
    branches = [
        {"branch_id": "asks", "segments": [asks]},
        {"branch_id": "quick", "segments": [{"current_state": {"quick": 1}}]},
    ]
    group = {"status": "PARALLEL_GROUP", "pending_branches": branches}
    execution = workflows.start({"segments": [group, LAST]})
    (request,) = workflows.requests(execution, 1)
    workflows.submit(request, "failure", error="Rejected", cause="not before Monday")
    execution.wait()
    (failed,) = workflows.final_state(execution)["failed_segments"]
    assert (failed["branch_id"], failed["error"], failed["segments_run"]) == ("asks", "Rejected", 1)
    assert workflows.read(failed["record_s3_path"])["stage"] == "branch"


def test_a_branch_polls_while_another_goes_on(workflows: Workflows) -> None:
    polls = [*_polling(POLLS), {"current_state": {"job": "done"}}]
    quick = [{"current_state": {"quick": True}}]
    group = {
        "status": "PARALLEL_GROUP",
        "pending_branches": [
            {"branch_id": "polls", "segments": polls},
            {"branch_id": "quick", "segments": quick},
        ],
    }
    value = {"segments": [group, LAST]}
    execution = workflows.run(value)
    state = workflows.final_state(execution)
    expected = folded(value, group, *polls, *quick, LAST)
    assert state == {name: expected[name] for name in expected if name != "next_segment_to_run"}
    reports = execution.output["state_data"]["branch_results"]
    assert [(each["segments_run"], each.get("waits")) for each in reports] == [(41, 40), (1, None)]
