"""A decorated handler that a task names alone: the task becomes an invocation, and back."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.machines.adopting import write
from tests.machines.building import Fields, machine
from tests.statebag.conftest import Run

ARN: Final = "arn:aws:lambda:us-east-1:123456789012:function:Report"
JSONATA: Final = {"QueryLanguage": "JSONata"}


def alone(**fields: Any) -> Fields:
    return {"Type": "Task", "Resource": ARN, **fields}


REWRITTEN: Final[dict[str, tuple[Fields, Fields]]] = {
    "the answer takes the place of the document": (
        alone(),
        {"Payload.$": "$", "OutputPath": "$.Payload"},
    ),
    "a part of the answer goes on": (
        alone(OutputPath="$.report.text"),
        {"Payload.$": "$", "OutputPath": "$.Payload.report.text"},
    ),
    "nobody looks at the answer": (alone(ResultPath=None), {"Payload.$": "$", "OutputPath": None}),
    "a selector takes parts": (
        alone(ResultSelector={"a.$": "$.a", "b": {"c.$": "$[0]"}}, ResultPath="$.r"),
        {"Payload.$": "$", "ResultSelector": {"a.$": "$.Payload.a", "b": {"c.$": "$.Payload[0]"}}},
    ),
    "the event is a template": (
        alone(Parameters={"id.$": "$.id", "n": [1, 2]}),
        {"Payload": {"id.$": "$.id", "n": [1, 2]}, "OutputPath": "$.Payload"},
    ),
    "it has a comment": (alone(Comment="ours"), {"Payload.$": "$", "OutputPath": "$.Payload"}),
    "it is written in JSONata": (
        alone(**JSONATA),
        {"Payload": "{% $states.input %}", "Output": "{% $states.result.Payload %}"},
    ),
    "JSONata makes its output": (
        alone(Output={"a": "{% $states.result.a %}"}, Arguments={"x": 1}, **JSONATA),
        {"Payload": {"x": 1}, "Output": {"a": "{% $states.result.Payload.a %}"}},
    ),
}
LEFT: Final[dict[str, tuple[Fields, str]]] = {
    "the answer lands beside the document": (
        alone(ResultPath="$.r"),
        "its result is put beside the document",
    ),
    "a selector computes": (
        alone(ResultSelector={"a.$": "States.JsonToString($)"}, ResultPath="$.r"),
        "its result is computed",
    ),
    "variables are assigned": (alone(Assign={"v.$": "$.a"}), "it assigns variables"),
}


def adopt(run: Run, folder: Path, text: str, form: str, *options: str) -> tuple[str, str]:
    new = folder / f"new{form}"
    file = write(folder, f"machine{form}", text)
    ran = run("adopt", str(file), "--input-bytes", "1000", *options, "-o", str(new), "--force")
    return new.read_bytes().decode(), ran.out


@pytest.mark.parametrize("indent", [None, 2], ids=["one line", "indented"])
@pytest.mark.parametrize(("state", "made"), REWRITTEN.values(), ids=REWRITTEN)
def test_task_becomes_an_invocation_and_is_restored_to_the_byte(
    run: Run, folder: Path, state: Fields, made: Fields, indent: int | None
) -> None:
    text = json.dumps(machine({"S": state}), indent=indent)

    new, _ = adopt(run, folder, text, ".json", "--decorated", "Report")

    task = json.loads(new)["States"]["S"]
    given = task.get("Parameters") or task["Arguments"]
    assert task["Resource"] == "arn:aws:states:::lambda:invoke"
    assert given["FunctionName"] == ARN
    assert "ClientContext" in next(iter(given))
    assert {key: task.get(key, given.get(key)) for key in made} == made
    again, _ = adopt(run, folder, new, ".json", "--decorated", "Report")
    assert again == new
    back, _ = adopt(run, folder, new, ".json", "--undo")
    assert back == text


@pytest.mark.parametrize(("state", "why"), LEFT.values(), ids=LEFT)
def test_task_that_cannot_be_told_is_left_as_it_is_with_the_reason(
    run: Run, folder: Path, state: Fields, why: str
) -> None:
    text = json.dumps(machine({"S": state}))

    new, said = adopt(run, folder, text, ".json", "--decorated", "Report")

    assert new == text
    assert why in said


def test_substitution_is_a_function_only_where_it_is_named(run: Run, folder: Path) -> None:
    text = json.dumps(machine({"S": {"Type": "Task", "Resource": "${Report}"}}))

    assert adopt(run, folder, text, ".json", "--decorated", "*")[0] == text
    new, _ = adopt(run, folder, text, ".json", "--decorated", "Report")
    assert json.loads(new)["States"]["S"]["Parameters"]["FunctionName"] == "${Report}"


RESOURCES: Final = [
    ARN,
    "'${Report}'",
    '"${Report}"',
    "${Report}",
    "!GetAtt Report.Arn",
    '!Sub "${Report.Arn}"',
    "{Fn::GetAtt: [Report, Arn]}",
]


@pytest.mark.parametrize("resource", RESOURCES)
def test_yaml_is_restored_to_the_byte(run: Run, folder: Path, resource: str) -> None:
    lines = ["StartAt: S", "States:", "  S:", f"    Resource: {resource}  # ours", "    Type: Task"]
    text = "\n".join([*lines, "    End: true", ""])

    new, _ = adopt(run, folder, text, ".yaml", "--decorated", "Report")

    assert "lambda:invoke" in new
    assert f"FunctionName: {resource}\n" in new
    assert adopt(run, folder, new, ".yaml", "--undo")[0] == text


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_parameters_in_yaml_by_indentation_become_the_payload_and_are_restored(
    run: Run, folder: Path, newline: str
) -> None:
    head = f"StartAt: S\nStates:\n  S:\n    Type: Task\n    Resource: {ARN}\n    Parameters:\n"
    given = """\
      a: 1  # one

      text: |
        # is said
          more

        last
      list:
      - "of two
        lines"
      # ours
"""
    text = f"{head}{given}    # the end\n    End: true\n".replace("\n", newline)

    new, _ = adopt(run, folder, text, ".yaml", "--decorated", "Report")

    task = yaml.safe_load(new)["States"]["S"]
    assert task["Parameters"].pop("ClientContext.$")
    assert task["Parameters"] == {"FunctionName": ARN, "Payload": yaml.safe_load(given)}
    assert f"{newline}    # the end{newline}" in new
    assert adopt(run, folder, new, ".yaml", "--decorated", "Report")[0] == new
    assert adopt(run, folder, new, ".yaml", "--undo")[0] == text


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (
            "Resource:\n      Fn::GetAtt: [Report, Arn]",
            "Resource is written in YAML by indentation",
        ),
        (f"Resource: {ARN}\n    Parameters: &a\n      b: 1", "have an anchor or a tag"),
    ],
    ids=["a function by indentation", "an anchor"],
)
def test_yaml_that_cannot_be_rewritten_is_left_with_the_reason(
    run: Run, folder: Path, fields: str, why: str
) -> None:
    text = f"StartAt: S\nStates:\n  S:\n    Type: Task\n    End: true\n    {fields}\n"

    new, said = adopt(run, folder, text, ".yaml", "--decorated", "Report")

    assert new == text
    assert why in said


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('!Sub "arn:${AWS::Partition}:states:::sns:publish"', "${AWS::Partition}"),
        ("{Fn::Sub: 'arn:${AWS::Partition}:states:::sns:publish'}", "${AWS::Partition}"),
        ("!Sub arn:aws-cn:states:::sns:publish", None),
        ("arn:${Partition}:states:::sns:publish", None),
    ],
    ids=["a tag", "a function", "nothing to fill in", "a substitution of the machine"],
)
def test_partition_is_filled_in_as_elsewhere_in_the_definition(
    run: Run, folder: Path, written: str, expected: str | None
) -> None:
    """A Resource with `${AWS::Partition}` but without Fn::Sub is none that AWS knows."""
    head = f"StartAt: S\nStates:\n  S:\n    Type: Task\n    Resource: {ARN}\n    Next: T\n"
    text = f"{head}  T:\n    Type: Task\n    Resource: {written}\n    End: true\n"

    new, _ = adopt(run, folder, text, ".yaml", "--decorated", "Report")

    resource = yaml.safe_load(new.replace("!Sub", ""))["States"]["S"]["Resource"]
    if expected:
        resource = resource["Fn::Sub"]
    assert resource == re.sub("sns:publish.*", "lambda:invoke", re.sub(".*arn:", "arn:", written))
    assert adopt(run, folder, new, ".yaml", "--undo")[0] == text
