"""`statebag failure`: why an execution failed, and how to go on."""

from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.executions.naming import execution_named
from statebag.options import as_json, with_cloud, with_masking
from statebag.output.masking import Masking
from statebag.output.terminal import BAD, DIM, STRONG, print_json, print_line, styled
from statebag.resuming.postmortem import postmortem_of

_LABEL_CHARS: Final = 12


@click.command(
    help="""Explain why an execution failed: error, cause and stack trace, and how to go on.

Also shows where it failed, the input of that step, how often it was tried, and the commands that
read its logs and its trace. If executions continue each other, the last one counts.

\b
Examples:
  statebag failure ARN
  statebag failure ARN --json | jq -r '.trace[]'
"""
)
@click.argument("execution_arn", metavar="EXECUTION")
@as_json
@with_masking
@with_cloud
def command(cloud: Cloud, execution_arn: str, *, to_json: bool, mask: Masking) -> None:
    """Tell why an execution failed."""
    asked = execution_named(cloud, execution_arn)
    found = postmortem_of(cloud, asked)
    facts = list(found.facts(mask))
    if to_json:
        told = {"execution": found.execution.arn, "status": found.execution.status}
        print_json(told | {name: list(lines) for name, lines in facts})
        return
    print_line(found.execution.arn, STRONG)
    print_line(found.execution.status, BAD)
    for name, lines in facts:
        for position, line in enumerate(lines):
            label = "" if position else name
            style = BAD if name in {"error", "cause"} else ""
            print_line(styled((f"{label:<{_LABEL_CHARS}}", DIM), (line, style)))
