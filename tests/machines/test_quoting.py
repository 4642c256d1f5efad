"""Definitions that are text in a string of a template: they are adopted where they stand."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from typing import Any, Final

import pytest
import yaml

from tests.machines.adopting import CHAIN, OPTIONS, write
from tests.machines.building import machine
from tests.statebag.conftest import Run

# With what strings escape: quotes, a backslash, an apostrophe and letters beyond ASCII.
GIVEN: Final = {**CHAIN, "Comment": 'it\'s a "Größe" \\ <b>'}
PLAIN: Final = json.dumps(GIVEN, indent=2, ensure_ascii=False)
SHORT: Final = json.dumps(GIVEN, ensure_ascii=False)
PARTITION: Final = {"Ref": "AWS::Partition"}


def in_json(value: Any, indent: int | None = None) -> str:
    template = {"Resources": {"Machine": {"Properties": {"DefinitionString": value}}}}
    return json.dumps(template, indent=indent, ensure_ascii=False)


def in_yaml(value: str) -> str:
    return (
        f"Resources:\n  Machine:\n    DefinitionString: {value}\n  Other: {{Type: Queue}}  # ours\n"
    )


def by_indentation(head: str) -> str:
    return in_yaml(f"{head}\n{indent(PLAIN, ' ' * 8)}\n\n")


def joined(text: str) -> dict[str, Any]:
    """Return a text as the CDK writes it: what CloudFormation fills in stands between the rest."""
    before, *rest = re.split(r"arn:aws(?=:states)", text)
    parts: list[Any] = [f"{before}arn:"]
    for part in rest:
        parts += [PARTITION, f"{part}arn:"]
    return {"Fn::Join": ["", [*parts[:-1], parts[-1].removesuffix("arn:")]]}


def in_terraform(head: str, lead: str, text: str = PLAIN) -> str:
    definition = f"{head}\n{indent(text, lead)}\n{lead}EOF"
    return f'resource "aws_sfn_state_machine" "orders" {{\n  definition = {definition}\n}}\n'


def value_in(text: str) -> Any:
    """Return what the template of a text says of its machine, with what fills it in."""
    if text.startswith("resource"):
        return json.loads(text.partition("EOF\n")[2].rpartition("EOF")[0])
    tagged = re.sub(r"!Sub\b", "", text)
    value = yaml.safe_load(tagged)["Resources"]["Machine"]
    value = value.get("Properties", value)["DefinitionString"]
    if isinstance(value, dict):
        between, parts = value["Fn::Join"]
        value = between.join("aws" if part == PARTITION else part for part in parts)
    return json.loads(value[0] if isinstance(value, list) else value)


FORMS: Final[dict[str, tuple[str, str]]] = {
    "by indentation": (".yaml", by_indentation("!Sub |")),
    "folded": (".yaml", by_indentation(">-  # ours")),
    "with a map of substitutions": (
        ".yaml",
        in_yaml(f"!Sub\n    - |\n{indent(PLAIN, ' ' * 8)}\n    - {{Table: x}}"),
    ),
    "in single quotes": (".yaml", in_yaml("!Sub '{}'".format(SHORT.replace("'", "''")))),
    "in double quotes": (".yaml", in_yaml(json.dumps(SHORT, ensure_ascii=False))),
    "in JSON": (".json", in_json(PLAIN, 2)),
    "in JSON of ASCII": (".json", json.dumps(json.loads(in_json(SHORT)))),
    "as Terraform writes it": (".json", in_json(SHORT).replace("<b>", "\\u003cb\\u003e")),
    "in Terraform": (".tf", in_terraform("<<EOF", "")),
    "in Terraform, by indentation": (".tf", in_terraform("<<-EOF", "    ")),
    "joined by the CDK": (".json", in_json(joined(SHORT), 1)),
    "joined beside a comment": (
        ".json",
        in_json({"Comment": "StartAt", **joined(SHORT)}),
    ),
    "joined of lines": (".json", in_json({"Fn::Join": ["\n", PLAIN.split("\n")]}, 4)),
}


@pytest.fixture
def adopt(run: Run, folder: Path) -> Callable[..., str]:
    def adopted(form: str, text: str, *options: str) -> str:
        file, new = write(folder, f"m{form}", text), folder / f"new{form}"
        run("adopt", str(file), *options, "-o", str(new), "--force")
        return new.read_bytes().decode()

    return adopted


@pytest.mark.parametrize(("form", "text"), FORMS.values(), ids=FORMS)
def test_definition_in_a_string_is_adopted_and_restored_to_the_byte(
    adopt: Callable[..., str], form: str, text: str
) -> None:
    assert value_in(text) == GIVEN

    new = adopt(form, text, *OPTIONS)

    assert value_in(new) == json.loads(adopt(".asl.json", PLAIN, *OPTIONS))
    assert "Offload before" in new
    assert adopt(form, new, *OPTIONS) == new
    assert adopt(form, new, "--undo") == text


def test_task_in_a_string_that_names_a_function_alone_is_invoked(
    adopt: Callable[..., str],
) -> None:
    text = in_json(json.dumps(machine({"Ask": {"Type": "Task", "Resource": "${Report}"}})))

    new = adopt(".json", text, "--decorated", "Report")

    assert value_in(new)["States"]["Ask"]["Parameters"]["FunctionName"] == "${Report}"
    assert adopt(".json", new, "--undo") == text


def test_function_of_terraform_is_known_by_its_name(adopt: Callable[..., str]) -> None:
    function = "${aws_lambda_function.report.arn}"
    asks = json.dumps(machine({"Ask": {"Type": "Task", "Resource": function}}))
    text = in_terraform("<<EOF", "", asks)

    new = adopt(".tf", text, "--decorated", "report")

    assert value_in(new)["States"]["Ask"]["Parameters"]["FunctionName"] == function
    assert adopt(".tf", text, "--decorated", "*") == new
    assert adopt(".tf", new, "--undo") == text


@pytest.mark.parametrize(
    ("text", "line"),
    [(by_indentation("!Sub |"), 4), (in_json(PLAIN, 2), 5), (FORMS["joined of lines"][1], 9)],
    ids=["by indentation", "in JSON", "joined of lines"],
)
def test_line_of_a_definition_in_a_string_is_that_of_the_file(
    run: Run, folder: Path, text: str, line: int
) -> None:
    file = write(folder, "m.json" if text.startswith("{") else "m.yaml", text)

    ran = run("assess", str(file), "--json")

    assert [each["line"] for each in json.loads(ran.out)] == [line]


def test_definitions_in_strings_are_read_beside_others(run: Run, folder: Path) -> None:
    other = indent(yaml.safe_dump(machine({"A": {"Type": "Pass"}})), " " * 4)
    file = write(folder, "m.yaml", f"{by_indentation('!Sub |')}  Third:\n{other}")

    ran = run("assess", str(file), "--json", *OPTIONS)

    states = [each["assessments"][0]["states"] for each in json.loads(ran.out)]
    assert [len(each) for each in states] == [1, 5]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("!Sub |\n      {StartAt: A, States: {}}", "it is not valid JSON"),
        ('"{\\"StartAt\\": \\"\\u0041\\", \\"States\\": {}}"', "could not be restored"),
        ('"{\\"StartAt\\": \\"\\x41\\", \\"States\\": {}}"', "could not be restored"),
        ('|\n      {"StartAt": "A"}', "it contains no state machine"),
    ],
    ids=["not JSON", "escapes of another writer", "escapes of YAML", "no definition"],
)
def test_string_that_cannot_be_adopted_is_refused_with_the_reason(
    run: Run, folder: Path, text: str, why: str
) -> None:
    ran = run("adopt", str(write(folder, "m.yaml", in_yaml(text))))

    assert "line 3: the definition is text in a string, and is not read: " in ran.err
    assert why in ran.err
