"""A workflow that waits for a job of another service: which one, and how long at most."""

from typing import Final

from universal_sync_core.bag.waiting import SECONDS, seconds_in
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.limits import ARN_CHARS
from universal_sync_core.values.codec import Json, JsonObject

JOB: Final = "job"
# What the state machine reads: which job, and how many seconds its end is waited for.
AWAITED_JOB: Final = "awaited_job"
WEEK_SECONDS: Final = 7 * 24 * 3_600
_TOLD: Final = {"id": str, "timeout_seconds": int}


def awaited_job(asked: JsonObject, place: str) -> JsonObject:
    """Return the job that a result has the workflow wait for.

    Args:
        asked: its `job`, the id or the ARN that its service gave it, and its `wait_seconds`; a week
            if it has none.
        place: what the fields are called where a message names one.

    Raises:
        InvalidRequestError: one of them is not of its kind.
    """
    job, seconds = asked[JOB], asked.get(SECONDS)
    if not is_job_id(job):
        message = (
            f"{place}.{JOB} must be a text, the id or the ARN of the job that was started, of at"
            f" most {ARN_CHARS:,} characters"
        )
        raise InvalidRequestError(message, field=f"{place}.{JOB}")
    most = WEEK_SECONDS if seconds is None else seconds_in(seconds, f"{place}.{SECONDS}", least=1)
    return {"id": job, "timeout_seconds": most}


def is_job_id(value: Json) -> bool:
    """Tell whether a value can be what a service calls a job."""
    return type(value) is str and 0 < len(value) <= ARN_CHARS and value.isprintable()


def is_awaited_job(value: Json) -> bool:
    """Tell whether a value is what the state machine reads of a job."""
    return (
        type(value) is dict
        and {name: type(item) for name, item in value.items()} == _TOLD
        and is_job_id(value["id"])
        and value["timeout_seconds"] > 0
    )
