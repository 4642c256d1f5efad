"""What is known of how an execution failed: from its record, its history, and what ran the step."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from botocore.exceptions import ClientError

from statebag.account.aws import Cloud
from statebag.account.log_groups import LogGroups
from statebag.errors import NoAccessError, RefusedError
from statebag.executions.chain import chain_of
from statebag.executions.endings import error_of, meaning_of
from statebag.executions.executions import SUCCEEDED, Execution, Executions
from statebag.executions.links import Logs, logs_of, trace_of
from statebag.output.masking import Masking
from statebag.output.rendering import bytes_text
from statebag.resuming.failed_parts import failed_parts
from statebag.resuming.failed_step import FailedStep, failed_step_of, place_of_step
from statebag.resuming.going_on import undeleting, way_on
from statebag.resuming.starts import resumed_as
from statebag.sources.failures import explanation_of, read_record, record_of
from statebag.sources.sources import newest_bag
from universal_sync_core.errors import MissingObjectError, StateSyncError, StoreError
from universal_sync_core.values.codec import Json, JsonObject

Fact: TypeAlias = tuple[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmortem:
    """How an execution failed.

    Attributes:
        cause: in words, without the path of the record and without the trace; empty without one.
        meaning: of an error that Step Functions itself raises.
        trace: lines of the stack trace, the innermost last or first as the runtime has them.
        stage: what the workflow was about, as its record says.
        where: the step where the error came up, or in which the execution ended.
        segment: that was to be run.
        record: path of the record, and why it cannot be read, where it cannot.
        failed: items and branches that failed before.
        logs: of the function that the step called.
        go_on: the command that goes on; empty where that cannot be told.
        successor: the execution that already did.
    """

    execution: Execution
    error: str
    cause: str
    meaning: str | None = None
    trace: Sequence[str] = ()
    stage: str | None = None
    failed_at: str | None = None
    where: FailedStep
    segment: int | None = None
    record: Sequence[str] = ()
    failed: Sequence[str] = ()
    logs: Logs | None = None
    go_on: Sequence[str] = ()
    successor: str | None = None

    def facts(self, mask: Masking) -> Iterator[Fact]:
        """Yield what is known, each with its name and lines, without what looks secret."""
        yield "error", _masked(self.error, mask)
        if self.cause or not self.meaning:
            yield "cause", _masked(self.cause, mask)
        if self.meaning:
            yield "means", [self.meaning]
        if self.where.caught and not self.failed:
            lines = self.where.caught.lines()
            yield "caught", [line for text in lines for line in _masked(text, mask)]
        if self.trace:
            yield "trace", _masked("\n".join(self.trace), mask)
        if self.failed:
            yield "failed", [line for text in self.failed for line in _masked(text, mask)]
        yield from self._where()
        if self.record:
            yield "record", self.record
        yield from self._observed()
        if self.successor:
            yield "resumed as", [self.successor]
        elif self.go_on:
            yield "go on", self.go_on

    def _where(self) -> Iterator[Fact]:
        if self.stage:
            yield "stage", [self.stage]
        when = self.failed_at or (self.execution.stopped and self.execution.stopped.isoformat())
        if when:
            yield "at", [when]
        if self.segment is not None:
            yield "segment", [str(self.segment)]
        step = self.where.step
        if step is not None:
            yield "state", [place_of_step(step)]
            source = shlex.quote(f"{self.execution.arn}#{step.number}")
            command = f"statebag show {source}"
            size = bytes_text(step.input_bytes)
            yield "given", [size, command] if self.where.has_document else [size]
            if step.started:
                yield "inside", [f"statebag failure {shlex.quote(step.started)}"]

    def _observed(self) -> Iterator[Fact]:
        region = self.execution.arn.split(":")[3]
        if self.logs is not None:
            yield "logs", list(self.logs)
        if self.execution.trace_id:
            trace = self.execution.trace_id
            command = f"aws xray batch-get-traces --region {region} --trace-ids {trace}"
            yield "x-ray", [command, trace_of(self.execution.arn, trace)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left:
    """What a failed execution has left: its record with the path, and its newest bag.

    Attributes:
        problem: why something of it could not be read.
    """

    path: str | None
    record: JsonObject
    bag: JsonObject | None
    problem: Exception | None = None

    @property
    def is_gone(self) -> bool:
        """Whether something of it is not there any more."""
        return isinstance(self.problem, MissingObjectError)

    def lines(self) -> Sequence[str]:
        """Return where its record is, and why not all of it can be read."""
        problem = [f"cannot be read: {self.problem}"] if self.problem else []
        return [*([self.path] if self.path else []), *problem]


def postmortem_of(cloud: Cloud, asked: Execution) -> Postmortem:
    """Return how an execution failed, or the last of those that continued it.

    Raises:
        RefusedError: it has not failed.
    """
    execution = list(chain_of(Executions(cloud.states), asked))[-1]
    if execution.is_running or execution.status == SUCCEEDED:
        arn = shlex.quote(execution.arn)
        hint = f"`statebag timeline {arn}` shows what it has done."
        if execution.is_running:
            hint = f"`statebag watch {arn}` shows what it does, and what it waits for."
        raise RefusedError(f"{execution.name} has not failed: {execution.status}", hint=hint)
    left = _left_by(cloud, execution)
    record = left.record
    told = explanation_of(record.get("cause", execution.cause))
    error = _text(record.get("error")) or error_of(execution) or execution.status
    stage, segment = _text(record.get("stage")), record.get("segment_to_run")
    parts = failed_parts(cloud, execution, record or left.bag or {})
    where = failed_step_of(cloud, execution, error)
    caught = where.caught.told.trace if where.caught else ()
    return Postmortem(
        execution=execution,
        error=error,
        cause=told.message,
        meaning=meaning_of(execution, error, stage),
        trace=told.trace or parts.trace or caught,
        failed=parts.lines,
        stage=stage,
        failed_at=_text(record.get("failed_at")),
        where=where,
        logs=logs_of(execution.arn, where.step, LogGroups(cloud)) if where.step else None,
        segment=segment if type(segment) is int else None,
        record=left.lines(),
        go_on=_way_on(cloud, execution, error, left, where),
        successor=_successor(cloud, left.path) if left.path else None,
    )


def _way_on(
    cloud: Cloud, execution: Execution, error: str, left: _Left, where: FailedStep
) -> Sequence[str]:
    if left.is_gone and left.path is not None:
        return undeleting(left.path)
    fails_again = where.fails_again
    return way_on(cloud, execution, error, left.record, left.bag, fails_again=fails_again)


def _successor(cloud: Cloud, path: str) -> str | None:
    """Return the execution that already went on from a record, or None where S3 does not tell."""
    try:
        return resumed_as(cloud, path)
    except (ClientError, StoreError):
        return None


def _left_by(cloud: Cloud, execution: Execution) -> _Left:
    """Return what an execution has left of itself, as far as that can be read."""
    path, record, problem = None, None, None
    try:
        path = record_of(cloud, execution)
        found = read_record(cloud, execution)
        path, record = found or (None, None)
        return _Left(path=path, record=record or {}, bag=newest_bag(cloud, execution))
    except (ClientError, NoAccessError, StateSyncError) as error:
        problem = error
    bag = Executions(cloud.states).last_bag(execution.arn)
    return _Left(path=path, record=record or {}, bag=bag, problem=problem)


def _masked(text: str, mask: Masking) -> list[str]:
    shown: Json = mask.masked(text)
    return str(shown).splitlines() or ["-"]


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None
