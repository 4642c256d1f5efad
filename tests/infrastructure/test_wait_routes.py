"""Where the state machine waits, and what ends a wait."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.infrastructure.machines import Machine, Payload
from tests.infrastructure.scripted import OVER, always, bag, run


def test_a_wait_that_is_over_leads_to_where_the_bag_says(machine: Machine) -> None:
    turns = iter(
        [
            {"next_action": "WAIT", "wait_state": OVER},
            {"next_action": "WAIT", "wait_state": OVER | {"then": "COMPLETE"}},
        ]
    )
    execution = run(machine, lambda _: next(turns))
    assert (execution["status"], bag(execution)["loop_counter"]) == ("SUCCEEDED", 2)
    assert bag(execution)["next_action"] == "COMPLETE"


def test_a_wait_lasts_until_its_end(machine: Machine) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
    text = until.isoformat().replace("+00:00", "Z")
    waits = always("WAIT", wait_state={"until": text, "then": "COMPLETE"})
    assert run(machine, waits)["status"] == "SUCCEEDED"
    assert datetime.now(UTC) > until - timedelta(seconds=1)  # the interpreter cuts fractions


def test_a_poll_that_never_ends_stops_at_the_loop_limit(machine: Machine) -> None:
    later = {"until": "2999-01-31T09:00:00Z", "then": "CONTINUE"}
    turns = iter([OVER, OVER, later])
    execution = run(machine, lambda _: {"next_action": "WAIT", "wait_state": next(turns)})
    assert (execution["status"], execution["error"]) == ("FAILED", "LoopLimitReached")


NO_WAITS: list[Any] = [
    *(None, "text", {}, {"until": "2020-01-31T09:00:00Z"}, {"then": "CONTINUE"}),
    *(OVER | {"until": "tomorrow"}, OVER | {"until": 5}, OVER | {"then": None}),
]


@pytest.mark.parametrize("told", NO_WAITS)
def test_a_wait_that_nobody_can_end_is_no_bag_to_route(machine: Machine, told: Any) -> None:
    execution = run(machine, always("WAIT", wait_state=told))
    assert (execution["status"], execution["error"]) == ("FAILED", "UnroutableBag")
    assert execution["records"]


@pytest.mark.parametrize("next_action", ["PAUSED_FOR_HITP", "ASYNC"])
@pytest.mark.parametrize("answer", [{"approved": True}, [1], None])
def test_whatever_answers_a_wait_is_merged(
    machine: Machine, next_action: str, answer: object
) -> None:
    def succeed(client: Any, token: str) -> None:
        client.send_task_success(taskToken=token, output=json.dumps(answer))

    execution = run(machine, always(next_action), succeed)
    assert bag(execution)["answer"] == answer


@pytest.mark.parametrize("next_action", ["PAUSED_FOR_HITP", "ASYNC"])
def test_a_refused_answer_ends_the_execution_under_its_error(
    machine: Machine, next_action: str
) -> None:
    def refuse(client: Any, token: str) -> None:
        client.send_task_failure(taskToken=token, error="Rejected", cause="not today")

    execution = run(machine, always(next_action), refuse)
    assert (execution["status"], execution["error"]) == ("FAILED", "Rejected")


@pytest.mark.parametrize("next_action", ["PAUSED_FOR_HITP", "ASYNC"])
@pytest.mark.parametrize("refused", [False, True])
def test_a_branch_waits_for_an_answer_while_another_ends(
    machine: Machine, next_action: str, *, refused: bool
) -> None:
    branches = [{"branch_id": "asks"}, {"branch_id": "ends"}]

    def worker(state: Payload) -> Payload:
        match state.get("branch_id"):
            case None:
                return {"next_action": "PARALLEL_GROUP", "pending_branches": branches}
            case "asks":
                return {"next_action": next_action}
            case _:
                return {"next_action": "COMPLETE"}

    def answer(client: Any, token: str) -> None:
        if refused:
            client.send_task_failure(taskToken=token, error="Rejected", cause="not today")
        else:
            client.send_task_success(taskToken=token, output="5")

    asked, ended = bag(run(machine, worker, answer))["branches"]
    assert ended["status"] == "COMPLETE"
    assert asked["status"] == ("FAILED" if refused else "COMPLETE")
    assert asked.get("error") == ("Rejected" if refused else None)
