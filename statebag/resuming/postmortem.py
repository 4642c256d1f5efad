"""What is known of how an execution failed: from its record, its history, and what ran the step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from statebag.account.aws import Cloud
from statebag.errors import RefusedError
from statebag.executions.chain import chain_of
from statebag.executions.endings import error_of, meaning_of
from statebag.executions.executions import Execution, Executions
from statebag.executions.links import logs_of, trace_of
from statebag.executions.timeline import Step, steps_of
from statebag.output.masking import Masking
from statebag.output.rendering import bytes_text, counted
from statebag.resuming.failed_parts import failed_parts
from statebag.resuming.going_on import way_on
from statebag.resuming.starts import resumed_as
from statebag.sources.failures import explanation_of, read_record
from statebag.sources.sources import newest_bag
from universal_sync_core.errors import StateSyncError
from universal_sync_core.values.codec import Json, JsonObject

Fact: TypeAlias = tuple[str, Sequence[str]]

SUCCEEDED: Final = "SUCCEEDED"
_RESERVED: Final = "States."
_FAIL: Final = "Fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmortem:
    """How an execution failed.

    Attributes:
        cause: in words, without the path of the record and without the trace; empty without one.
        meaning: of an error that Step Functions itself raises.
        trace: lines of the stack trace, the innermost last or first as the runtime has them.
        stage: what the workflow was about, as its record says.
        step: of the timeline, where the error came up, or in which the execution ended.
        segment: that was to be run.
        record: path of the record.
        failed: items and branches that failed before.
        go_on: the command that goes on; None where that cannot be told.
        successor: the execution that already did.
    """

    execution: Execution
    error: str
    cause: str
    meaning: str | None = None
    trace: Sequence[str] = ()
    stage: str | None = None
    failed_at: str | None = None
    step: Step | None = None
    segment: int | None = None
    record: str | None = None
    failed: Sequence[str] = ()
    go_on: str | None = None
    successor: str | None = None

    def facts(self, mask: Masking) -> Iterator[Fact]:
        """Yield what is known, each with its name and lines, without what looks secret."""
        yield "error", [self.error]
        if self.cause or not self.meaning:
            yield "cause", _masked(self.cause, mask)
        if self.meaning:
            yield "means", [self.meaning]
        if self.trace:
            yield "trace", [line for text in self.trace for line in _masked(text, mask)]
        if self.failed:
            yield "failed", [line for text in self.failed for line in _masked(text, mask)]
        yield from self._where()
        if self.record:
            yield "record", [self.record]
        yield from self._observed()
        if self.successor:
            yield "resumed as", [self.successor]
        elif self.go_on:
            yield "go on", [self.go_on]

    def _where(self) -> Iterator[Fact]:
        if self.stage:
            yield "stage", [self.stage]
        when = self.failed_at or (self.execution.stopped and self.execution.stopped.isoformat())
        if when:
            yield "at", [when]
        if self.segment is not None:
            yield "segment", [str(self.segment)]
        if self.step is not None:
            tried = f", after {counted(self.step.tries, 'try', 'tries')}" if self.step.tries else ""
            yield "state", [f"{self.step.state}, step {self.step.number}{tried}"]
            source = f"{self.execution.arn}#{self.step.number}"
            yield "given", [bytes_text(self.step.input_bytes), f"statebag show '{source}'"]

    def _observed(self) -> Iterator[Fact]:
        region = self.execution.arn.split(":")[3]
        if self.step is not None and (logs := logs_of(self.execution.arn, self.step)):
            yield "logs", list(logs)
        if self.execution.trace_id:
            trace = self.execution.trace_id
            command = f"aws xray batch-get-traces --region {region} --trace-ids {trace}"
            yield "x-ray", [command, trace_of(self.execution.arn, trace)]


def postmortem_of(cloud: Cloud, asked: Execution) -> Postmortem:
    """Return how an execution failed, or the last of those that continued it.

    Raises:
        RefusedError: it has not failed.
    """
    execution = list(chain_of(Executions(cloud.states), asked))[-1]
    if execution.is_running or execution.status == SUCCEEDED:
        hint = "`statebag timeline` shows what it does, or has done."
        raise RefusedError(f"{execution.name} has not failed: {execution.status}", hint=hint)
    path, record = _record(cloud, execution)
    told = explanation_of(record.get("cause", execution.cause))
    error = _text(record.get("error")) or error_of(execution) or execution.status
    segment = record.get("segment_to_run")
    successor = resumed_as(cloud, path) if path else None
    bag = _last_bag(cloud, execution)
    parts = failed_parts(cloud, execution, record or bag or {})
    return Postmortem(
        execution=execution,
        error=error,
        cause=told.message,
        meaning=meaning_of(execution, error),
        trace=told.trace or parts.trace,
        failed=parts.lines,
        stage=_text(record.get("stage")),
        failed_at=_text(record.get("failed_at")),
        step=_step_of(cloud, execution, error),
        segment=segment if type(segment) is int else None,
        record=path,
        go_on=way_on(cloud, execution, error, record, bag),
        successor=successor,
    )


def _record(cloud: Cloud, execution: Execution) -> tuple[str | None, JsonObject]:
    """Return the record with its path; of one that is gone or cannot be read, nothing."""
    try:
        return read_record(cloud, execution) or (None, {})
    except StateSyncError:
        return None, {}


def _step_of(cloud: Cloud, execution: Execution, error: str) -> Step | None:
    """Return the last step a task of which ended with this error, else the one it ended in."""
    raised, ended_in = None, None
    for step in steps_of(Executions(cloud.states).events(execution.arn), execution.arn):
        step.let_go()
        is_it = (step.error or "").removeprefix(_RESERVED) == error.removeprefix(_RESERVED)
        if is_it and (raised is None or step.number > raised.number):
            raised = step
        # A Fail state is where an execution ends, and not why.
        if step.left is None and step.kind != _FAIL:
            ended_in = max(step, ended_in or step, key=lambda each: each.number)
    return raised or ended_in


def _last_bag(cloud: Cloud, execution: Execution) -> JsonObject | None:
    try:
        return newest_bag(cloud, execution)
    except StateSyncError:  # what the record leads to cannot be read
        return Executions(cloud.states).last_bag(execution.arn)


def _masked(text: str, mask: Masking) -> list[str]:
    shown: Json = mask.masked(text)
    return str(shown).splitlines() or ["-"]


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None
