"""`statebag forget`: erase all that a workflow has stored."""

from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.errors import RefusedError
from statebag.executions.naming import arn_named
from statebag.garbage.estate import RECORDS
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
Logs of the functions and of the state machine, and traces, stay as long as their groups say.
This command does not look for copies elsewhere: replicas, backups, and sent events and messages.
It does not look for what workers stored themselves, or what states of other workflows point to.
"""


@click.command()
@click.argument("execution_arn", metavar="EXECUTION")
@click.option(
    "--erase", "erases", is_flag=True, help="Erase. Without it, only show what would be erased."
)
@as_json
@with_cloud
def command(cloud: Cloud, execution_arn: str, *, erases: bool, to_json: bool) -> None:
    """Erase everything that a workflow has stored, in every version.

    Erases its state with snapshots and failure records, callbacks, items and results of its maps,
    and the records of its ends. This covers the execution that began it and all that continued it,
    resumed it or were forked from it, because they share one state. It cannot be undone.

    Without --erase, only shows what would be erased and what the command cannot reach. With
    --erase, you have to type the name of the execution, or give it on standard input. Nothing is
    erased while a running execution may need it.

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
            note("Nothing was erased. To erase all of it, add --erase")
        return
    _require_typed(arn)
    with progress("erasing", len(plan.estate.all)) as advance:
        forgetting.erase(plan, advance)
    print_line(f"everything of {arn} was erased", STRONG)


def _require_typed(arn: str) -> None:
    name = arn.rsplit(":", 1)[-1]
    typed = ask_for(f"This cannot be undone. Type the name of the execution, {name}")
    if typed not in {name, arn}:
        hint = "Type the name exactly as the ARN has it."
        raise RefusedError("the name does not match: nothing was erased", hint=hint)


def _print(plan: Plan) -> None:
    estate = plan.estate
    print_line(estate.owner, STRONG)
    if estate.versions:
        rows = [
            [kind, f"{told['objects']:,}", f"{told['versions']:,}", bytes_text(told["bytes"])]
            for kind, told in estate.counts().items()
        ]
        print_table(_COLUMNS, rows, right=_COLUMNS[1:])
    else:
        print_line("it has stored nothing")
    for arn in estate.executions[1:]:
        print_line(f"shares this state and loses it too: {arn}")
    for arn in plan.needed_by:
        print_line(f"still runs and needs this state: {arn}", BAD)
    for line in _beyond(plan):
        print_line(line, DIM)


def _beyond(plan: Plan) -> list[str]:
    """Return what is not erased, in sentences."""
    told = _BEYOND.splitlines()
    if plan.input_path:
        told.append(f"The input was read from a file that stays: {plan.input_path}")
    told += [
        f"These results may belong to another execution, and stay: {path}"
        for path in plan.estate.left
    ]
    told += [
        (
            "It left a mark that it worked on this state, and nothing else confirms it; what"
            f" it stored elsewhere stays: {arn}"
        )
        for arn in plan.estate.unproved
    ]
    if RECORDS not in plan.estate.versions:
        told.append("No end is recorded yet: the record is written some seconds after the end.")
    if plan.unseen:
        unseen = counted(len(plan.unseen), "execution")
        told.append(f"Cannot see whether {unseen} still run: {', '.join(plan.unseen)}")
    return told


def _described(plan: Plan) -> JsonObject:
    estate = plan.estate
    return {
        "execution": estate.owner,
        "executions": estate.executions,
        "objects": estate.counts(),
        "needed_by": plan.needed_by,
        "not_reached": _beyond(plan),
    }
