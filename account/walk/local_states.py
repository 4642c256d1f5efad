"""The local cloud, asked about one state at a time: a machine that has this state alone."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.cloud import Execution, LocalCloud

from .cases import Case, targets_of
from .outcomes import Outcome, without_names

_SECONDS = 120


@dataclass(slots=True)
class LocalStates:
    """Runs states on the local cloud."""

    cloud: LocalCloud
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def outcome(self, case: Case) -> Outcome:
        """Return what the local cloud makes of a case."""
        state = _tried_no_more(case) if case.error and case.exhausted else case.state
        ends = {name: {"Type": "Succeed"} for name in targets_of(case.state)}
        definition = {"StartAt": case.name, "States": {case.name: state, **ends}}
        name = f"walk-{next(self._numbers)}"
        mocks = {case.name: _mocks(case)} if case.mocked else None
        arn = self.cloud.create_state_machine(name, definition, mocks=mocks)
        execution = self.cloud.start_execution(case.document, state_machine_arn=arn)
        return _outcome(case, execution.wait(_SECONDS), self._calls(execution.arn))

    def _calls(self, execution_arn: str) -> int:
        return sum(call.execution_arn == execution_arn for call in self.cloud.mocked_calls)


def _tried_no_more(case: Case) -> Mapping[str, Any]:
    """Return the state with the Retry exhausted that matches the error."""
    if case.retrier is None:
        return case.state
    retriers = [dict(retrier) for retrier in case.state["Retry"]]
    retriers[case.retrier]["MaxAttempts"] = 0
    return {**case.state, "Retry": retriers}


def _mocks(case: Case) -> Sequence[Mapping[str, Any]]:
    """Return the mock of a case; one that is tried again then succeeds."""
    if case.error is None:
        return [{"result": case.result}]
    failed = {"errorOutput": {"error": case.error, "cause": "as mocked"}}
    return [failed] if case.exhausted else [failed, {"result": {}}]


def _outcome(case: Case, execution: Execution, calls: int) -> Outcome:
    if calls > 1:
        return Outcome(status="RETRIABLE", error=case.error)
    entered = [
        event["stateEnteredEventDetails"]
        for event in execution.history
        if "stateEnteredEventDetails" in event
    ]
    after = [each for each in entered if each["name"] in targets_of(case.state)]
    if after:
        return Outcome(
            status="CAUGHT_ERROR" if case.error else "SUCCEEDED",
            next_state=after[0]["name"],
            output=without_names(json.loads(after[0]["input"])),
            error=case.error,
        )
    if execution.status == "SUCCEEDED":
        return Outcome(status="SUCCEEDED", output=without_names(execution.output))
    return Outcome(status="FAILED", error=execution.error)
