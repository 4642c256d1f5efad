"""Where AWS shows an execution, the log of a step and a trace, and the commands that read them."""

import shlex
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import quote

from statebag.account.log_groups import LogGroups
from statebag.executions.executions import CONSOLES
from statebag.executions.timeline import Step

# A function's last words may come a little after Step Functions has heard of its end.
_AROUND: Final = timedelta(seconds=30)


class Logs(NamedTuple):
    """The command that reads what a function logged, and the page of the console that shows it."""

    command: str
    page: str


def execution_page(arn: str) -> str:
    """Return the page of the console about an execution."""
    return f"{_console(arn, 'states')}#/v2/executions/details/{arn}"


def trace_of(arn: str, trace_id: str) -> str:
    """Return the page of the console about a trace of an execution."""
    return f"{_console(arn, 'cloudwatch')}#xray:traces/{trace_id}"


def logs_of(arn: str, step: Step, groups: LogGroups) -> Logs | None:
    """Return where the log of a step's function is, or None of a step that called none.

    Args:
        arn: of the step's execution.
        step: its function logged about the time that it took.
        groups: tell where.
    """
    if not step.function:
        return None
    start, end = step.entered - _AROUND, (step.left or step.entered) + _AROUND
    group = groups.of(step.function)
    span = f"--start-time {_milliseconds(start)} --end-time {_milliseconds(end)}"
    log = f"--region {_region(arn)} --log-group-name {shlex.quote(group)}"
    command = f"aws logs filter-log-events {log} {span}"
    query = f"?start={_milliseconds(start)}&end={_milliseconds(end)}"
    page = f"{_console(arn, 'cloudwatch')}#logsV2:log-groups/log-group/{_twice(group)}/log-events"
    return Logs(command, page + quote(query, safe="").replace("%", "$"))


def _console(arn: str, service: str) -> str:
    domain = CONSOLES.get(arn.split(":")[1], CONSOLES["aws"])
    return f"https://{_region(arn)}.{domain}/{service}/home?region={_region(arn)}"


def _region(arn: str) -> str:
    return arn.split(":")[3]


def _twice(text: str) -> str:
    """Return a name as the console of CloudWatch has it in its fragment: quoted twice."""
    return quote(quote(text, safe=""), safe="").replace("%", "$")


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000)
