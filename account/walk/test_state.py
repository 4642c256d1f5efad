"""AWS's own interpreter, asked about one state at a time."""

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from .cases import Case
from .outcomes import Outcome, without_names

_ARN = "arn:aws:states:us-east-1:123456789012"
_CONTEXT = {
    "Execution": {"Id": f"{_ARN}:execution:walk:walk", "Name": "walk", "Input": {}},
    "StateMachine": {"Id": f"{_ARN}:stateMachine:walk", "Name": "walk"},
    "Task": {"Token": "a token"},
}


@dataclass(frozen=True, slots=True)
class TestState:
    """Asks the TestState API with a client of Step Functions."""

    __test__ = False  # pytest takes the name for a test's

    states: Any

    def outcome(self, case: Case) -> Outcome:
        """Return what AWS makes of a case."""
        try:
            answer = self.states.test_state(
                definition=json.dumps(case.state), input=json.dumps(case.document), **_asked(case)
            )
        except ClientError as error:
            return Outcome(status="REFUSED", error=error.response["Error"]["Message"])
        return _outcome(answer)


def _asked(case: Case) -> dict[str, Any]:
    """Return the mock; a context is allowed beside one only."""
    if not case.mocked:
        return {}
    asked: dict[str, Any] = {"context": json.dumps(_CONTEXT)}
    if case.error is None:
        return asked | {"mock": {"result": json.dumps(case.result), "fieldValidationMode": "NONE"}}
    configuration: dict[str, Any] = {"retrierRetryCount": case.retried}
    if case.state["Type"] == "Map":
        configuration = {"errorCausedByState": case.state["ItemProcessor"]["StartAt"]}
    error = {"error": case.error, "cause": "as mocked"}
    return asked | {"mock": {"errorOutput": error}, "stateConfiguration": configuration}


def _outcome(answer: dict[str, Any]) -> Outcome:
    status = answer["status"]
    output = answer.get("output") if status in {"SUCCEEDED", "CAUGHT_ERROR"} else None
    return Outcome(
        status=status,
        next_state=answer.get("nextState"),
        output=None if output is None else without_names(json.loads(output)),
        error=answer.get("error"),
    )
