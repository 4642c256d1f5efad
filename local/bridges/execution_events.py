"""Ends of executions, told on the default event bus and in their histories, newest first on demand.

moto tells nobody when an execution ends, ends one that is stopped without the error and the cause
that StopExecution was given, and gives every history whole and oldest first.
https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.backend.execution import (
    BaseExecutionWorkerCommunication,
    Execution,
)
from moto.stepfunctions.responses import StepFunctionResponse

from .patches import Original, around, put
from .service_events import Invoke, deliver


def install(stack: ExitStack, invoke: Invoke) -> None:
    """Tell the functions that rules lead to, with `invoke`, which does not wait for them."""

    @around(stack, BaseExecutionWorkerCommunication, "_reflect_execution_status")
    def reflect(original: Original, self: BaseExecutionWorkerCommunication) -> None:
        original(self)
        deliver(_event(self.execution), invoke)

    put(stack, StepFunctionResponse, "get_execution_history", _history)
    put(stack, StepFunctionResponse, "stop_execution", _stop)


def _event(execution: Execution) -> dict[str, Any]:
    told: Any = execution
    detail = {
        "executionArn": told.exec_arn,
        "stateMachineArn": told.state_machine.arn,
        "name": told.name,
        "status": ExecutionStatus(told.exec_status).value,
        "output": told.output,
        "error": told.error,
        "cause": told.cause,
    }
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "resources": [execution.exec_arn],
        "detail": detail,
    }


def _stop(self: StepFunctionResponse) -> ActionResult:
    """Answer StopExecution: the execution ends with the error and the cause that it was given."""
    arn, error, cause = (self._get_param(name) for name in ("executionArn", "error", "cause"))
    execution: Any = self.stepfunction_backend.describe_execution(arn)
    execution.stop(stop_date=datetime.now(UTC), error=error, cause=cause)
    return ActionResult({"stopDate": execution.stop_date})


def _history(self: StepFunctionResponse) -> ActionResult:
    """Answer GetExecutionHistory page by page."""
    arn = self._get_param("executionArn")
    events = self.stepfunction_backend.get_execution_history(arn)["events"]
    if self._get_param("reverseOrder"):
        events = events[::-1]
    start = int(self._get_param("nextToken") or 0)
    stop = start + (self._get_param("maxResults") or len(events))
    page: dict[str, Any] = {"events": events[start:stop]}
    return ActionResult(page | ({"nextToken": str(stop)} if stop < len(events) else {}))
