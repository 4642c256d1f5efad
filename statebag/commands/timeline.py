"""`statebag timeline`: what an execution did, state by state, across those that continued it."""

from collections.abc import Iterable, Iterator
from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.errors import NotFoundError
from statebag.executions.branches import Run, run_of, runs_of
from statebag.executions.chain import chain_of
from statebag.executions.executions import Execution, Executions
from statebag.executions.naming import execution_named
from statebag.executions.step_text import clock_of, label_of, payload_text
from statebag.executions.timeline import Step
from statebag.options import as_json, with_cloud
from statebag.output.masking import masking
from statebag.output.rendering import bytes_text, seconds_text
from statebag.output.terminal import (
    BAD,
    DIM,
    STRONG,
    Styled,
    note,
    print_json,
    print_line,
    print_table,
    styled,
    width,
)
from statebag.sources.failures import headline_of, where_to_look

# What all columns take; a narrower terminal has the fewer ones, each step on one line.
_WIDE: Final = 130
_NARROW_COLUMNS: Final = ("step", "at", "state", "out", "took", "")
_COLUMNS: Final = (
    "step",
    "at",
    "state",
    "in",
    "out",
    "without S3",
    "offloaded",
    "retries",
    "took",
    "next_action",
    "",
)
_TO_THE_RIGHT: Final = ("step", "in", "out", "without S3", "offloaded", "retries", "took")


@click.command()
@click.argument("execution_arn", metavar="EXECUTION")
@click.option(
    "--one",
    is_flag=True,
    help="Only this execution, without its branches, and those that it continues or that"
    " continue it.",
)
@click.option("--state", "states", multiple=True, help="Only states of this name. Repeatable.")
@as_json
@with_cloud
def command(
    cloud: Cloud, execution_arn: str, states: tuple[str, ...], *, one: bool, to_json: bool
) -> None:
    """Show each state that an execution entered.

    Shows when it was entered (UTC), the bytes of its payload with and without offloading, the bytes
    that went to S3 there, retries, duration and next_action. A narrow terminal shows fewer columns.
    Executions that continue each other are shown as one workflow, and a branch that is an execution
    of its own is shown after the one that started it. The number of a step names the state after
    it: `statebag show ARN#12`.

    \b
    Examples:
      statebag timeline ARN
      statebag timeline ARN --state RunSegment
      statebag timeline ARN --json | jq -s 'max_by(.output_bytes)'
    """  # noqa: D301 - click reads the control character
    asked = execution_named(cloud, execution_arn)
    seen: set[str] = set()
    for run in _runs(Executions(cloud.states), asked, one=one):
        seen.update(each.state for each in run.steps)
        steps = [each for each in run.steps if not states or each.state in states]
        if states and not steps:
            continue
        if to_json:
            for step in steps:
                print_json(step.describe())
            continue
        _print_title(run)
        is_narrow = width() < _WIDE
        print_table(
            _NARROW_COLUMNS if is_narrow else _COLUMNS,
            [_narrow_row(step) if is_narrow else _row(step) for step in steps],
            right=_TO_THE_RIGHT,
            one_line=is_narrow,
        )
    _require_seen(states, seen)


def _require_seen(states: Iterable[str], seen: set[str]) -> None:
    """Refuse names of states that nothing has entered."""
    unknown = sorted(set(states) - seen)
    if unknown:
        hint = f"It entered {', '.join(sorted(seen)) or 'no state'}."
        raise NotFoundError(f"it has not entered the state {', '.join(unknown)}", hint=hint)


def _runs(executions: Executions, asked: Execution, *, one: bool) -> Iterator[Run]:
    """Yield an execution with its branches, and all those that continue each other."""
    if one:
        yield run_of(executions, asked)
        return
    for execution in chain_of(executions, asked):
        yield from runs_of(executions, execution)


def _print_title(run: Run) -> None:
    execution = run.execution
    print_line(execution.arn, STRONG)
    if run.started_by is not None:
        print_line(f"a branch of {run.started_by.execution_arn}#{run.started_by.number}", DIM)
    ended = f" after {seconds_text(_seconds(execution))}" if execution.stopped else ""
    headline = headline_of(execution, masking((), active=True))
    if not headline:
        print_line(f"{execution.status}{ended}", DIM)
        return
    print_line(f"{execution.status}{ended}: {headline}", BAD)
    note(where_to_look(execution))


def _seconds(execution: Execution) -> float | None:
    return (execution.stopped - execution.started).total_seconds() if execution.stopped else None


def _narrow_row(step: Step) -> list[str | Styled]:
    ended = styled((step.error, BAD)) if step.error else (step.next_action or "")
    size, took = payload_text(step.output_bytes), seconds_text(step.seconds)
    return [str(step.number), clock_of(step), label_of(step), size, took, ended]


def _row(step: Step) -> list[str | Styled]:
    return [
        str(step.number),
        clock_of(step),
        label_of(step),
        payload_text(step.input_bytes),
        payload_text(step.output_bytes),
        bytes_text(step.without_offload) if step.without_offload else "",
        bytes_text(step.offloaded) if step.offloaded else "",
        str(step.retries) if step.retries else "",
        seconds_text(step.seconds),
        step.next_action or "",
        styled((step.error or "", BAD)),
    ]
