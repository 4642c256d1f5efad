"""The template and the state machine, read once from the files that are deployed."""

import json
from pathlib import Path
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

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
    uri: str = template["Resources"]["StateDataStateMachine"]["Properties"]["DefinitionUri"]
    return (ROOT / uri).read_text()


@pytest.fixture(scope="session")
def definition(definition_text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(definition_text)
    return parsed


@pytest.fixture(scope="session")
def states(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every state of the machine by name, those inside the maps included."""
    return _collect(definition)


def _collect(machine: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, state in machine["States"].items():
        found[name] = state
        if "ItemProcessor" in state:
            found |= _collect(state["ItemProcessor"])
    return found
