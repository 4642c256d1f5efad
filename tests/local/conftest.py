"""A cloud with a small stack of its own: one for each module, since a process holds one."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.cloud import Execution, LocalCloud, UserFunction

HERE = Path(__file__).parent
_numbers = itertools.count()

Machine = Callable[..., Execution]


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    worker = UserFunction(
        name="Worker",
        code_dir=HERE / "worker",
        handler="worker.handler",
        environment={"NAME": "Ada"},
    )
    template = HERE / "stack" / "template.yaml"
    with LocalCloud.start(template=template, extra_functions=[worker]) as started:
        yield started


@pytest.fixture
def run(cloud: LocalCloud) -> Machine:
    """Start an execution of the given states."""
    machines = cloud.client("stepfunctions")

    def start(states: dict[str, Any], value: Any = None, **fields: Any) -> Execution:
        definition = {"StartAt": next(iter(states)), "States": states, **fields}
        arn = machines.create_state_machine(
            name=f"machine-{next(_numbers)}",
            definition=json.dumps(definition),
            roleArn="arn:aws:iam::123456789012:role/local",
        )["stateMachineArn"]
        return cloud.start_execution(value or {}, state_machine_arn=arn)

    return start


@dataclass(frozen=True, slots=True)
class Failed:
    """An execution that failed, by its error."""

    error: str | None


@pytest.fixture
def outcome(cloud: LocalCloud) -> Callable[..., Any]:
    """Give the output of an execution of the given states, or how it failed."""

    def run(states: dict[str, Any], value: Any = None, mocks: Any = None, **fields: Any) -> Any:
        definition = {"StartAt": next(iter(states)), "States": states, **fields}
        name = f"machine-{next(_numbers)}"
        arn = cloud.create_state_machine(name, definition, mocks=mocks)
        ended = cloud.start_execution(value, state_machine_arn=arn).wait(30)
        return ended.output if ended.status == "SUCCEEDED" else Failed(ended.error)

    return run


@pytest.fixture
def task(cloud: LocalCloud) -> Callable[..., dict[str, Any]]:
    """Give a state that invokes the function."""

    def state(payload: dict[str, Any], *, wait: bool = False, **fields: Any) -> dict[str, Any]:
        resource = "arn:aws:states:::lambda:invoke" + (".waitForTaskToken" if wait else "")
        return {
            "Type": "Task",
            "Resource": resource,
            "Parameters": {"FunctionName": cloud.outputs["FunctionArn"], "Payload": payload},
            **({} if "Next" in fields else {"End": True}),
            **fields,
        }

    return state
