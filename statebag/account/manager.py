"""Asking the deployment's own function to do what changes something."""

from typing import Final

from statebag.account.aws import Cloud
from statebag.errors import (
    DamagedError,
    NotFoundError,
    OverError,
    RefusedError,
    StatebagError,
    UnavailableError,
)
from universal_sync_core.values.codec import Json, JsonObject, decode, encode

# Names of the function's errors, which are its contract, and what to do about each.
_EXPLANATIONS: Final[dict[str, tuple[type[StatebagError], str]]] = {
    "CallbackAlreadyAnsweredError": (
        RefusedError,
        "The first answer counts: `statebag callbacks show` shows it.",
    ),
    "CallbackExpiredError": (
        OverError,
        "The execution went on or ended: `statebag timeline` shows which.",
    ),
    "MissingObjectError": (NotFoundError, "`statebag verify` lists everything that is missing."),
    "ChecksumMismatchError": (DamagedError, "`statebag verify` lists all damage."),
    "StoreUnavailableError": (UnavailableError, "Try again in a moment."),
    "StoreThrottledError": (UnavailableError, "Try again in a moment."),
}
_OTHER: Final = (RefusedError, "The function's log has more, under the execution's id.")


def ask(cloud: Cloud, function: str, event: JsonObject) -> Json:
    """Return what the function answers to an event.

    Raises:
        StatebagError: the function raised; its message holds no state.
    """
    answer = cloud.functions.invoke(FunctionName=function, Payload=encode(event))
    payload = decode(answer["Payload"].read(), path=function)
    if not answer.get("FunctionError"):
        return payload
    told = payload if type(payload) is dict else {}
    name, message = told.get("errorType", "Error"), told.get("errorMessage", "")
    kind, hint = _EXPLANATIONS.get(name, _OTHER)
    raise kind(f"{name}: {message}", hint=hint)
