"""Child executions of Distributed Maps, from their item to their outcome."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.map_run_record import (  # noqa: E501
    MapRunRecord,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramError,
    ProgramStopped,
    ProgramTimedOut,
)


@dataclass(slots=True, kw_only=True)
class Child:
    """A child execution, from its item to its outcome.

    Attributes:
        index: position of its item.
        input: what it starts with: the item after the ItemSelector, or a batch of them.
        express: whether it is an execution of the type EXPRESS.
        items: how many items it has.
        name: of the execution, as AWS gives one.
        status: PENDING until it has ended; then SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
    """

    index: int
    input: Any
    express: bool = False
    items: int = 1
    name: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "PENDING"
    output: Any = None
    error: str | None = None
    cause: str | None = None
    started: datetime | None = None
    stopped: datetime | None = None


class ChildOutputs(list[Any]):
    """What a Map Run puts on moto's stack: the outputs in item order, and all its children.

    Attributes:
        record: of the Map Run.
        config: of its ResultWriter.
        ended: its children in the order in which they ended.
        pending: those that never started.
    """

    def __init__(
        self,
        record: MapRunRecord,
        config: Mapping[str, Any],
        ended: Sequence[Child],
        pending: Sequence[Child],
    ) -> None:
        in_order = sorted(ended, key=lambda child: child.index)
        super().__init__(child.output for child in in_order if child.status == "SUCCEEDED")
        self.record = record
        self.config = config
        self.ended = ended
        self.pending = pending

    def __deepcopy__(self, memo: dict[int, Any]) -> "ChildOutputs":
        return self


def child_arn(record: MapRunRecord, child: Child) -> str:
    """Return the ARN of a child: `...:execution:<machine>/<label>:<name>`, or an EXPRESS one.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-machine-monitoring.html
    """
    machine = record.map_state_machine_arn
    if child.express:
        return f"{machine.replace(':stateMachine:', ':express:')}:{child.name}:{child.name}"
    return f"{machine.replace(':stateMachine:', ':execution:')}:{child.name}"


def take_outcome(child: Child, frame: Environment) -> None:
    """Note how a child ended."""
    state = frame.program_state()
    if isinstance(state, ProgramError):
        error = state.error or {}
        child.status = "FAILED"
        child.error, child.cause = error.get("error"), error.get("cause")
    elif isinstance(state, ProgramTimedOut):
        child.status = "TIMED_OUT"
        child.error = "States.Timeout"
    elif isinstance(state, ProgramStopped):
        child.status = "ABORTED"
    else:
        child.status = "SUCCEEDED"
        child.output = frame.states.get_input()
