"""Children of Map Runs, listed and described as executions: moto knows those of machines alone.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import ExecutionDoesNotExist
from moto.stepfunctions.responses import StepFunctionResponse

from ..patches import Original, around
from .children import Child, child_arn

# Between a machine and the label of its Map.
_LABEL = "/"


def install(stack: ExitStack) -> None:
    """Answer for the children; those of the type EXPRESS are neither listed nor described."""

    @around(stack, StepFunctionResponse, "list_executions")
    def list_executions(original: Original, self: StepFunctionResponse) -> Any:
        run, status = self._get_param("mapRunArn"), self._get_param("statusFilter")
        if run is None:
            return original(self)
        found = (each for each in _children(self) if each["mapRunArn"] == run)
        listed = [each for each in found if status in {None, each["status"]}]
        of_one = {"input", "output", "error", "cause"}
        return ActionResult({"executions": [_without(each, of_one) for each in listed]})

    @around(stack, StepFunctionResponse, "describe_execution")
    def describe_execution(original: Original, self: StepFunctionResponse) -> Any:
        arn = self._get_param("executionArn")
        if _LABEL not in arn:
            return original(self)
        found = next((each for each in _children(self) if each["executionArn"] == arn), None)
        if found is None:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        return ActionResult(_without(found, {"itemCount"}))


def _children(response: StepFunctionResponse) -> Iterator[dict[str, Any]]:
    """Yield what there is to say of the children of all executions."""
    for machine in response.stepfunction_backend.state_machines:
        for execution in machine.executions:
            worker: Any = getattr(execution, "exec_worker", None)
            for record in worker.env.map_run_record_pool_manager.get_all() if worker else ():
                children = vars(record).get("children", ())
                yield from (_said(record, child) for child in children if not child.express)


def _said(record: Any, child: Child) -> dict[str, Any]:
    is_over = child.stopped is not None
    known = {
        "executionArn": child_arn(record, child),
        "mapRunArn": record.map_run_arn,
        "stateMachineArn": record.map_state_machine_arn,
        "name": child.name,
        "status": child.status if is_over else "RUNNING",
        "itemCount": child.items,
        "startDate": child.started,
        "stopDate": child.stopped,
        "input": json.dumps(child.input),
        "output": json.dumps(child.output) if child.status == "SUCCEEDED" else None,
        "error": child.error,
        "cause": child.cause,
    }
    return {key: value for key, value in known.items() if value is not None}


def _without(said: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if key not in keys}
