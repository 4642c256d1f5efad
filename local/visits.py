"""What is known of each state an execution went through."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .limits import payload_bytes

_ENTERED, _LEFT = "stateEnteredEventDetails", "stateExitedEventDetails"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateVisit:
    """One state, entered once.

    Attributes:
        state: its name in the definition.
        kind: its type: Task, Choice, Map, ...
        execution_arn: of the execution, or of the child execution of a Distributed Map.
        input_bytes: size of its input.
        output_bytes: size of the output that went on to the next state; 0 if the state failed.
    """

    state: str
    kind: str
    execution_arn: str
    input_bytes: int
    output_bytes: int


def visits_in(history: Sequence[dict[str, Any]], execution_arn: str) -> list[StateVisit]:
    """Return the states that an execution has left, by the events of its history.

    States that were never left, as a Fail state, come last.
    """
    by_id = {event["id"]: event for event in history}
    entered, found = [event for event in history if _ENTERED in event], []
    for event in history:
        if _LEFT in event:
            start = _start_of(event, by_id)
            entered.remove(start)
            found.append(_visit(start, event[_LEFT].get("output", ""), execution_arn))
    return found + [_visit(start, "", execution_arn) for start in entered]


def _start_of(left: dict[str, Any], by_id: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Return the event with which a state was entered that another event has left."""
    event = left
    while event.get(_ENTERED, {}).get("name") != left[_LEFT]["name"]:
        event = by_id[event.get("previousEventId", event["id"] - 1)]
    return event


def _visit(entered: dict[str, Any], output: str, execution_arn: str) -> StateVisit:
    return StateVisit(
        state=entered[_ENTERED]["name"],
        kind=entered["type"].removesuffix("StateEntered"),
        execution_arn=execution_arn,
        input_bytes=_bytes_of(entered[_ENTERED].get("input", "")),
        output_bytes=_bytes_of(output),
    )


def _bytes_of(text: str) -> int:
    return payload_bytes(json.loads(text)) if text else 0
