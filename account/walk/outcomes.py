"""What a state came to, in words that both interpreters share."""

import re
from dataclasses import dataclass
from typing import Any

# The local cloud and TestState give executions names of their own.
_ARN = re.compile(r"arn:aws[a-z-]*:states:[^:\s]*:\d*:(?:execution|express|stateMachine):[^\s\"]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a state came to.

    Attributes:
        status: SUCCEEDED, FAILED, RETRIABLE or CAUGHT_ERROR, as TestState has it.
        next_state: name of the state that comes next.
        output: what that is given; None where the state failed or is tried again.
        error: name of the error.
    """

    status: str
    next_state: str | None = None
    output: Any = None
    error: str | None = None

    def __str__(self) -> str:
        parts = [self.status]
        parts += [self.error] if self.error else []
        parts += [f"next {self.next_state}"] if self.next_state else []
        return ", ".join(parts)


def without_names(value: Any) -> Any:
    """Return a value in which executions and state machines have no names of their own."""
    if isinstance(value, str):
        return _ARN.sub("<arn>", value)
    if isinstance(value, dict):
        return {name: without_names(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [without_names(inner) for inner in value]
    return value
