"""`statebag watch`: an execution while it runs."""

import shlex
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import click
from botocore.exceptions import ClientError

from statebag.account.aws import Cloud
from statebag.account.callbacks import WAITING, Callback, callbacks_of
from statebag.account.deployment import place_of_machine
from statebag.errors import DIFFERENT, OK, NoAccessError
from statebag.executions.chain import continued_as, owner_of
from statebag.executions.executions import SUCCEEDED, Execution, Executions
from statebag.executions.following import Change, Follower
from statebag.executions.naming import execution_named
from statebag.executions.step_text import bar_text, clock_of, label_of, payload_text, share_text
from statebag.executions.timeline import Step
from statebag.options import as_json, every, with_cloud, with_masking
from statebag.output.masking import Masking
from statebag.output.rendering import preview, seconds_text
from statebag.output.terminal import (
    BAD,
    DIM,
    GOOD,
    STRONG,
    Screen,
    Styled,
    columns_of,
    note,
    print_json,
    screen,
    styled,
    width,
)
from statebag.sources.failures import headline_of, where_to_look
from universal_sync_core.errors import StoreAccessDeniedError

# A narrower terminal has no bar and no next_action.
_WIDE: Final = 130
_BAR_CHARS: Final = 32
_NAME_CHARS: Final = 40
_ID_CHARS: Final = 8
# A callback is in S3 a moment after its state was entered.
_LOOKS_FOR_CALLBACK: Final = 5


@click.command()
@click.argument("execution_arn", metavar="EXECUTION")
@click.option(
    "--tail",
    default=20,
    show_default=True,
    type=click.IntRange(0),
    help="How many of the states already entered to show first.",
)
@every("Seconds between looks.")
@as_json
@with_masking
@with_cloud
def command(  # noqa: PLR0913 - options
    cloud: Cloud, execution_arn: str, tail: int, every: float, *, to_json: bool, mask: Masking
) -> int:
    """Watch an execution: show each state as it is entered, until the execution has ended.

    A line has the step (`statebag show ARN#12`), the time (UTC), the state, and its payload against
    the limit of 256 KiB. Waiting callbacks are shown with the command that answers them. If the
    workflow goes on as a new execution, that one is watched next.

    Exits with 0 if the workflow has succeeded, and with 1 if it has not.

    \b
    Examples:
      statebag watch ARN
      statebag watch ARN --tail 0 --json | jq -r .state
      statebag watch ARN && echo done
    """  # noqa: D301 - click reads the control character
    executions = Executions(cloud.states)
    execution = execution_named(cloud, execution_arn)
    with screen() as shown:
        while True:
            watch = _Watch(cloud, executions, shown, mask, to_json=to_json)
            execution = watch.run(execution, tail, every)
            successor = continued_as(execution)
            if successor is None:
                break
            execution = executions.describe(successor)
    return OK if execution.status == SUCCEEDED else DIFFERENT


@dataclass(kw_only=True)
class _Told:
    """What was told of a step already."""

    tries_failed: int = 0
    looks: int = 0


@dataclass
class _Watch:
    cloud: Cloud
    executions: Executions
    screen: Screen
    mask: Masking
    to_json: bool = field(kw_only=True)
    _told: dict[int, _Told] = field(default_factory=dict, init=False)
    _asked: set[str] = field(default_factory=set, init=False)
    _payload: int = field(default=0, init=False)

    def run(self, execution: Execution, tail: int, every: float) -> Execution:
        """Tell of an execution until it has ended; return it as it is then."""
        follower = Follower(self.executions, execution.arn)
        self._title(execution)
        newest: deque[Change] = deque(maxlen=None if self.to_json else tail)
        newest.extend(each for each in follower.changes() if self.to_json or not each.is_over)
        self._tell(newest)
        while True:
            # Asked first: what has ended has no later event.
            execution = self.executions.describe(execution.arn)
            self._tell(follower.changes())
            self._tell_open(execution, follower.open)
            if not execution.is_running:
                self._end(execution)
                return execution
            self.screen.status(list(self._status(follower.open, execution)))
            time.sleep(every)

    def _title(self, execution: Execution) -> None:
        if not self.to_json:
            self.screen.line(styled((execution.arn, STRONG)))

    def _tell(self, changes: Iterable[Change]) -> None:
        for change in changes:
            size = change.step.output_bytes if change.is_over else change.step.input_bytes
            self._payload = size or self._payload
            if self.to_json:
                print_json(
                    {"event": "left" if change.is_over else "entered"} | change.step.describe()
                )
            elif not change.is_over:
                self.screen.line(_row(change.step))

    def _tell_open(self, execution: Execution, steps: list[Step]) -> None:
        """Tell of what is at work: tries that failed, and what is waited for."""
        if self.to_json:
            return
        for step in steps:
            told = self._told.setdefault(step.number, _Told())
            if step.error and step.tries > told.tries_failed:
                told.tries_failed = step.tries
                self._aside(styled((f"{step.error}, try {step.tries}", BAD)))
        self._tell_waits(execution, steps)

    def _tell_waits(self, execution: Execution, steps: list[Step]) -> None:
        for step in steps:
            told = self._told[step.number]
            if step.kind == "Wait" and not told.looks:
                told.looks += 1
                self._aside(styled(f"waits until {_until(step)}"))
        waits = [step for step in steps if step.is_waiting]
        if any(self._told[step.number].looks < _LOOKS_FOR_CALLBACK for step in waits):
            for step in waits:
                self._told[step.number].looks += 1
            self._tell_callbacks(execution)

    def _tell_callbacks(self, execution: Execution) -> None:
        for callback in _callbacks(self.cloud, execution):
            if callback.status == WAITING and callback.callback_id not in self._asked:
                self._asked.add(callback.callback_id)
                for line in _asked(callback, execution, self.mask):
                    self._aside(styled(line))

    def _aside(self, text: Styled) -> None:
        self.screen.line(styled(" " * 16, text))

    def _status(self, steps: list[Step], execution: Execution) -> Iterable[Styled]:
        """Return what stands below where somebody looks: what is open, and the payload."""
        now = time.time()
        for step in steps:
            what = "waits" if step.is_waiting or step.kind == "Wait" else "runs"
            since = seconds_text(max(0, now - step.entered.timestamp()))
            yield styled(" " * 6, label_of(step), (f" {what} for {since}", DIM))
        if not steps:
            yield styled((f"      {execution.status}", DIM))
        yield styled(
            "      payload ", bar_text(self._payload, _BAR_CHARS), " ", share_text(self._payload)
        )

    def _end(self, execution: Execution) -> None:
        self.screen.status([])
        if self.to_json:
            return
        took = seconds_text(
            ((execution.stopped or execution.started) - execution.started).total_seconds()
        )
        headline = headline_of(execution, self.mask)
        style = GOOD if execution.status == SUCCEEDED else BAD
        why = f": {headline}" if headline else ""
        self.screen.line(styled((f"{execution.status} after {took}{why}", style)))
        if headline:
            note(where_to_look(execution))


def _row(step: Step) -> Styled:
    is_wide = width() >= _WIDE
    room = _NAME_CHARS + (20 if is_wide else 0)
    cells: list[tuple[Styled | str, int]] = [
        (f"{step.number:>5} ", 6),
        (clock_of(step), 9),
        (label_of(step), room),
        (payload_text(step.input_bytes), -10),
        (share_text(step.input_bytes), -5),
    ]
    if is_wide:
        cells += [(" ", 2), (bar_text(step.input_bytes, _BAR_CHARS), _BAR_CHARS), (" ", 2)]
        cells.append((step.next_action or "", 0))
    return columns_of(cells)


def _until(step: Step) -> str:
    state = (step.bag or {}).get("wait_state")
    until = state.get("until") if type(state) is dict else None
    return until if isinstance(until, str) else "its time is over"


def _callbacks(cloud: Cloud, execution: Execution) -> list[Callback]:
    """Return what an execution has asked, as far as whoever watches may see it."""
    try:
        place = place_of_machine(cloud, execution.machine_arn)
        return callbacks_of(cloud, place, owner_of(cloud, place, execution)) if place else []
    except (ClientError, NoAccessError, StoreAccessDeniedError):
        return []  # the states that wait are named all the same


def _asked(callback: Callback, execution: Execution, mask: Masking) -> Iterable[str]:
    short = callback.callback_id[:_ID_CHARS]
    if callback.kind == "hold":
        yield f"held by an operator: `statebag release {shlex.quote(execution.arn)}`"
        return
    prompt = preview(mask.beginning(callback.prompt, ("prompt",)))
    yield f"waits for {'a job' if callback.kind == 'async' else 'a person'}: {prompt}"
    yield f"`statebag callbacks approve {shlex.quote(execution.arn)} {short}`"
