"""Options that say which executions are asked for."""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, ParamSpec, TypeVar

import click

from statebag.listing.conditions import Query, moment_given, size_given

P = ParamSpec("P")
R = TypeVar("R")

# https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
STATUSES: Final = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


def with_query(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command what the options ask for, as `query`."""

    @click.option(
        "--status",
        "statuses",
        multiple=True,
        type=click.Choice(STATUSES, case_sensitive=False),
        help="Only executions with this status. Repeatable.",
    )
    @click.option(
        "--since",
        metavar="TIME",
        help="Only executions that still run or ended since: 1h, 2d, a date.",
    )
    @click.option(
        "--until", metavar="TIME", help="Only executions that started before: 1h, 2d, a date."
    )
    @click.option(
        "--error", metavar="NAME", help="Only executions with this error; * matches any characters."
    )
    @click.option(
        "--stage",
        metavar="NAME",
        help="Only executions that failed at this stage; * matches any characters.",
    )
    @click.option(
        "--larger", metavar="SIZE", help="Only executions whose last bag is larger, such as 100KiB."
    )
    @functools.wraps(command)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        names = ("statuses", "since", "until", "error", "stage", "larger")
        chosen: dict[str, Any] = {name: kwargs.pop(name) for name in names}
        now = datetime.now(UTC)
        for name in ("since", "until"):
            chosen[name] = moment_given(chosen[name], now, f"--{name}") if chosen[name] else None
        chosen["larger"] = size_given(chosen["larger"], "--larger") if chosen["larger"] else None
        kwargs["query"] = Query(**chosen)
        return command(*args, **kwargs)

    return asked
