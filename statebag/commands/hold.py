"""`statebag hold`: have a workflow stop at its next routing."""

import shlex

import click

from statebag.account.aws import Cloud
from statebag.account.holding import set_held
from statebag.errors import RefusedError
from statebag.executions.holds import workflow_of
from statebag.executions.naming import execution_named
from statebag.options import as_json, with_cloud
from statebag.output.terminal import note, print_json, print_line


@click.command()
@click.argument("execution_arn", metavar="EXECUTION")
@as_json
@with_cloud
def command(cloud: Cloud, execution_arn: str, *, to_json: bool) -> None:
    """Stop a workflow at its next routing, until it is released.

    Running work is finished first: the current segment, and each branch up to its own next
    routing. Their results are merged, and then the execution waits, for about a year at most.
    Waiting costs nothing. If the workflow waits for a time, the segment after that wait runs first.

    The workflow's name is written into the environment of the function. So workflows that nobody
    holds pay nothing for the check, and Lambda restarts the function.

    \b
    Examples:
      statebag hold ARN
      statebag release ARN
    """  # noqa: D301 - click reads the control character
    workflow = workflow_of(cloud, execution_named(cloud, execution_arn))
    if not workflow.is_running:
        hint = "Only a running workflow can be held."
        raise RefusedError(f"{workflow.newest} has ended: {workflow.status}", hint=hint)
    is_new = set_held(cloud, workflow.machine_arn, workflow.owner, held=True)
    if to_json:
        print_json(
            {"workflow": workflow.owner, "execution": workflow.newest, "was_held": not is_new}
        )
        return
    was = "" if is_new else "already "
    print_line(f"{workflow.name} is {was}held: it stops at its next routing")
    newest = shlex.quote(workflow.newest)
    note(f"`statebag watch {newest}` shows when; `statebag release` lets it go on")
