"""What everything asked for in one run, and the template under each set of parameters."""

import json
from pathlib import Path
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from local.access.calls import Call
from local.cloud import LocalCloud
from statebag.cli import main
from tests.iam.needs import needs_of, operator_statements
from tests.iam.proof import Need
from tests.iam.recording import PARAMETERS, WORKER, recorded
from tests.iam.stack import DEPLOYMENTS, OPERATOR, Deployment, Stack, stack_of

ROOT = Path(__file__).parents[2]
# With every option that adds rights.
FULL = next(each for each in DEPLOYMENTS if each.name == "key")


@pytest.fixture(scope="session")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """All that was asked for in one run of everything."""
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(tmp_path_factory.mktemp("operator"))
        with LocalCloud.start(extra_functions=[WORKER], parameters=PARAMETERS) as cloud:
            key = {"AWS_ACCESS_KEY_ID": OPERATOR, "AWS_SECRET_ACCESS_KEY": OPERATOR}
            for name, value in (cloud.environment | key).items():
                patched.setenv(name, value)
            patched.delenv("AWS_PROFILE", raising=False)
            return recorded(cloud, _command)


def _command(*arguments: str) -> None:
    with pytest.raises(SystemExit) as exited:
        main(arguments)
    # 1 is an answer too: something differs, or is damaged.
    assert exited.value.code in (0, 1, None), arguments


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    return parsed


@pytest.fixture(scope="session")
def definition() -> dict[str, Any]:
    path = ROOT / "statemachine" / "state_data_v3.asl.json"
    parsed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return parsed


@pytest.fixture(scope="session", params=DEPLOYMENTS, ids=str)
def stack(request: pytest.FixtureRequest, template: dict[str, Any]) -> Stack:
    """The stack under a set of parameters, with an operator as the documentation has one."""
    return deployed(template, request.param)


def deployed(template: dict[str, Any], deployment: Deployment) -> Stack:
    """Return the stack of a deployment."""
    stack = stack_of(template, deployment)
    if OPERATOR not in stack.resolver.parameters["OperatorArns"]:
        return stack
    text = (ROOT / "docs" / "statebag.md").read_text(encoding="utf-8")
    return stack.with_(*operator_statements(text, stack))


@pytest.fixture(scope="session")
def needs(stack: Stack, calls: list[Call], definition: dict[str, Any]) -> list[Need]:
    """All that the roles of the stack need."""
    return needs_of(stack, calls, definition)
