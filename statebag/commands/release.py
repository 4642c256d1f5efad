"""`statebag release`: let a workflow go on that is held."""

import click

from statebag.account.aws import Cloud
from statebag.account.callbacks import Callback
from statebag.account.deployment import manager_function
from statebag.account.holding import set_held
from statebag.account.manager import ask
from statebag.errors import OverError
from statebag.executions.holds import stopped_at, workflow_of
from statebag.executions.naming import execution_named
from statebag.options import as_json, with_cloud
from statebag.output.rendering import counted
from statebag.output.terminal import note, print_json, print_line


@click.command()
@click.argument("execution_arn", metavar="EXECUTION")
@as_json
@with_cloud
def command(cloud: Cloud, execution_arn: str, *, to_json: bool) -> None:
    """Let a held workflow go on.

    It goes on exactly where `statebag hold` stopped it, with the same state. A workflow that has
    not stopped yet does not stop, unless it was about to: then release it again.

    \b
    Example:
      statebag release ARN
    """  # noqa: D301 - click reads the control character
    workflow = workflow_of(cloud, execution_named(cloud, execution_arn))
    was_held = set_held(cloud, workflow.machine_arn, workflow.owner, held=False)
    found = stopped_at(cloud, workflow) if workflow.is_running else []
    manager = manager_function(cloud, workflow.machine_arn)
    stopped = [hold for hold in found if _goes_on(cloud, manager, hold)]
    if to_json:
        told = {"workflow": workflow.owner, "execution": workflow.newest}
        print_json(told | {"was_held": was_held, "stopped_at": len(stopped)})
        return
    if stopped:
        print_line(
            f"{workflow.name} goes on from where it stopped, in {counted(len(stopped), 'place')}"
        )
    else:
        print_line(
            f"{workflow.name} was {'held, and had not stopped yet' if was_held else 'not held'}"
        )
    if was_held and workflow.is_running:
        note("A call under way may still stop it; if `statebag watch` shows that, release it again")


def _goes_on(cloud: Cloud, manager: str, hold: Callback) -> bool:
    """Answer a hold; return False if its execution was stopped meanwhile, so that nothing waits."""
    answer = {"callback_id": hold.callback_id, "execution_id": hold.execution_id}
    try:
        ask(
            cloud,
            manager,
            {"action": "submit_callback", "outcome": "success", "output": {}} | answer,
        )
    except OverError:
        return False
    return True
