"""The template and the state machine, read once from the files that are deployed."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from samcli.yamlhelper import yaml_parse

from local.bridges import state_machines, task_tokens
from tests.infrastructure.machines import Machine

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """The template, with short forms such as `!Ref` in their long form."""
    parsed: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return parsed


@pytest.fixture(scope="session")
def definition_text(template: dict[str, Any]) -> str:
    uri: str = template["Resources"]["StateDataStateMachine"]["Properties"]["DefinitionS3Location"]
    return (ROOT / uri).read_text()


@pytest.fixture(scope="session")
def definition(definition_text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(definition_text)
    return parsed


@pytest.fixture(scope="session")
def states(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every state of the machine by name, those inside the maps included."""
    return _collect(definition)


@pytest.fixture
def machine(
    definition_text: str, template: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machine]:
    """The machine as deployed, on moto's interpreter."""
    names = template["Resources"]["StateDataStateMachine"]["Properties"]["DefinitionSubstitutions"]
    for name in names:
        definition_text = definition_text.replace(f"${{{name}}}", name)
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "testing")
    executed = mock_aws(config={"stepfunctions": {"execute_state_machine": True}})
    with ExitStack() as bridges, executed:
        state_machines.parse_definitions(bridges)
        task_tokens.install(bridges)  # bare moto loses an answer that is early
        yield Machine(definition_text, monkeypatch)


def _collect(machine: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, state in machine["States"].items():
        found[name] = state
        if "ItemProcessor" in state:
            found |= _collect(state["ItemProcessor"])
    return found
