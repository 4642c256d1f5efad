"""What is known of each state an execution went through."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StateVisit:
    """One state, entered once.

    Attributes:
        state: its name in the definition.
        kind: its type: Task, Choice, Map, ...
        execution_arn: of the execution, or of the child execution of a Distributed Map.
        input_bytes: size of what came in.
        output_bytes: size of what went on to the next state; 0 where the state failed.
    """

    state: str
    kind: str
    execution_arn: str
    input_bytes: int
    output_bytes: int
