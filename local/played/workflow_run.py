"""How a workflow went that was played in memory."""

from dataclasses import dataclass, field

from universal_sync_core.values.codec import JsonObject


class RefusedError(Exception):
    """Raised by `answers`: the answer is a failure of this name, for this reason."""

    def __init__(self, error: str, cause: str = "") -> None:
        """Refuse under an error."""
        super().__init__(cause)
        self.error = error
        self.cause = cause


@dataclass(slots=True, kw_only=True)
class WorkflowRun:
    """How a workflow went.

    Attributes:
        status: `SUCCEEDED` or `FAILED`.
        error: of the execution, or None.
        cause: of the execution, or None; it ends with the path of the failure record.
        bag: the last one.
        states: the states that it visited, branch after branch; children of a Distributed Map,
            and branches that are executions of their own, have their own states.
        requests: the requests to people and jobs: `callback_type`, `prompt`, and `branch_id` or
            `job` if the request has one.
        apart: the executions of their own in which branches went on, in order.
    """

    status: str = "RUNNING"
    error: str | None = None
    cause: str | None = None
    bag: JsonObject = field(default_factory=dict, repr=False)
    states: list[str] = field(default_factory=list)
    requests: list[JsonObject] = field(default_factory=list)
    apart: list["WorkflowRun"] = field(default_factory=list)


class FailedStateError(Exception):
    """A state has failed: as a Catch has it."""

    def __init__(self, error: str, cause: str, caught: str) -> None:
        """Tell the error, and the state that catches it."""
        super().__init__(cause)
        self.failure: JsonObject = {"Error": error, "Cause": cause}
        self.caught = caught
