"""`statebag resume`: go on where an execution stopped, or from any of its states."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.errors import DIFFERENT
from statebag.executions.naming import machines_of
from statebag.listing.conditions import Query, where_in
from statebag.listing.feed import Feed
from statebag.listing.finding import Finder
from statebag.listing.options import with_query
from statebag.listing.rows import Row
from statebag.options import as_json, with_cloud, with_masking
from statebag.output.masking import Masking
from statebag.output.rendering import counted
from statebag.output.terminal import (
    BAD,
    NAME,
    Styled,
    ask,
    collected,
    is_answered,
    note,
    print_json,
    print_line,
    print_table,
    styled,
)
from statebag.resuming.bases import Base, base_of, snapshot_of
from statebag.resuming.changes import changes_of, with_changes
from statebag.resuming.many import RESUMABLE, Attempt, Resumer
from statebag.resuming.rehearsal import Rehearsal, rehearsed, started_from
from statebag.resuming.starts import Start, begin
from statebag.state.change_lines import described, tell_changes
from universal_sync_core.values.codec import JsonObject
from universal_sync_core.workflow.continuation import RESUME_FROM

_LIMIT: Final = 100
_COLUMNS: Final = ("execution", "error", "resumed as", "not resumed because")


@click.command()
@click.argument("source", required=False)
@with_changes
@click.option("--name", help="Name of the new execution. Default: derived from the state.")
@click.option("--function", help="The StateDataManagerFunction. Default: from the state machine.")
@click.option("--dry-run", is_flag=True, help="Only show what would be started.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option(
    "--where",
    "conditions",
    multiple=True,
    metavar="PATH=VALUE",
    help="Instead of SOURCE: resume all failed executions with such a state, as `statebag"
    " find` selects them.",
)
@click.option(
    "--start", "starts", is_flag=True, help="With --where: start them. Without it, only show which."
)
@click.option(
    "--limit",
    default=_LIMIT,
    show_default=True,
    type=click.IntRange(1),
    help="With --where: most executions to resume.",
)
@with_query
@as_json
@with_masking
@with_cloud
def command(  # noqa: PLR0913 - options
    cloud: Cloud,
    source: str | None,
    settings: tuple[str, ...],
    removals: tuple[str, ...],
    *,
    conditions: tuple[str, ...],
    query: Query,
    name: str | None,
    function: str | None,
    limit: int,
    dry_run: bool,
    starts: bool,
    yes: bool,
    to_json: bool,
    mask: Masking,
) -> None:
    """Start an execution that goes on where another stopped, or from an earlier state of it.

    SOURCE is an execution that failed, was stopped or timed out, or the s3:// path of a failure
    record or snapshot. The failed segment runs again. An execution that was stopped before it could
    leave a record goes on from its newest state; the function makes a snapshot of it first.

    ARN#N goes back in time, to the state after step N of `statebag timeline`. The execution may
    have any status. This starts a fork: a new execution that leaves the other unchanged. Before a
    fork, or with --set or --unset, you first see what changes in the state.

    Resuming twice from one state starts one execution, unless you give another --name. A state
    machine with states of its own would run all of them again, so it is not started. Instead you
    get the command that redrives the execution.

    --where, and the options of `statebag list`, resume many. Without --start you only see which.

    \b
    Examples:
      statebag resume ARN --dry-run
      statebag resume ARN --set loop_limit=2000
      statebag resume ARN#12 --set current_state.approval.approved=true
      statebag resume ARN#12 --unset current_state.draft --name catalog-again
      statebag resume --stack my-stack --where current_state.region=eu --since 1d --start
    """  # noqa: D301 - click reads the control character
    given = changes_of(settings, removals)
    is_search = bool(conditions) or query != Query()
    if (source is None) != is_search:
        raise click.UsageError("Give either a SOURCE, or --where or another search option.")
    if source is None:
        resumer = Resumer(cloud, given, function, dry=not starts)
        _resume_many(resumer, _found(cloud, query, conditions, limit), to_json=to_json)
        return
    base = base_of(cloud, source)
    is_changed = bool(given) or base.is_fork
    if is_changed or dry_run:
        rehearsal = rehearsed(cloud, base, given, name)
        _tell(base, rehearsal, mask)
        if dry_run:
            print_json(_described(rehearsal, mask))
            return
    if is_changed and not yes and is_answered():
        ask("Start it?")
    start = started_from(base, snapshot_of(cloud, base, function), given, name)
    _resume(cloud, base, start, to_json=to_json)


def _resume(cloud: Cloud, base: Base, start: Start, *, to_json: bool) -> None:
    arn = begin(cloud, start)
    if to_json:
        print_json(_started(start) | {"execution": arn})
        return
    print_line(arn)
    how = "forked" if base.is_fork else "resumed"
    note(f"{how} from {start.input[RESUME_FROM]}; `statebag timeline` follows it")


def _found(cloud: Cloud, query: Query, conditions: tuple[str, ...], limit: int) -> Iterator[Row]:
    """Yield the executions that are to be resumed."""
    wanted = [where_in(text) for text in conditions]
    asked = replace(query, statuses=query.statuses or RESUMABLE)
    rows = Feed(cloud, machines_of(cloud), asked).rows()
    for found in islice(Finder(cloud, wanted).among(rows), limit):
        yield found.row


def _resume_many(resumer: Resumer, rows: Iterator[Row], *, to_json: bool) -> None:
    attempts = collected("resuming", resumer.resume(rows))
    if to_json:
        for each in attempts:
            print_json(each.describe())
    elif attempts:
        print_table(_COLUMNS, [_row(each) for each in attempts])
    for each in attempts:
        if each.cure:
            note(f"{each.row.name}: {each.cure}")
    failed = sum(each.failed is not None for each in attempts)
    done = "resumed" if not resumer.dry else "would be resumed; start them with --start"
    note(f"{failed:,} of {counted(len(attempts), 'execution')} cannot be resumed")
    note(f"{counted(len(attempts) - failed, 'execution')} {done}")
    if failed:
        raise click.exceptions.Exit(DIFFERENT)


def _row(attempt: Attempt) -> list[str | Styled]:
    return [
        styled((attempt.row.name, NAME)),
        attempt.row.error or attempt.row.status,
        (attempt.started or "").rsplit(":", 1)[-1],
        styled((attempt.failed or "", BAD)),
    ]


def _tell(base: Base, rehearsal: Rehearsal, mask: Masking) -> None:
    """Tell what changes, beside what is printed for programs."""
    if base.is_fork and base.execution is not None and base.execution.is_running:
        note(f"{base.execution.name} still runs: it and the fork go on side by side.")
    if base.path is None:
        note("The function makes a snapshot of the state first.")
    tell_changes(rehearsal.changes, mask, note)
    note(f"{counted(len(rehearsal.changes), 'difference')} to the state it goes on from")


def _described(rehearsal: Rehearsal, mask: Masking) -> JsonObject:
    changes = [described(change, mask) for change in rehearsal.changes]
    return _started(rehearsal.start) | {"changes": changes}


def _started(start: Start) -> JsonObject:
    return {"name": start.name, "state_machine": start.machine_arn, "input": start.input}
