"""An input may name the state of any execution: the command believes only a mark beside it."""

import json
from typing import Any

import pytest

from tests.statebag.cloud import DEFINITION, MACHINE, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.histories import History
from tests.statebag.states import catalog_bag, decoded, snapshot_of
from tests.statebag.test_callbacks import put, record
from universal_sync_core import record_failure
from universal_sync_core.retention.members import leave_mark
from universal_sync_core.storage import runtime

OWNER, OTHER = arn_of("acme.7"), arn_of("evil.1")


@pytest.fixture
def given(cloud: FakeCloud) -> dict[str, Any]:
    """Return an input that names the state of another execution, and brings a bag of its own."""
    cloud.states.add("acme.7", "RUNNING", input={})
    made, path = snapshot_of(catalog_bag(OWNER))
    return {"resume_from": path, "state_data": made | {"current_state": {"pay": "everybody"}}}


def has_gone_on() -> None:
    leave_mark(runtime.current(), OWNER, OTHER, "began")


@pytest.mark.parametrize("step", ["", "#1"])
def test_a_bag_in_an_input_is_not_made_a_state_of_another(
    run: Run, cloud: FakeCloud, given: dict[str, Any], step: str
) -> None:
    history = History()
    history.enter("InitializeState", given)
    cloud.states.add("evil.1", "ABORTED", input=given, events=history.events)
    cloud.functions.answer = {"state_data": {"pre_snapshot_s3_path": given["resume_from"]}}

    assert run("resume", f"{OTHER}{step}", "--yes").code != 0

    assert (cloud.functions.invoked, cloud.states.started) == ([], [])


def test_a_cause_leads_to_no_record_of_another(
    run: Run, cloud: FakeCloud, given: dict[str, Any]
) -> None:
    bag = given["state_data"]
    told = record_failure(bag, {"Error": "E", "Cause": "oh"}, {"execution_id": OWNER})
    cloud.states.add("evil.1", "FAILED", input=given, cause=told["cause"])

    assert run("resume", OTHER).code != 0
    assert cloud.states.started == []
    has_gone_on()
    assert run("resume", OTHER).code == 0
    path = told["record_s3_path"]
    assert [json.loads(each["input"]) for each in cloud.states.started] == [{"resume_from": path}]


@pytest.mark.parametrize("command", ["hold", "release"])
def test_a_workflow_is_held_and_released_only_by_its_own_executions(
    run: Run, cloud: FakeCloud, given: dict[str, Any], command: str
) -> None:
    choice = {"Variable": "$.state_data.held_by_operator", "Next": "RouteNextAction"}
    states = DEFINITION["States"] | {"Held": {"Type": "Choice", "Choices": [choice]}}
    cloud.states.machines[MACHINE] = DEFINITION | {"States": states}
    cloud.states.add("evil.1", "RUNNING", input=given)
    asked = record(1, None, "2025-06-01T10:00:00+00:00", OWNER) | {"callback_type": "hold"}
    put(cloud, f"{asked['callback_id']}.json", asked, OWNER)
    cloud.functions.answer = {"outcome": "success", "status": "delivered"}

    refused = run(command, OTHER)
    assert (refused.code, f"has not taken up the state of {OWNER}" in refused.err) == (7, True)
    assert cloud.functions.invoked == []
    has_gone_on()
    assert json.loads(run(command, OTHER, "--json").out)["workflow"] == OWNER


def test_callbacks_of_another_are_not_its_own(
    run: Run, cloud: FakeCloud, given: dict[str, Any]
) -> None:
    cloud.states.add("evil.1", "RUNNING", input=given)
    asked = record(1, "Pay?", "2025-06-01T10:00:00+00:00", OWNER)
    put(cloud, f"{asked['callback_id']}.json", asked, OWNER)

    assert run("callbacks", "approve", OTHER, asked["callback_id"]).code != 0
    assert cloud.functions.invoked == []
    has_gone_on()
    found = decoded(run("callbacks", "list", OTHER, "--json").out)
    assert [each["execution_id"] for each in found] == [OWNER]


def test_what_was_refused_a_state_is_forgotten_by_itself(
    run: Run, cloud: FakeCloud, given: dict[str, Any]
) -> None:
    cloud.states.add("evil.1", "FAILED", input=given)
    catalog_bag(OTHER)

    told = json.loads(run("forget", OTHER, "--json").out)

    assert (told["execution"], told["executions"]) == (OTHER, [OTHER])
    assert "state" in told["objects"]


def test_no_execution_is_continued_by_one_of_another_workflow(run: Run, cloud: FakeCloud) -> None:
    cloud.states.add("acme.7", "RUNNING", input={})
    output = {"state_data": {}, "continued_as": {"execution_arn": OWNER}}
    cloud.states.add("evil.1", input={}, output=output)

    refused = run("hold", OTHER)

    assert (refused.code, f"{OTHER} has ended" in refused.err) == (7, True)
