"""The workflow that an execution is of, and where it stands still while somebody holds it."""

from dataclasses import dataclass

from statebag.account.aws import Cloud
from statebag.account.callbacks import ANSWERED, WAITING, Callback, callbacks_of
from statebag.account.deployment import require_place
from statebag.errors import RefusedError
from statebag.executions.chain import chain_of, owner_of, owner_told_by
from statebag.executions.executions import Execution, Executions

_HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A workflow, with all executions that work on its bag.

    Attributes:
        owner: the ARN of the execution that began it.
        newest: that of the one that works on it now, or did last.
    """

    owner: str
    newest: str
    machine_arn: str
    status: str
    is_running: bool

    @property
    def name(self) -> str:
        """The name of the execution that began it."""
        return self.owner.rpartition(":")[2]


def workflow_of(cloud: Cloud, execution: Execution) -> Workflow:
    """Return the workflow of an execution, as far as it has come.

    Raises:
        RefusedError: its input names a state that it has not taken up.
    """
    *_, newest = chain_of(Executions(cloud.states), execution)
    owner = owner_told_by(newest)
    place = require_place(cloud, newest.machine_arn) if owner != newest.arn else None
    if owner_of(cloud, place, newest) != owner:
        hint = "Its first state does, or refuses to: `statebag timeline` shows which."
        raise RefusedError(f"{newest.arn} has not taken up the state of {owner}", hint=hint)
    return Workflow(
        owner=owner,
        newest=newest.arn,
        machine_arn=newest.machine_arn,
        status=newest.status,
        is_running=newest.is_running,
    )


def stopped_at(cloud: Cloud, workflow: Workflow) -> list[Callback]:
    """Return the holds at which a workflow stands: one for each branch, or one for all of it.

    One that was answered without Step Functions taking the answer is among them.
    """
    place = require_place(cloud, workflow.machine_arn)
    asked = callbacks_of(cloud, place, workflow.owner)
    return [each for each in asked if each.kind == _HOLD and each.status in (WAITING, ANSWERED)]
