"""Ends of executions, told on the default event bus and in their histories, newest first on demand.

moto tells nobody when an execution ends, gives events to no function, and every history whole and
oldest first.
https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from moto.awslambda.models import LambdaFunction
from moto.core.responses import ActionResult
from moto.events.models import Rule, events_backends
from moto.events.utils import EventTemplateParser
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.backend.execution import (
    BaseExecutionWorkerCommunication,
    Execution,
)
from moto.stepfunctions.responses import StepFunctionResponse

from ..clients import ACCOUNT, REGION
from .lambda_functions import get_function

_BUS = "default"

Invoke = Callable[[LambdaFunction, bytes], None]


def install(stack: ExitStack, invoke: Invoke) -> None:
    """Tell the functions that rules lead to, with `invoke`, which does not wait for them."""
    original = BaseExecutionWorkerCommunication._reflect_execution_status  # noqa: SLF001

    def reflect(self: BaseExecutionWorkerCommunication) -> None:
        original(self)  # type: ignore[no-untyped-call]
        event = _event(self.execution)
        for rule in events_backends[ACCOUNT][REGION].event_buses[_BUS].rules.values():
            # A rule with a schedule has no pattern, which would match anything.
            if not rule.scheduled_expression and rule.event_pattern.matches_event(event):
                _tell(rule, event, invoke)

    stack.enter_context(
        patch.object(BaseExecutionWorkerCommunication, "_reflect_execution_status", reflect)
    )
    stack.enter_context(patch.object(StepFunctionResponse, "get_execution_history", _history))


def _event(execution: Execution) -> Any:
    return {
        # moto's templates ask for it.
        "ingestion-time": datetime.now(UTC).isoformat(),
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {
            "executionArn": execution.exec_arn,
            "stateMachineArn": execution.state_machine.arn,
            "status": ExecutionStatus(execution.exec_status).value,
        },
    }


def _tell(rule: Rule, event: Any, invoke: Invoke) -> None:
    for target in rule.targets:
        if ":lambda:" not in target["Arn"]:
            continue
        transformer = target.get("InputTransformer", {})
        told = EventTemplateParser.parse(
            input_template=transformer.get("InputTemplate"),
            input_paths_map=transformer.get("InputPathsMap", {}),
            event=event,
        )
        invoke(get_function(target["Arn"]), json.dumps(told).encode())


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
