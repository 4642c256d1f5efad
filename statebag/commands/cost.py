"""`statebag cost`: what an execution costs, by public list prices."""

from pathlib import Path
from typing import Final

import click
from botocore.exceptions import ClientError

from statebag.account.aws import Cloud
from statebag.account.deployment import manager_function, require_place
from statebag.account.pricing import Item, Prices, Work, estimate
from statebag.errors import NotFoundError
from statebag.executions.branches import runs_of
from statebag.executions.chain import chain_of, owner_of
from statebag.executions.executions import Executions
from statebag.executions.naming import execution_named
from statebag.executions.timeline import Step
from statebag.options import Finite, as_json, with_cloud
from statebag.output.terminal import STRONG, Styled, note, print_json, print_table, styled
from universal_sync_core.retention.inventory import Stored
from universal_sync_core.storage.keys import execution_prefix

_MIB_PER_GB: Final = 1024
# The template's: MiB of memory, and whether it runs on arm64.
_DEFAULT_FUNCTION: Final = (1024, True)
_DEFAULT_GETS: Final = 2.0
# The template's StateRetentionDays.
_DEFAULT_DAYS: Final = 90
_COLUMNS: Final = ("", "quantity", "unit", "US dollars")


@click.command()
@click.argument("execution_arn", metavar="EXECUTION")
@click.option(
    "--prices",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON file of prices, with their month in as_of.",
)
@click.option(
    "--gets-per-invocation",
    default=_DEFAULT_GETS,
    show_default=True,
    type=Finite(0),
    help="Objects that one call of the function reads; see its metric S3Requests.",
)
@click.option(
    "--days",
    default=_DEFAULT_DAYS,
    show_default=True,
    type=click.IntRange(0),
    help="Days for which state is kept.",
)
@as_json
@with_cloud
def command(  # noqa: PLR0913 - options
    cloud: Cloud,
    execution_arn: str,
    prices: Path | None,
    gets_per_invocation: float,
    days: int,
    *,
    to_json: bool,
) -> None:
    """Estimate the cost of an execution, of its branches, and of those that continue it.

    Counts the state transitions, the calls and their time, and the objects in S3, and applies
    list prices of us-east-1 unless --prices gives others. Branches that are executions of their
    own are included. Children of Distributed Maps are not.

    \b
    Examples:
      statebag cost ARN
      statebag cost ARN --prices frankfurt.json --json | jq .total
    """  # noqa: D301 - click reads the control character
    listed = Prices.read(prices) if prices else Prices()
    executions = Executions(cloud.states)
    asked = execution_named(cloud, execution_arn)
    steps = [
        step
        for each in chain_of(executions, asked)
        for run in runs_of(executions, each)
        for step in run.steps
    ]
    place = require_place(cloud, asked.machine_arn)
    prefix = execution_prefix(place.settings, owner_of(cloud, place, asked))
    objects = list(cloud.inventory.objects(place.bucket, prefix))
    function = _function(cloud, asked.machine_arn)
    work = _work(function or _DEFAULT_FUNCTION, steps, objects, gets_per_invocation, days)
    items = estimate(work, listed)
    total = sum(item.cost for item in items)
    if to_json:
        told = {item.name: {"quantity": item.quantity, "cost": item.cost} for item in items}
        print_json({"items": told, "total": total, "prices": listed.describe()})
        return
    in_all: list[str | Styled] = [
        styled((text, STRONG)) for text in ("in all", "", "", f"{total:.6f}")
    ]
    rows = [*map(_row, items), in_all]
    print_table(_COLUMNS, rows, right=("quantity", "US dollars"))
    note(
        f"List prices of {listed.region}, {listed.as_of}, without free tiers; functions of "
        f"{work.memory_gb:g} GB{'' if function else ' (assumed)'}, "
        f"{gets_per_invocation:g} reads for each call, "
        f"state kept for {days} days."
    )


def _work(
    function: tuple[int, bool],
    steps: list[Step],
    objects: list[Stored],
    gets_per_invocation: float,
    days: int,
) -> Work:
    memory, is_arm = function
    invocations = sum(step.invocations for step in steps)
    return Work(
        transitions=sum(1 + step.retries for step in steps),
        invocations=invocations,
        seconds=sum(
            step.seconds or 0 for step in steps if step.invocations and not step.is_waiting
        ),
        memory_gb=memory / _MIB_PER_GB,
        is_arm=is_arm,
        puts=len(objects),
        gets=round(invocations * gets_per_invocation),
        stored_bytes=sum(stored.size for stored in objects),
        stored_days=days,
    )


def _function(cloud: Cloud, machine_arn: str) -> tuple[int, bool] | None:
    """Return the function's memory in MiB and whether it runs on arm64; None if nobody may ask."""
    try:
        name = manager_function(cloud, machine_arn)
        told = cloud.functions.get_function_configuration(FunctionName=name)
    except (ClientError, NotFoundError):
        return None
    return told["MemorySize"], told.get("Architectures") != ["x86_64"]


def _row(item: Item) -> list[str | Styled]:
    is_whole = isinstance(item.quantity, int)
    quantity = f"{item.quantity:,}" if is_whole else f"{item.quantity:,.4f}"
    return [item.name, quantity, item.unit, f"{item.cost:.6f}"]
