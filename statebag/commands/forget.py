"""`statebag forget`: erase all that a workflow has stored."""

from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.errors import RefusedError
from statebag.executions.naming import arn_named
from statebag.garbage.estate import RECORDS, Estate
from statebag.garbage.forgetting import Forgetting, Plan
from statebag.options import as_json, with_cloud
from statebag.output.rendering import bytes_text, counted
from statebag.output.terminal import (
    BAD,
    DIM,
    STRONG,
    ask_for,
    note,
    print_json,
    print_line,
    print_table,
    progress,
)
from universal_sync_core.values.codec import JsonObject

_COLUMNS: Final = ("of the workflow", "objects", "versions", "size")
# What no request of this command leads to.
_BEYOND: Final = """\
Step Functions keeps inputs, outputs and events until 90 days after the end; nobody can delete them.
Logs of the functions and of the state machine, and traces, are kept as long as their groups say.
Copies elsewhere are not looked for: replicas, backups, and events and messages that were sent.
What workers stored themselves, and what states of other workflows point to, is not looked for.
"""


@click.command()
@click.argument("execution_arn", metavar="EXECUTION")
@click.option("--erase", "erases", is_flag=True, help="Erase; else it is only told what would be.")
@as_json
@with_cloud
def command(cloud: Cloud, execution_arn: str, *, erases: bool, to_json: bool) -> None:
    """Erase all that a workflow has stored, in every version.

    That is its state with snapshots and failure records, callbacks, items and results of its maps,
    and the records of its ends: of the execution that began it and of all that continued it,
    resumed it or were forked from it, for they share one state. Nothing brings it back.

    Without --erase it is only told what that would be, and what is beyond its reach. With --erase
    the name of the execution has to be typed, or given on standard input. Nothing is erased while
    an execution lives that may need it.

    \b
    Examples:
      statebag forget ARN
      statebag forget run-17 --stack my-stack --erase
    """  # noqa: D301 - click reads the control character
    arn = arn_named(cloud, execution_arn)
    with progress("looking at what is stored"):
        forgetting = Forgetting(cloud, arn)
        plan = forgetting.plan()
    if to_json:
        print_json(_described(plan))
    else:
        _print(plan)
    if not erases or not plan.estate.all:
        if plan.estate.all:
            note("Nothing was erased. To erase all of it: --erase")
        return
    _require_typed(arn)
    with progress("erasing", len(plan.estate.all)) as advance:
        forgetting.erase(plan, advance)
    print_line(f"all of {arn} was erased", STRONG)


def _require_typed(arn: str) -> None:
    name = arn.rsplit(":", 1)[-1]
    typed = ask_for(f"This cannot be undone. Type the name of the execution, {name}")
    if typed not in {name, arn}:
        hint = "Type the name as it stands in the ARN."
        raise RefusedError("that is another name: nothing was erased", hint=hint)


def _print(plan: Plan) -> None:
    estate = plan.estate
    print_line(estate.owner, STRONG)
    if estate.versions:
        print_table(_COLUMNS, list(map(list, _rows(estate))), right=_COLUMNS[1:])
    else:
        print_line("nothing is stored of it")
    for arn in estate.executions[1:]:
        print_line(f"shares this state, which is erased for it too: {arn}")
    for arn in plan.needed_by:
        print_line(f"lives and needs this state: {arn}", BAD)
    for line in _beyond(plan):
        print_line(line, DIM)


def _rows(estate: Estate) -> list[tuple[str, str, str, str]]:
    return [
        (
            kind,
            f"{len({each.location for each in versions}):,}",
            f"{len(versions):,}",
            bytes_text(sum(each.size for each in versions)),
        )
        for kind, versions in estate.versions.items()
    ]


def _beyond(plan: Plan) -> list[str]:
    """Return what is not erased, in sentences."""
    told = _BEYOND.splitlines()
    if plan.input_path:
        told.append(f"The file of its input is not the workflow's own: {plan.input_path}")
    told += [f"Whose results these are is not known: {path}" for path in plan.estate.left]
    told += [
        f"It says that it worked on this state, which nothing else tells; what it left stays: {arn}"
        for arn in plan.estate.unproved
    ]
    if RECORDS not in plan.estate.versions:
        told.append("No end is recorded yet: a record comes some seconds after the end.")
    if plan.unseen:
        unseen = counted(len(plan.unseen), "execution")
        told.append(f"Whether they live cannot be seen, of {unseen}: {', '.join(plan.unseen)}")
    return told


def _described(plan: Plan) -> JsonObject:
    estate = plan.estate
    return {
        "execution": estate.owner,
        "executions": estate.executions,
        "objects": {
            kind: {
                "objects": len({each.location for each in versions}),
                "versions": len(versions),
                "bytes": sum(each.size for each in versions),
            }
            for kind, versions in estate.versions.items()
        },
        "needed_by": plan.needed_by,
        "not_reached": _beyond(plan),
    }
