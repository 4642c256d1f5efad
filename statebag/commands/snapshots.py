"""`statebag snapshots`: the states of an execution that can be gone back to."""

from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.executions.naming import execution_named
from statebag.executions.snapshots import Snapshot, snapshots_of
from statebag.options import as_json, with_cloud
from statebag.output.rendering import bytes_text, counted, printable
from statebag.output.terminal import note, print_json, print_table, progress

_COLUMNS: Final = (
    "type",
    "state of",
    "revision",
    "segment",
    "next_action",
    "size",
    "error",
    "path",
)
_TO_THE_RIGHT: Final = ("revision", "segment", "size")


@click.command()
@click.argument("execution_arn", metavar="EXECUTION")
@as_json
@with_cloud
def command(cloud: Cloud, execution_arn: str, *, to_json: bool) -> None:
    """List the snapshots of an execution, and the records its failures left.

    Looks through those it continues and those that continued it, too.

    \b
    Examples:
      statebag snapshots ARN
      statebag diff $(statebag snapshots ARN --json | jq -r .s3_path | head -2)
    """  # noqa: D301 - click reads the control character
    execution = execution_named(cloud, execution_arn)
    with progress("looking through the history") as advance:
        found = []
        for snapshot in snapshots_of(cloud, execution):
            found.append(snapshot)
            advance(1)
    if to_json:
        for snapshot in found:
            print_json(snapshot.describe())
        return
    if found:
        print_table(_COLUMNS, [_row(snapshot) for snapshot in found], right=_TO_THE_RIGHT)
    hint = "; `statebag resume PATH` goes on from one" if found else ""
    note(f"{counted(len(found), 'state')}{hint}")


def _row(snapshot: Snapshot) -> list[str]:
    return [
        _text(snapshot.kind),
        _text(snapshot.created) or "-",
        _text(snapshot.revision),
        _text(snapshot.segment),
        _text(snapshot.next_action),
        bytes_text(snapshot.size),
        _text(snapshot.error),
        snapshot.path,
    ]


def _text(value: object) -> str:
    return "" if value is None else printable(str(value), 40)
