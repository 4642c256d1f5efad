"""`statebag snapshots`: the states of an execution that can be gone back to."""

from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.executions.naming import execution_named
from statebag.options import as_json, with_cloud
from statebag.output.rendering import bytes_text, counted, printable
from statebag.output.terminal import (
    BAD,
    NAME,
    Styled,
    collected,
    note,
    print_json,
    print_line,
    print_table,
    styled,
    width,
)
from statebag.sources.snapshots import Snapshot, snapshots_of

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
# What all columns take but for the path, which a narrower terminal has on a line of its own.
_WIDE: Final = 130


@click.command()
@click.argument("execution_arn", metavar="EXECUTION")
@as_json
@with_cloud
def command(cloud: Cloud, execution_arn: str, *, to_json: bool) -> None:
    """List the snapshots of an execution, and the records of its failures.

    Also lists those of executions that it continues, and that continued it.

    \b
    Examples:
      statebag snapshots ARN
      statebag diff $(statebag snapshots ARN --json | jq -r .s3_path | head -2)
    """  # noqa: D301 - click reads the control character
    execution = execution_named(cloud, execution_arn)
    found = collected("looking through the history", snapshots_of(cloud, execution))
    if to_json:
        for snapshot in found:
            print_json(snapshot.describe())
        return
    if found and width() >= _WIDE:
        print_table(_COLUMNS, [_row(snapshot) for snapshot in found], right=_TO_THE_RIGHT)
    for snapshot in found if width() < _WIDE else ():
        print_line(_line(snapshot))
        print_line(f"  {snapshot.path}")
    is_possible = any(snapshot.has_begun for snapshot in found)
    hint = "; `statebag resume PATH` goes on from one" if is_possible else ""
    note(f"{counted(len(found), 'state')}{hint}")


def _line(snapshot: Snapshot) -> Styled:
    """Return what is known of a snapshot, its path apart, on one line."""
    counts = {"revision": snapshot.revision, "segment": snapshot.segment}
    told = [
        _text(snapshot.created) or "-",
        *(f"{name} {_text(count)}" for name, count in counts.items() if count is not None),
        bytes_text(snapshot.size),
    ]
    error = [("  ", ""), (_text(snapshot.error), BAD)] if snapshot.error else []
    return styled((f"{_text(snapshot.kind):<12}  ", NAME), "  ".join(told), *error)


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
