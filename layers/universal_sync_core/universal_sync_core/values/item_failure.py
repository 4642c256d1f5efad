"""How the result of an item reports failure, both inline and beside a pointer."""

import json
from typing import Final

from universal_sync_core.values.codec import Json, JsonObject, encode
from universal_sync_core.values.pointer import parse
from universal_sync_core.values.portable import portable
from universal_sync_core.values.sizes import is_over

FAILURE_STATUSES: Final = frozenset(
    {"FAILED", "ERROR", "TIMED_OUT", "ABORTED", "HALTED", "SIGKILL"}
)
# Step Functions itself writes exactly these keys for an error.
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
_WRITTEN_BY_SERVICE: Final = {"Error", "Cause"}
# These fields of a result in S3 are readable beside its pointer, so that a failure shows without a
# read.
_SHOWN: Final = ("status", "error", "cause")
_MAX_SHOWN_BYTES: Final = 256
_CUT_BYTES: Final = 200
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def failure_of(result: Json) -> JsonObject:
    """Return `{"status", "error", "cause"}` if an item reports failure, else `{}`.

    It reports failure by its status, or by having exactly the keys `Error` and `Cause`. A field
    `error` in a result without such a status is the user's own.

    Args:
        result: the result of an item, or a pointer to it with the fields readable beside it.
    """
    if type(result) is not dict:
        return {}
    pointer = parse(result)
    fields = result if pointer is None else pointer.beside
    if fields.keys() == _WRITTEN_BY_SERVICE and all(type(text) is str for text in fields.values()):
        return {"status": "FAILED", "error": fields["Error"], "cause": fields["Cause"]}
    status: Json = fields.get("status")
    if not is_failure_status(status):
        return {}
    error = fields.get("error") or fields.get("Error")
    cause = fields.get("cause") or fields.get("Cause")
    return {"status": status, "error": error, "cause": cause}


def is_failure_status(status: Json) -> bool:
    """Tell whether a status reports failure, in upper or lower case."""
    return type(status) is str and status.upper() in FAILURE_STATUSES


def failure_beside(result: Json) -> JsonObject:
    """Return what to keep beside a pointer to a result, so that its failure shows as if inline.

    Long strings are cut.
    """
    failure = failure_of(result)
    return {name: _cut(item) for name, item in failure.items() if item is not None}


def shown_beside(result: JsonObject) -> JsonObject:
    """Return the same; for a result without failure, its status, error and cause if short."""
    failure = failure_beside(result)
    if failure:
        return failure
    shown = {name: result[name] for name in _SHOWN if name in result}
    return {name: portable(item) for name, item in shown.items() if _is_short(item)}


def _cut(value: Json) -> Json:
    if _is_short(value):
        return portable(value)
    text = value if type(value) is str else _beginning(value)
    kept = text.encode(errors="replace")[:_CUT_BYTES].decode(errors="ignore")
    return f"{kept}..."


def _is_short(value: Json) -> bool:
    return not is_over(value, _MAX_SHOWN_BYTES) and len(encode(value)) <= _MAX_SHOWN_BYTES


def _beginning(value: Json) -> str:
    """Return the beginning of a value's JSON, without encoding the rest."""
    text = ""
    for part in _ENCODER.iterencode(value):
        text += part
        if len(text) >= _CUT_BYTES:
            break
    return text
