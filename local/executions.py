"""Executions of a state machine, started and followed."""

import json
import time
import uuid
from typing import Any

from .errors import LocalCloudError

_POLL_SECONDS = 0.05
RUNNING = "RUNNING"


class Execution:
    """A started execution.

    Attributes:
        arn: its ARN.
    """

    def __init__(self, states: Any, arn: str) -> None:
        """Follow the execution of that ARN with a client of Step Functions."""
        self._states = states
        self.arn = arn

    @classmethod
    def start(
        cls, states: Any, state_machine_arn: str, value: Any, name: str | None
    ) -> "Execution":
        """Start an execution with any JSON value as its input."""
        started = states.start_execution(
            stateMachineArn=state_machine_arn,
            name=name or str(uuid.uuid4()),
            input=json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        )
        return cls(states, started["executionArn"])

    def wait(self, timeout: float = 300) -> "Execution":
        """Return this execution when it has ended.

        Args:
            timeout: seconds to wait.

        Raises:
            TimeoutError: it still runs after that time.
        """
        deadline = time.monotonic() + timeout
        while self.status == RUNNING:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.arn} still runs after {timeout:g} seconds")
            time.sleep(_POLL_SECONDS)
        return self

    def stop(self) -> None:
        """Abort the execution."""
        self._states.stop_execution(executionArn=self.arn)

    @property
    def status(self) -> str:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
        return str(self._describe()["status"])

    @property
    def output(self) -> Any:
        """The output of an execution that succeeded."""
        described = self._describe()
        if "output" not in described:
            raise LocalCloudError(f"{self.arn} is {described['status']} and has no output")
        return json.loads(described["output"])

    @property
    def error(self) -> str | None:
        """The error name of an execution that failed."""
        return self._describe().get("error")

    @property
    def cause(self) -> str | None:
        """The cause of the failure."""
        return self._describe().get("cause")

    @property
    def history(self) -> list[dict[str, Any]]:
        """The events so far, oldest first."""
        pages = self._states.get_paginator("get_execution_history")
        listed = pages.paginate(executionArn=self.arn, PaginationConfig={"PageSize": 1_000})
        return [event for page in listed for event in page["events"]]

    def _describe(self) -> dict[str, Any]:
        described: dict[str, Any] = self._states.describe_execution(executionArn=self.arn)
        return described
