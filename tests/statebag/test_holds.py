"""What `statebag hold` and `release` change, and what they refuse to change."""

import json
from typing import Any

import pytest

from tests.statebag.cloud import BUCKET, DEFINITION, FUNCTION, MACHINE, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.states import RUN
from tests.statebag.test_callbacks import put, record
from universal_sync_core.retention.members import leave_mark
from universal_sync_core.storage import runtime

WORKER = FUNCTION.replace("manager", "worker")
PLAIN = {"STATE_BUCKET": BUCKET, "STATE_PREFIX": ""}
HOLDING: list[dict[str, Any]] = [
    {"Variable": "$.state_data.held_by_operator", "BooleanEquals": True, "Next": "Held"},
    {"StringEquals": "CONTINUE", "Next": "RunAndSyncSegment"},
]
SYNCING = {
    "Type": "Task",
    "Parameters": {"FunctionName": WORKER, "Payload": {"action": "run_segment", "sync": True}},
}


def machine(cloud: FakeCloud, *rules: dict[str, Any], manager: str = FUNCTION) -> None:
    """Let the state machine have these rules in its Choice, and a worker that syncs."""
    states = DEFINITION["States"] | {"RunAndSyncSegment": SYNCING}
    route = states["RouteNextAction"] | {"Choices": list(rules)}
    text = json.dumps(DEFINITION | {"States": states | {"RouteNextAction": route}})
    cloud.states.machines[MACHINE] = json.loads(text.replace(FUNCTION, manager))


@pytest.fixture(autouse=True)
def running(cloud: FakeCloud) -> None:
    cloud.states.add("run-1", "RUNNING", input={})
    machine(cloud, HOLDING[0])


def test_the_name_stands_in_the_environment_beside_others(run: Run, cloud: FakeCloud) -> None:
    cloud.functions.variables[FUNCTION] = PLAIN | {"HELD_WORKFLOWS": "another"}

    assert run("hold", RUN).out == "run-1 is held: it stops at its next routing\n"
    assert cloud.functions.variables[FUNCTION] == PLAIN | {
        "HELD_WORKFLOWS": "another,catalog:run-1"
    }
    assert run("hold", RUN).out == "run-1 is already held: it stops at its next routing\n"

    released = run("release", RUN)
    assert released.out == "run-1 was held, and had not stopped yet\n"
    assert released.err.endswith("release it again\n")
    assert run("release", RUN).err == ""
    assert cloud.functions.variables[FUNCTION] == PLAIN | {"HELD_WORKFLOWS": "another"}


def test_nothing_is_left_of_the_last_hold(run: Run, cloud: FakeCloud) -> None:
    run("hold", RUN)
    run("release", RUN)

    assert cloud.functions.variables == {FUNCTION: PLAIN}


def test_a_workflow_is_held_whatever_execution_has_gone_on_with_it(
    run: Run, cloud: FakeCloud
) -> None:
    path = f"s3://{BUCKET}/v1/{RUN.replace(':', '%3A')}/packs/{'0' * 64}"
    cloud.states.add("run-1", "SUCCEEDED", input={}, output={"continued_as": {"name": "run-1b"}})
    later = cloud.states.add("run-1b", "RUNNING", input={"resume_from": path})
    leave_mark(runtime.current(), RUN, later, "began")

    for asked in (RUN, later):
        told = json.loads(run("hold", asked, "--json").out)
        assert (told["workflow"], told["execution"]) == (RUN, later)
    assert cloud.functions.variables[FUNCTION]["HELD_WORKFLOWS"] == "catalog:run-1"


def test_a_worker_that_syncs_is_told_as_well(run: Run, cloud: FakeCloud) -> None:
    machine(cloud, *HOLDING)

    run("hold", RUN)

    held = PLAIN | {"HELD_WORKFLOWS": "catalog:run-1"}
    assert cloud.functions.variables == {FUNCTION: held, WORKER: held}


def test_what_somebody_else_writes_meanwhile_stays(run: Run, cloud: FakeCloud) -> None:
    cloud.functions.meanwhile = [PLAIN | {"HELD_WORKFLOWS": "run-9", "LEVEL": "1"}]

    assert run("hold", RUN).code == 0
    written = {"HELD_WORKFLOWS": "run-9,catalog:run-1", "LEVEL": "1"}
    assert cloud.functions.variables[FUNCTION] == PLAIN | written


def test_the_alias_that_the_machine_calls_leads_to_the_new_environment(
    run: Run, cloud: FakeCloud
) -> None:
    machine(cloud, HOLDING[0], manager=f"{FUNCTION}:live")

    assert run("hold", RUN).code == 0
    assert cloud.functions.published == [
        ("function_updated_v2",),
        ("version", FUNCTION),
        ("published_version_active",),
        ("alias", FUNCTION, "live", "7"),
    ]


def lost_answer(cloud: FakeCloud) -> None:
    """The client sends the request again, and finds what it has written itself."""
    cloud.functions.meanwhile = [PLAIN | {"HELD_WORKFLOWS": "catalog:run-1"}]


def interrupted_before_it_was_published(cloud: FakeCloud) -> None:
    cloud.functions.variables[FUNCTION] = PLAIN | {"HELD_WORKFLOWS": "catalog:run-1"}


@pytest.mark.parametrize("fault", [lost_answer, interrupted_before_it_was_published])
def test_the_alias_does_not_stay_behind_where_the_environment_is_written_already(
    run: Run, cloud: FakeCloud, fault: Any
) -> None:
    machine(cloud, HOLDING[0], manager=f"{FUNCTION}:live")
    fault(cloud)

    assert run("hold", RUN).out == "run-1 is held: it stops at its next routing\n"
    assert cloud.functions.variables[f"{FUNCTION}:live"]["HELD_WORKFLOWS"] == "catalog:run-1"
    assert run("hold", RUN).out == "run-1 is already held: it stops at its next routing\n"
    assert [each[0] for each in cloud.functions.published].count("version") == 1


def test_the_alias_does_not_stay_at_what_somebody_else_published_before(
    run: Run, cloud: FakeCloud
) -> None:
    machine(cloud, HOLDING[0], manager=f"{FUNCTION}:live")
    update, late = cloud.functions.update_alias, [PLAIN | {"HELD_WORKFLOWS": "run-9"}]

    def update_before_another(**given: Any) -> None:
        update(**given)
        if late:
            cloud.functions.variables[f"{FUNCTION}:live"] = late.pop()

    cloud.functions.update_alias = update_before_another  # type: ignore[method-assign]

    assert run("hold", RUN).code == 0
    assert cloud.functions.variables[f"{FUNCTION}:live"]["HELD_WORKFLOWS"] == "catalog:run-1"


def test_release_answers_each_place_where_the_workflow_stands(run: Run, cloud: FakeCloud) -> None:
    for number in (1, 2, 3):
        kind = {"callback_type": "human" if number == 3 else "hold"}
        asked = record(number, None, "2025-06-01T10:00:00+00:00") | kind
        put(cloud, f"{asked['callback_id']}.json", asked)
    cloud.functions.answer = {"outcome": "success", "status": "delivered"}

    assert run("release", RUN).out == "run-1 goes on from where it stopped, in 2 places\n"
    assert [each["outcome"] for each in cloud.functions.invoked] == ["success", "success"]


def test_release_sends_the_answer_again_that_step_functions_has_not_taken(
    run: Run, cloud: FakeCloud
) -> None:
    asked = record(1, None, "2025-06-01T10:00:00+00:00") | {"callback_type": "hold"}
    put(cloud, f"{asked['callback_id']}.json", asked)
    put(cloud, f"{asked['callback_id']}.answer.json", {"outcome": "success", "output": {}})
    cloud.functions.answer = {"outcome": "success", "status": "delivered"}

    assert run("release", RUN).out == "run-1 goes on from where it stopped, in 1 place\n"
    assert [each["callback_id"] for each in cloud.functions.invoked] == [asked["callback_id"]]


def test_release_passes_over_a_hold_whose_execution_was_stopped(run: Run, cloud: FakeCloud) -> None:
    holds = [record(n, None, f"2025-06-0{n}T10:00:00+00:00") for n in (1, 2)]
    for asked in holds:
        put(cloud, f"{asked['callback_id']}.json", asked | {"callback_type": "hold"})
    answer = {"outcome": "success", "status": "delivered"}
    invoke = cloud.functions.invoke

    def invoked(**arguments: Any) -> dict[str, Any]:
        is_over = holds[0]["callback_id"] in arguments["Payload"].decode()
        cloud.functions.error = "CallbackExpiredError" if is_over else None
        cloud.functions.answer = answer
        return invoke(**arguments)

    cloud.functions.invoke = invoked  # type: ignore[method-assign]
    assert run("release", RUN).out == "run-1 goes on from where it stopped, in 1 place\n"
    assert len(cloud.functions.invoked) == 2


def fixed_version(cloud: FakeCloud) -> None:
    machine(cloud, HOLDING[0], manager=f"{FUNCTION}:3")


def ended(cloud: FakeCloud) -> None:
    cloud.states.add("run-1", "FAILED", input={})


def another_machine(cloud: FakeCloud) -> None:
    cloud.states.machines[MACHINE] = DEFINITION


def secret_environment(cloud: FakeCloud) -> None:
    cloud.functions.environment = {"Error": {"ErrorCode": "AccessDeniedException"}}


def full_environment(cloud: FakeCloud) -> None:
    cloud.functions.variables[FUNCTION] = PLAIN | {"HELD_WORKFLOWS": "x" * 4_060}


@pytest.mark.parametrize(
    ("prepare", "code", "said"),
    [
        (fixed_version, 7, "version 3"),
        (ended, 7, "has ended: FAILED"),
        (another_machine, 7, "cannot hold a workflow"),
        (secret_environment, 4, "cannot be read"),
        (full_environment, 7, "too many workflows are held"),
    ],
)
def test_what_cannot_be_held_is_refused_and_nothing_is_changed(
    run: Run, cloud: FakeCloud, prepare: Any, code: int, said: str
) -> None:
    prepare(cloud)
    before = dict(cloud.functions.variables)

    ran = run("hold", RUN)

    assert (ran.code, said in ran.err) == (code, True)
    assert {**cloud.functions.variables, **before} == cloud.functions.variables
    assert "run-1" not in str(cloud.functions.variables)


def test_an_execution_that_is_not_there_is_not_held(run: Run) -> None:
    assert run("hold", arn_of("nobody")).code == 3
