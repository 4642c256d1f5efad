"""Which state machines `resume` may start again: those in which nothing then runs twice."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from statebag.resuming.restarts import BOOKKEEPING, goes_on_from_state
from tests.statebag.cloud import DEFINITION, FUNCTION, MACHINE, FakeCloud
from tests.statebag.conftest import Run
from tests.statebag.states import CONTEXT, RUN, catalog_bag, snapshot_of
from universal_sync_core import record_failure

ASL = Path(__file__).parents[3] / "statemachine" / "state_data_v3.asl.json"
FUNCTIONS = Path(__file__).parents[3] / "functions" / "state_data_manager"


def call(action: str, then: str | None, function: str = FUNCTION, **payload: Any) -> dict[str, Any]:
    state: dict[str, Any] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload": {"action": action, **payload}},
    }
    return state | ({"Next": then} if then else {"End": True})


def work(then: str | None) -> dict[str, Any]:
    return call("run", then, FUNCTION.replace("manager", "worker"))


def choice(then: str, variable: str = "$.state_data.next_action") -> dict[str, Any]:
    rule = {"Variable": variable, "StringEquals": "CONTINUE", "Next": then}
    return {"Type": "Choice", "Choices": [rule], "Default": "Done"}


def machine(**states: Any) -> dict[str, Any]:
    first = call("init", next(iter(states)), **{"input.$": "$"})
    return {"StartAt": "Init", "States": {"Init": first, "Done": {"Type": "Succeed"}, **states}}


def mapped(body: dict[str, Any]) -> dict[str, Any]:
    processor = {"StartAt": next(iter(body)), "States": body}
    return {"Type": "Map", "ItemProcessor": processor, "Next": "Sync"}


LOOP = {"Route": choice("Work"), "Work": work("Sync"), "Sync": call("sync", "Route")}
LINE = {
    "Charge": work("SyncCharge"),
    "SyncCharge": call("sync", "Ship"),
    "Ship": work("SyncShip"),
    "SyncShip": call("sync", None),
}
PARALLEL = {
    "Type": "Parallel",
    "Branches": [{"StartAt": name, "States": {name: work(None)}} for name in ("Charge", "Ship")],
    "Next": "Sync",
}
GOES_ON = {
    "the stack's own": json.loads(ASL.read_text()),
    "a loop": machine(**LOOP),
    "a loop over several workers": machine(
        Route=choice("Charge") | {"Default": "Ship"},
        Charge=work("Sync"),
        Ship=work("Sync"),
        Sync=call("sync", "Route"),
    ),
    "a map of one worker": machine(**LOOP | {"Work": mapped({"One": work(None)})}),
    "of JSONata": machine(
        Route={
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.state_data.next_action = 'CONTINUE' %}",
                         "Next": "Work"}],
            "Default": "Done",
        },
        Work=work("Sync"),
        Sync=call("sync", "Route"),
    ),
}  # fmt: skip
STARTS_OVER = {
    "states one after the other": machine(**LINE),
    "a choice only before them": machine(Route=choice("Charge"), **LINE),
    "a choice between them": machine(
        Route=choice("Charge"),
        **LINE | {"SyncCharge": call("sync", "Check"), "Check": choice("Ship")},
    ),
    "work before the choice": machine(Charge=work("Route"), **LOOP),
    "a choice on something else": machine(
        **LOOP | {"Route": choice("Work", "$.state_data.status")}
    ),
    "a loop that the bag does not route": machine(**LOOP | {"Sync": call("sync", "Work")}),
    "branches of a parallel": machine(**LOOP | {"Work": PARALLEL}),
    "states in a map": machine(
        **LOOP | {"Work": mapped({"Charge": work("Ship"), "Ship": work(None)})}
    ),
    "an action of that name elsewhere": machine(
        **LOOP | {"Sync": call("sync", "Route", FUNCTION.replace("manager", "inventory"))}
    ),
    "another service": machine(
        **LOOP
        | {
            "Sync": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Next": "Route",
            }
        }
    ),
    "an input that is not handed on": machine(**LOOP)
    | {"States": machine(**LOOP)["States"] | {"Init": call("init", "Route", input={"fixed": 1})}},
    "no bag at all": {"StartAt": "Charge", "States": {"Charge": work(None)}},
}


@pytest.mark.parametrize("definition", GOES_ON.values(), ids=GOES_ON)
def test_machine_that_the_bag_routes_goes_on(definition: dict[str, Any]) -> None:
    assert goes_on_from_state(definition)


@pytest.mark.parametrize("definition", STARTS_OVER.values(), ids=STARTS_OVER)
@pytest.mark.parametrize("options", [(), ("--dry-run",)])
@pytest.mark.parametrize("by_path", [False, True])
def test_machine_that_keeps_its_states_is_not_started(
    run: Run, cloud: FakeCloud, definition: Any, options: tuple[str, ...], *, by_path: bool
) -> None:
    made, path = snapshot_of(catalog_bag())
    report = record_failure(made, {"Error": "OutOfStock", "Cause": "none left"}, CONTEXT)
    cloud.states.add("run-1", "FAILED", error="OutOfStock", cause=report["cause"], input={})
    cloud.states.machines[MACHINE] = definition

    ran = run("resume", path if by_path else RUN, *options)

    assert (ran.code, ran.out, cloud.states.started) == (7, "", [])
    assert f"aws stepfunctions redrive-execution --execution-arn {RUN}" in ran.err


def test_every_action_that_only_keeps_state_is_known() -> None:
    source = "".join(path.read_text() for path in sorted(FUNCTIONS.glob("*.py")))

    assert [action for action in BOOKKEEPING if f'"{action}"' not in source] == []
    assert "run_segment" not in BOOKKEEPING


def test_definition_is_not_changed_by_looking() -> None:
    before = copy.deepcopy(DEFINITION)

    assert goes_on_from_state(DEFINITION)
    assert before == DEFINITION
