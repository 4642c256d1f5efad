"""Items of a map and branches of a group that failed before their workflow did."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import ClientError

from statebag.account.aws import Cloud
from statebag.errors import NoAccessError
from statebag.executions.executions import Execution
from statebag.sources.failures import explanation_of, is_own
from statebag.state.reading import reader_at
from universal_sync_core.bag.fields import FAILED_SEGMENTS, OUTPUTS, whole_name
from universal_sync_core.errors import StateSyncError
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.pointer import recognise
from universal_sync_core.workflow.failure import is_failure_record

_SHOWN: Final = 5
_NAMES: Final = {"branch_id": "branch", "segment_id": "segment", "index": "item"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedParts:
    """What failed in a map or a group.

    Attributes:
        lines: how many failed, and the first of them with error and cause.
        trace: of the first, where it has one.
    """

    lines: Sequence[str] = ()
    trace: Sequence[str] = ()


def failed_parts(cloud: Cloud, execution: Execution, told: JsonObject) -> FailedParts:
    """Return the items and branches that a failure record, or a bag, says have failed."""
    found = told.get(FAILED_SEGMENTS)
    parts = [part for part in found if type(part) is dict] if type(found) is list else []
    if not parts:
        return FailedParts()
    whole = recognise(told.get(whole_name(FAILED_SEGMENTS)))
    total = (whole.count if whole else None) or len(parts)
    command = f"statebag show {shlex.quote(execution.arn)} --path {FAILED_SEGMENTS}"
    shown = [_line(part) for part in parts[:_SHOWN]]
    return FailedParts(
        lines=[f"{total} in all", *shown, command],
        trace=_trace(cloud, execution, parts[0]),
    )


def _line(part: JsonObject) -> str:
    said = " ".join(explanation_of(part.get("cause")).message.split())
    return ": ".join(text for text in (_name(part), _text(part.get("error")), said) if text)


def _name(part: JsonObject) -> str:
    """Return which part it is; an item without a known position is known by its output's place."""
    name = next((key for key in _NAMES if part.get(key) is not None), None)
    if name is not None:
        return f"{_NAMES[name]} {part[name]}"
    place: Json = part.get("output_index")
    return "item" if place is None else f"{OUTPUTS}[{place}]"


def _trace(cloud: Cloud, execution: Execution, part: JsonObject) -> Sequence[str]:
    """Return the trace of a part: from its cause, or from the record that it left."""
    trace = explanation_of(part.get("cause")).trace
    path = _text(part.get("record_s3_path"))
    if trace or not path:
        return trace
    try:
        if not is_own(cloud, execution, path):
            return ()
        record = reader_at(cloud, path).document(path)
    except (ClientError, NoAccessError, StateSyncError):
        return ()
    return explanation_of(record.get("cause")).trace if is_failure_record(record) else ()


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
