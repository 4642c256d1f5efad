"""What many commands share: their options, and a group that suggests a misspelt command."""

import functools
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, Concatenate, Final, ParamSpec, TypeAlias, TypeVar

import click

from statebag.account.aws import Cloud, Connection
from statebag.budgets import DEFAULT_MIB
from statebag.output.masking import Masking, masking

P = ParamSpec("P")
R = TypeVar("R")

Connect: TypeAlias = Callable[[Connection], Cloud]

# Of an execution's ARN, alone or in the path of its state.
_REGION: Final = re.compile(
    r"(?:s3://.*/v1/|https://.*/details/)?arn(?::|%3A)[\w-]+(?::|%3A)states(?::|%3A)([a-z0-9-]+)"
)
_SHORTEST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 86_400
_GROUP_HELP: Final = "of the deployment. Default: from the state or its state machine"


@dataclass(frozen=True, slots=True)
class Connector:
    """The context object that makes the cloud of a connection; tests bring one of their own."""

    connect: Connect = Cloud


class Commands(click.Group):
    """A group that suggests a command where there is none of the given name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name, as click does."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib  # noqa: PLC0415 - for an error message alone

            close = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            error.message += "".join(f" Did you mean {name}?" for name in close)
            raise


def with_cloud(command: Callable[Concatenate[Cloud, P], R]) -> Callable[P, R]:
    """Give a command the cloud that the options of the connection lead to."""

    @click.option("--profile", envvar="AWS_PROFILE", help="AWS profile to use.")
    @click.option("--region", help="AWS region. Default: from the execution's ARN.")
    @click.option(
        "--endpoint-url",
        help="Another endpoint for all services, such as the local cloud. Default:"
        " AWS_ENDPOINT_URL.",
    )
    @click.option("--bucket", envvar="STATE_BUCKET", help=f"State bucket {_GROUP_HELP}.")
    @click.option("--prefix", envvar="STATE_PREFIX", default="", help=f"Key prefix {_GROUP_HELP}.")
    @click.option(
        "--stack",
        envvar="STATEBAG_STACK",
        help="Stack of the deployment: its bucket, function and state machines.",
    )
    @click.option(
        "--machine",
        "machines",
        multiple=True,
        envvar="STATEBAG_MACHINE",
        metavar="NAME",
        help="A state machine, by name or ARN, on which to look for executions by name."
        " Repeatable.",
    )
    @click.option(
        "--budget-mb",
        "budget_mib",
        default=DEFAULT_MIB,
        show_default=True,
        type=click.IntRange(1),
        help="MiB of state that the command may unfold.",
    )
    @functools.wraps(command)
    def connected(*args: P.args, **kwargs: P.kwargs) -> R:
        chosen: dict[str, Any] = {each.name: kwargs.pop(each.name) for each in fields(Connection)}
        named = [*kwargs.values(), *chosen["machines"]]
        chosen["region"] = chosen["region"] or _region_in(named)
        connection = Connection(**chosen)
        found = click.get_current_context().find_object(Connector)
        return command(found.connect(connection) if found else Cloud(connection), *args, **kwargs)

    return connected


def _region_in(arguments: Iterable[object]) -> str | None:
    """Return the region of an execution that is asked for: it can be in no other."""
    found = (_REGION.match(text) for text in arguments if isinstance(text, str))
    return next((match[1] for match in found if match), None)


def with_masking(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command the masking that its options ask for, as `mask`."""

    @click.option("--no-mask", is_flag=True, help="Show values that look like secrets, too.")
    @click.option(
        "--mask",
        "patterns",
        multiple=True,
        metavar="PATTERN",
        help="Also mask values whose name matches this regular expression. Repeatable.",
    )
    @functools.wraps(command)
    def masked(*args: P.args, **kwargs: P.kwargs) -> R:
        patterns: Any = kwargs.pop("patterns")
        show_all = bool(kwargs.pop("no_mask"))
        kwargs["mask"] = _masking(patterns, active=not show_all)
        return command(*args, **kwargs)

    return masked


def _masking(patterns: tuple[str, ...], *, active: bool) -> Masking:
    try:
        return masking(patterns, active=active)
    except re.error as error:
        raise click.BadParameter(
            f"not a regular expression: {error}", param_hint="--mask"
        ) from error


class Finite(click.FloatRange):
    """A number in a range; nothing that is not a number is in one."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


def every(help_text: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return the option that says how often to look."""
    return click.option(
        "--every",
        default=2.0,
        show_default=True,
        type=Finite(_SHORTEST_WAIT, _LONGEST_WAIT),
        help=help_text,
    )


as_json = click.option("--json", "to_json", is_flag=True, help="Print JSON, for pipes.")
