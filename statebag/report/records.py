"""What is told in figures and in words: the summary, failures, and records of any form, briefly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from statebag.output.rendering import bytes_text, counted, preview, printable, seconds_text
from statebag.report.chart import LIMIT
from statebag.report.findings import Findings, Listing
from statebag.sources.failures import explanation_of
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.timestamps import time_of

_BRIEF: Final = 160
_CAUSE: Final = 1_000
_FIELDS_SHOWN: Final = 12
# Fields of a failure with columns of their own; the first of the names says which item it was.
_NAMES: Final = ("branch_id", "segment_id", "name", "index", "output_index")
_COLUMNS: Final = (*_NAMES, "status", "error", "cause")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number of the summary.

    Attributes:
        label: what it counts.
        value: the number with its unit.
        note: what to compare it with.
        tone: `good`, `warn` or `bad` where it is, else empty.
    """

    label: str
    value: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An item, branch or execution that failed."""

    what: str
    error: str
    cause: str
    others: Sequence[tuple[str, str]] = ()


def summary_of(findings: Findings) -> list[Figure]:
    """Return the figures at the top of the page."""
    visits = findings.visits
    retries = sum(visit.retries for visit in visits)
    failed, conflicts = findings.failed.total, findings.conflicts.total
    return [
        *_sizes(findings),
        Figure(label="steps", value=f"{len(visits):,}", note=_in_executions(findings)),
        Figure(label="retries", value=f"{retries:,}", tone="warn" if retries else ""),
        Figure(label="failed items", value=f"{failed:,}", tone="bad" if failed else ""),
        Figure(label="conflicts", value=f"{conflicts:,}", tone="warn" if conflicts else ""),
    ]


def _sizes(findings: Findings) -> Iterator[Figure]:
    if findings.visits:
        largest = max(visit.payload for visit in findings.visits)
        without = max(visit.without_offload for visit in findings.visits)
        share = f"{largest / LIMIT:.0%} of 256 KiB"
        tone = "good" if largest <= LIMIT else "bad"
        yield Figure(label="largest payload", value=bytes_text(largest), note=share, tone=tone)
        times = f"{without / LIMIT:,.1f} times the limit" if without > LIMIT else "under the limit"
        yield Figure(label="without offloading", value=bytes_text(without), note=times)
    if findings.state is not None:
        size, inline = findings.state.part.size, findings.inline_bytes
        note = f"{bytes_text(inline)} of it in the payload"
        yield Figure(label="state", value=bytes_text(max(size, inline)), note=note)


def _in_executions(findings: Findings) -> str:
    count = len(findings.executions)
    chain = "one execution" if count == 1 else f"{count} executions"
    segments = findings.segments_run
    return chain if segments is None else f"{chain}, {counted(segments, 'segment')}"


def took(started: datetime, stopped: datetime | None) -> str:
    """Return how long an execution took."""
    return seconds_text((stopped - started).total_seconds()) if stopped else "still running"


def failures(listing: Listing) -> list[Failure]:
    """Return the failed items of a listing."""
    return [_failure(position, item) for position, item in listing.items]


def _failure(position: int, item: Json) -> Failure:
    if not isinstance(item, dict):
        return Failure(what=f"[{position}]", error="", cause=brief(item))
    name = next((item[name] for name in _NAMES if item.get(name) is not None), f"[{position}]")
    others = [(key, value) for key, value in item.items() if key not in _COLUMNS]
    return Failure(
        what=brief(name),
        error=brief(item.get("error") or item.get("status") or ""),
        cause=brief(explanation_of(item.get("cause")).message, _CAUSE),
        others=[(key, brief(value)) for key, value in others if value is not None],
    )


def fields_of(value: Json) -> list[tuple[str, str]]:
    """Return the first fields of a record, briefly; a single one without a name of any other."""
    if not isinstance(value, dict):
        return [("", brief(value))]
    return [(printable(key), brief(item)) for key, item in list(value.items())[:_FIELDS_SHOWN]]


def time_told_by(value: Json) -> str:
    """Return the time that a record contains, or nothing."""
    nanoseconds = time_of(value) if isinstance(value, dict) else None
    if nanoseconds is None:
        return ""
    try:
        return f"{datetime.fromtimestamp(nanoseconds / 10**9, UTC):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, OSError, ValueError):
        return ""


def brief(value: Json, limit: int = _BRIEF) -> str:
    """Return a value on one line: a text as it is, anything else as JSON."""
    if isinstance(value, str):
        return printable(value, limit)
    if isinstance(value, dict | list):
        return printable(encode(value).decode(errors="replace"), limit)
    return preview(value, limit)
