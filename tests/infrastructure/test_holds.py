"""Where a workflow leads that an operator holds, on moto's interpreter with a scripted function."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.infrastructure.machines import Machine, Payload
from tests.infrastructure.scripted import bag, run

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_a_workflow_that_is_held_waits_and_then_goes_where_it_would_have_gone(
    machine: Machine,
) -> None:
    released: list[str] = []
    turns: Iterator[Payload] = iter(
        [
            {"next_action": "CONTINUE", "held_by_operator": True, "step": 1},
            {"next_action": "COMPLETE", "step": 2},
        ]
    )

    def release(client: Any, token: str) -> None:
        released.append(token)
        client.send_task_success(taskToken=token, output="{}")

    execution = run(machine, lambda _: next(turns), release)
    assert (execution["status"], len(released)) == ("SUCCEEDED", 1)
    assert (bag(execution)["step"], bag(execution)["held_by_operator"]) == (2, False)


@pytest.mark.parametrize("mark", [False, None, "true", 1])
def test_nothing_but_the_mark_holds_a_workflow(machine: Machine, mark: object) -> None:
    turns: Iterator[Payload] = iter(
        [{"next_action": "CONTINUE", "held_by_operator": mark}, {"next_action": "COMPLETE"}]
    )
    assert run(machine, lambda _: next(turns))["status"] == "SUCCEEDED"


def test_a_hold_that_fails_ends_nothing(machine: Machine) -> None:
    turns: Iterator[Payload] = iter(
        [
            {"next_action": "CONTINUE", "held_by_operator": True},
            {"next_action": "COMPLETE"},
        ]
    )

    def refuse(client: Any, token: str) -> None:
        client.send_task_failure(taskToken=token, error="Rejected", cause="by mistake")

    assert run(machine, lambda _: next(turns), refuse)["status"] == "SUCCEEDED"


def test_a_branch_is_held_by_itself(machine: Machine) -> None:
    marked = {"next_action": "CONTINUE", "held_by_operator": True}

    def worker(state: Payload) -> Payload:
        if "branch" not in state:
            group = [{"branch": "b", "branch_id": "b"}]
            return {"next_action": "PARALLEL_GROUP", "pending_branches": group}
        return {"next_action": "COMPLETE"} if state.get("loop_counter") else marked

    released: list[str] = []

    def release(client: Any, token: str) -> None:
        released.append(token)
        client.send_task_success(taskToken=token, output="{}")

    assert run(machine, worker, release)["status"] == "SUCCEEDED"
    assert len(released) == 1
