"""A workflow that waits for a job of another service: which one, and how long at most."""

from typing import Final

from universal_sync_core.bag.waiting import SECONDS, seconds_in
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.limits import ARN_CHARS
from universal_sync_core.values.codec import Json, JsonObject

JOB: Final = "job"
# The state machine reads here which job to wait for, and for how many seconds.
AWAITED_JOB: Final = "awaited_job"
WEEK_SECONDS: Final = 7 * 24 * 3_600
_TOLD: Final = {"id": str, "timeout_seconds": int}


def awaited_job(asked: JsonObject, place: str) -> JsonObject:
    """Return the job that the workflow waits for, as a result asks for it.

    Args:
        asked: the fields of the result. `job` is the id or ARN that the job's service gave it;
            `wait_seconds` is a week by default.
        place: the path of the fields, for messages.

    Raises:
        InvalidRequestError: one of the fields is wrong.
    """
    job, seconds = asked[JOB], asked.get(SECONDS)
    if not is_job_id(job):
        message = (
            f"{place}.{JOB} must be a string, the id or the ARN of the job that was started, of at"
            f" most {ARN_CHARS:,} characters"
        )
        raise InvalidRequestError(message, field=f"{place}.{JOB}")
    most = WEEK_SECONDS if seconds is None else seconds_in(seconds, f"{place}.{SECONDS}", least=1)
    return {"id": job, "timeout_seconds": most}


def is_job_id(value: Json) -> bool:
    """Tell whether a value can be the id that a service gave a job."""
    return type(value) is str and 0 < len(value) <= ARN_CHARS and value.isprintable()


def is_awaited_job(value: Json) -> bool:
    """Tell whether a value has the form of a job that the state machine reads."""
    return (
        type(value) is dict
        and {name: type(item) for name, item in value.items()} == _TOLD
        and is_job_id(value["id"])
        and value["timeout_seconds"] > 0
    )
