"""Definitions with the span of each value, from JSON and YAML."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statebag.errors import RefusedError
from statebag.machines.model.effects import resource_text
from statebag.machines.text.edits import Edit, apply
from statebag.machines.text.nodes import Kind, Node
from statebag.machines.text.source import read_file, read_text
from statebag.machines.text.yaml_text import parse_yaml
from tests.statebag.conftest import Run

JSON_TEXT = """{
  "StartAt": "Größe",
  "States": {"Größe": {"Type": "Wait", "Seconds": ${Wait}, "Comment": "${Kept}", "End": true}}
}"""
YAML_TEXT = """\
Resources:
  Machine:
    Properties:
      Definition:  # the machine
        StartAt: "One"
        States:
          One:
            Type: Task
            Resource: !Sub "arn:${AWS::Partition}:states:::lambda:invoke"
            End: true
"""


def spans(text: str, node: Node) -> list[str]:
    return [text[each.start : each.end] for each in node.walk() if each.kind is Kind.SCALAR]


def test_span_of_json_is_the_text_of_the_value() -> None:
    machine = read_text(JSON_TEXT, name="x").machines[0]

    assert spans(JSON_TEXT, machine) == ['"Größe"', '"Wait"', '"${Kept}"', "true"]
    states = machine.mapping("States")
    assert states is not None
    key = states.entries[0][0]
    assert (key.value, JSON_TEXT[key.start : key.end]) == ("Größe", '"Größe"')


def test_substitution_in_place_of_a_value_is_unknown() -> None:
    machine = read_text(JSON_TEXT, name="x").machines[0]

    (unknown,) = (node for node in machine.walk() if node.kind is Kind.UNKNOWN)
    assert JSON_TEXT[unknown.start : unknown.end] == "${Wait}"


def test_comma_behind_the_last_value_is_passed_over() -> None:
    text = '{"StartAt": "A,]", "States": {"A,]": {"Type": "Wait", "Seconds": ${W}, } , },\n}'

    (machine,) = read_text(text, name="x").machines

    assert spans(text, machine) == ['"A,]"', '"Wait"']
    assert text[machine.start : machine.end] == text


def test_definition_inside_a_yaml_template_is_found() -> None:
    source = read_text(YAML_TEXT, name="x", parse=parse_yaml)

    (machine,) = source.machines
    assert machine.text("StartAt") == "One"
    assert source.line_of(machine) == 5
    assert spans(YAML_TEXT, machine)[:2] == ['"One"', "Task"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_every_json_value_keeps_its_span_and_value(value: object) -> None:
    text = json.dumps({"StartAt": "A", "States": {}, "x": value}, ensure_ascii=False)

    found = read_text(text, name="x").machines[0]

    for node in found.walk():
        if node.kind is Kind.SCALAR:
            assert json.loads(text[node.start : node.end]) == node.value


# Nine levels of lists, each of which has the one before ten times.
LAUGHS = "a0: &a0 [1]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 10)
)


@pytest.mark.parametrize("command", ["assess", "adopt"])
def test_text_in_a_string_beside_a_definition_is_told(
    run: Run, tmp_path: Path, command: str
) -> None:
    """A template of two machines was assessed as if it had one."""
    file = tmp_path / "template.yaml"
    machine = "{StartAt: A, States: {A: {Type: Succeed, Comment: StartAt is told}}}"
    file.write_text(f"One: {machine}\nTwo: !Sub |\n  {machine}\n", "utf-8")

    ran = run(command, str(file))

    assert ran.err.count("the definition is text in a string, and is not read") == 1
    assert "template.yaml, line 2: " in ran.err
    assert "under Definition, with its substitutions in DefinitionSubstitutions" in ran.err


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", '{"StartAt": "A",\n "States": }', "line 2"),
        ("a.json", '{"StartAt": "A"', "not valid JSON"),
        ("a.json", '{"a": 1}', "no state machine"),
        ("a.json", '{"a": "' + '\\"' * 200_000, "not valid JSON"),
        ("a.json", '{"a": ' + "${" * 200_000, "not valid JSON"),
        ("a.json", '{"a":\n "{\\"StartAt\\": 1}"}', "line 2: the definition is text in a string"),
        ("a.yaml", "a:\n  b: !Sub |\n    {'StartAt': 'A'}\n", "line 2: the definition is text"),
        ("a.yaml", "a: !Sub\n- '{StartAt: A}'\n- {b: c}\n", "line 2: the definition is text"),
        ("a.yaml", "StartAt: [", "not valid YAML"),
        ("a.yaml", "", "empty"),
        ("stack.ts", "StartAt", "is a program"),
        ("stack.mjs", "StartAt", "is a program"),
        ("main.tf", "definition = jsonencode({StartAt = 1})", "no state machine in a heredoc"),
        ("main.tf", "a = <<E\n{'StartAt': 1}\nE\n", "line 1: the definition is text in a string"),
        ("main.tf", "<<A\n" * 200_000, "no state machine in a heredoc"),
        ("a.yaml", LAUGHS, "aliases in .* stand for over 100,000 values"),
        ("a.yaml", "a: " + "[" * 100_000, "over 1,024 levels deep"),
    ],
)
def test_file_that_has_no_definition_is_refused(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    file = tmp_path / name
    file.write_text(text)

    with pytest.raises(RefusedError, match=said):
        read_file(file)


@pytest.mark.parametrize("language", ["JSON", "YAML"])
def test_integer_of_more_digits_than_python_converts_is_a_text(language: str) -> None:
    text = '{"StartAt": "A", "States": {}, "TimeoutSeconds": %s}' % ("9" * 5_000)
    (machine,) = read_text(
        text, name="a", parse=parse_yaml if language == "YAML" else None
    ).machines
    assert machine.text("TimeoutSeconds") == "9" * 5_000


def test_function_of_a_template_is_no_sequence_and_is_looked_into() -> None:
    text = "StartAt: A\nStates: {}\nResource: !Sub ['arn:${P}', {P: aws}]\n"

    (machine,) = read_text(text, name="a", parse=parse_yaml).machines

    assert machine.sequence("Resource") == ()
    assert resource_text(machine) == "arn:${P}"


def test_edits_leave_the_rest_to_the_letter() -> None:
    edits = [Edit(4, 7, "B"), Edit(0, 0, ">"), Edit(0, 0, ">")]

    assert apply("one two three", edits) == ">>one B three"
