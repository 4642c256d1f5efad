"""The machine as deployed, with functions and bucket of its own."""

import json
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import boto3
import pytest
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

REGION = "us-east-1"

Payload: TypeAlias = dict[str, Any]
Answer: TypeAlias = Callable[[Any, str], object]


class RaisedError(Exception):
    """The function ends with an error of this name."""


class Function(Protocol):
    """Stands in for all Lambda functions of the machine.

    Attributes:
        token: of a task that waits, until it is answered.
    """

    token: str

    def answer(self, event: Payload) -> Any:
        """Return the answer to an event, or raise RaisedError."""


class Machine:
    """Runs executions on moto's interpreter."""

    def __init__(self, definition: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._client = boto3.client("stepfunctions", REGION)
        created = self._client.create_state_machine(
            name="machine", definition=definition, roleArn="arn:aws:iam::123456789012:role/role"
        )
        self._arn = created["stateMachineArn"]

    def run(
        self, function: Function, answer: Answer | None = None, *, value: object = None
    ) -> Payload:
        """Return the description of an execution that has ended."""

        def invoke(parameters: Payload, **_: object) -> Payload:
            try:
                given = function.answer(json.loads(parameters["Payload"]))
            except RaisedError as error:
                payload = {"errorType": str(error), "errorMessage": "as scripted"}
                return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": payload}
            return {"StatusCode": 200, "Payload": given}

        self._monkeypatch.setattr(lambda_eval_utils, "_invoke_lambda_function", invoke)
        started = self._client.start_execution(
            stateMachineArn=self._arn,
            name=f"run-{time.monotonic_ns()}",
            input=json.dumps(value or {}),
        )
        while True:
            execution = self._client.describe_execution(executionArn=started["executionArn"])
            if execution["status"] != "RUNNING":
                return dict(execution)
            if function.token and answer:
                token, function.token = function.token, ""
                answer(self._client, token)
            time.sleep(0.02)
