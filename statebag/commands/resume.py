"""`statebag resume`: go on where an execution stopped."""

from collections.abc import Iterable

import click

from statebag.account.aws import Cloud
from statebag.executions.naming import execution_named
from statebag.executions.restarts import require_restartable
from statebag.executions.resuming import begin, left_by, snapshot_newest, start_from
from statebag.options import as_json, with_cloud
from statebag.output.terminal import note, print_json, print_line
from statebag.paths import Steps, parse_path
from universal_sync_core.bag.fields import STATE as CURRENT_STATE
from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.values.codec import Json, JsonObject, decode


@click.command()
@click.argument("source")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="PATH=JSON",
    help="Merge this into the bag: loop_limit=2000, or current_state.approval.approved=true.",
)
@click.option("--name", help="Name of the new execution; else one that follows from the state.")
@click.option("--function", help="The StateDataManagerFunction; else the state machine says which.")
@click.option("--dry-run", is_flag=True, help="Only say what would be started.")
@as_json
@with_cloud
def command(  # noqa: PLR0913 - options
    cloud: Cloud,
    source: str,
    settings: tuple[str, ...],
    name: str | None,
    function: str | None,
    *,
    dry_run: bool,
    to_json: bool,
) -> None:
    """Start an execution that goes on where another stopped.

    SOURCE is the ARN of an execution that failed, was stopped or timed out, or the s3:// path of a
    failure record or snapshot. The segment that failed is run again. One that was stopped before
    it could leave a record goes on from its newest state, of which the function makes a snapshot
    first.

    Resuming from one state twice starts one execution, unless --name says otherwise. A state
    machine that keeps states of its own would run all of them again: it is not started, and the
    command that redrives the execution is named instead.

    \b
    Examples:
      statebag resume ARN --dry-run
      statebag resume ARN --set loop_limit=2000
      statebag resume ARN --set current_state.approval.approved=true
      statebag resume s3://bucket/v1/.../packs/AAA --name catalog-again
    """  # noqa: D301 - click reads the control character
    changes = _changes(settings)
    path, machine = (source if source.startswith("s3://") else None), None
    if path is None:
        execution = execution_named(cloud, source)
        require_restartable(cloud, execution.machine_arn, execution.arn)
        path = left_by(cloud, execution)
        if path is None and dry_run:
            note(f"{execution.name} left no record: a snapshot of its newest state would be made.")
            return
        path = path or snapshot_newest(cloud, execution, function)
        machine = execution.machine_arn
    start = start_from(path, changes, name, machine)
    require_restartable(cloud, start.machine_arn, start.owner)
    told = {"name": start.name, "state_machine": start.machine_arn, "input": start.input}
    if not dry_run:
        told["execution"] = begin(cloud, start)
    if to_json or dry_run:
        print_json(told)
        return
    print_line(str(told["execution"]))
    note(f"resumed from {path}; `statebag timeline` follows it")


def _changes(settings: Iterable[str]) -> JsonObject:
    """Return what is to be merged into the bag: below `current_state` by path, else by name."""
    changes: JsonObject = {}
    for text in settings:
        steps, value = _field(text)
        inside = changes
        for step in steps[:-1]:
            inside = inside.setdefault(str(step), {})
            if type(inside) is not dict:
                raise click.BadParameter(f"{text}: what it is in is set, too", param_hint="--set")
        if steps[-1] in inside:
            raise click.BadParameter(f"{text}: this is set twice", param_hint="--set")
        inside[str(steps[-1])] = value
    return changes


def _field(text: str) -> tuple[Steps, Json]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise click.BadParameter("a change is PATH=JSON", param_hint="--set")
    steps = parse_path(name)
    if any(isinstance(step, int) for step in steps):
        message = f"{name}: an element of a list cannot be set; set the whole list"
        raise click.BadParameter(message, param_hint="--set")
    if len(steps) > 1 and steps[0] != CURRENT_STATE:
        message = f"{name}: only current_state is merged by path; set all of {steps[0]}"
        raise click.BadParameter(message, param_hint="--set")
    try:
        return steps, decode(value.encode(), path=name)
    except UnreadableObjectError as error:
        message = f"{text}: the value is no JSON (a text needs quotes)"
        raise click.BadParameter(message, param_hint="--set") from error
