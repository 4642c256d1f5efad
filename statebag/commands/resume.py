"""`statebag resume`: go on where an execution stopped."""

import click

from statebag.account.aws import Cloud
from statebag.executions.executions import Executions
from statebag.executions.resuming import begin, left_by, snapshot_newest, start_from
from statebag.executions.sources import require_execution_arn
from statebag.options import as_json, with_cloud
from statebag.output.terminal import note, print_json, print_line
from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.values.codec import JsonObject, decode


@click.command()
@click.argument("source")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=JSON",
    help="Merge this field into the bag, such as loop_limit=2000.",
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
    r"""Start an execution that goes on where another stopped.

    SOURCE is the ARN of an execution that failed, was stopped or timed out, or the s3:// path of a
    failure record or snapshot. The segment that failed is run again. One that was stopped before
    it could leave a record goes on from its newest state, of which the function makes a snapshot
    first.

    Resuming from one state twice starts one execution, unless --name says otherwise.

    \b
    Examples:
      statebag resume ARN --dry-run
      statebag resume ARN --set loop_limit=2000
      statebag resume s3://bucket/v1/.../packs/AAA --name catalog-again
    """
    changes = dict(_field(text) for text in settings)
    path, machine = (source if source.startswith("s3://") else None), None
    if path is None:
        execution = Executions(cloud.states).describe(require_execution_arn(source))
        path = left_by(cloud, execution)
        if path is None and dry_run:
            note(f"{execution.name} left no record: a snapshot of its newest state would be made.")
            return
        path = path or snapshot_newest(cloud, execution, function)
        machine = execution.machine_arn
    start = start_from(path, changes, name, machine)
    told = {"name": start.name, "state_machine": start.machine_arn, "input": start.input}
    if not dry_run:
        told["execution"] = begin(cloud, start)
    if to_json or dry_run:
        print_json(told)
        return
    print_line(str(told["execution"]))
    note(f"resumed from {path}; `statebag timeline` follows it")


def _field(text: str) -> tuple[str, JsonObject]:
    name, sign, value = text.partition("=")
    try:
        decoded = decode(value.encode(), path=name)
    except UnreadableObjectError as error:
        message = f"{text}: the value is no JSON (a text needs quotes)"
        raise click.BadParameter(message, param_hint="--set") from error
    if not sign or not name:
        raise click.BadParameter("a field is NAME=JSON", param_hint="--set")
    return name, decoded
