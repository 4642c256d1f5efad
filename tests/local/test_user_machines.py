"""State machines and workers of the user's beside the real stack."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.cloud import LocalCloud, UserFunction
from local.errors import LocalCloudError

HERE = Path(__file__).parent
TELLS = UserFunction(
    name="Tells",
    code_dir=HERE / "worker",
    handler="settings.handler",
    environment={"HISTORY_MAX_ENTRIES": "7"},
    with_layer=True,
)
TEXT = "x" * 200_000


@pytest.fixture(scope="module")
def real() -> Iterator[LocalCloud]:
    with LocalCloud.start(parameters={"StatePrefix": "team/", "FieldOffloadKb": "20"}) as started:
        yield started


@pytest.fixture(scope="module")
def teller(real: LocalCloud) -> str:
    """The ARN of a function that tells its settings."""
    return real.deploy_function(TELLS)


def task(function: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return a state that invokes a function."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload": payload},
        "OutputPath": "$.Payload",
        "End": True,
    }


def machine_of(**state: Any) -> dict[str, Any]:
    """Return a definition of one state."""
    return {"StartAt": "Only", "States": {"Only": state}}


def test_worker_has_the_settings_of_the_manager_and_its_own(real: LocalCloud, teller: str) -> None:
    settings = real.invoke({}, teller)
    assert settings["bucket"] == real.outputs["StateBucketName"]
    assert settings["prefix"] == "team/"
    assert settings["field_offload_bytes"] == 20 * 1024
    assert settings["history_max_entries"] == 7


def test_machine_of_a_file_knows_the_stack(real: LocalCloud, tmp_path: Path) -> None:
    payload = {"action": "init", "input.$": "$", "execution_id.$": "$$.Execution.Id"}
    path = tmp_path / "mine.asl.json"
    path.write_text(json.dumps(machine_of(**task("${StateDataManagerFunction}", payload))))

    arn = real.create_state_machine("mine", path)
    given = {"current_state": {"text": TEXT}}
    run = real.start_execution(given, state_machine_arn=arn).wait(60)

    bag = run.output["state_data"]
    path_of_text = bag["current_state"]["text"]["__s3_path"]
    assert path_of_text.startswith(f"s3://{real.outputs['StateBucketName']}/team/v1/")
    assert real.hydrate(bag)["current_state"] == given["current_state"]


def test_machine_in_yaml_has_placeholders_of_its_own(
    real: LocalCloud, teller: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.asl.yaml"
    path.write_text(
        "StartAt: Tell\nStates:\n  Tell:\n    Type: Task\n    End: true\n    Resource: ${Teller}\n"
    )
    arn = real.create_state_machine("in-yaml", path, {"Teller": teller})
    run = real.start_execution({}, state_machine_arn=arn).wait(60)
    assert run.output["prefix"] == "team/"


def test_what_is_given_wins_over_the_stack_and_may_have_any_character(real: LocalCloud) -> None:
    definition = machine_of(Type="Pass", Result={"is": "${StateBucket}"}, End=True)
    arn = real.create_state_machine("another", definition, {"StateBucket": 'my "bucket"'})
    run = real.start_execution({}, state_machine_arn=arn).wait(60)
    assert run.output == {"is": 'my "bucket"'}


def test_placeholder_without_a_value_is_named(real: LocalCloud) -> None:
    definition = machine_of(Type="Pass", Result=["${Theirs}", "${Mine}"], End=True)
    with pytest.raises(LocalCloudError, match="a value for Mine, Theirs"):
        real.create_state_machine("incomplete", definition)


def test_definition_that_is_not_there_is_named(real: LocalCloud, tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"nothing\.asl\.json cannot be read"):
        real.create_state_machine("nothing", tmp_path / "nothing.asl.json")
