"""A second stack with a key of KMS: a map on it, without kms:Encrypt first."""

import re
from collections.abc import Iterator
from pathlib import Path

from account.deletion import key_alias
from account.findings import Finding
from account.stacks import Stack

from .checked import Checked, succeeded
from .denial import denied
from .maps import MAPS

PART = "encryption"
_HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "encryption.md"


def check(run: Checked) -> Iterator[Finding]:
    """Make a key and a stack, and run a map with and without one permission."""
    kms = run.access.client("kms")
    name = f"{run.stack.run}-kms"
    key = kms.create_key(
        Description=f"Of the checks {run.stack.run}.", Policy=_key_policy(run, name)
    )["KeyMetadata"]
    kms.create_alias(AliasName=key_alias(run.stack.run), TargetKeyId=key["KeyId"])
    stack = Stack(
        access=run.access,
        name=name,
        run=run.stack.run,
        template=run.stack.template,
    )
    stack.update(KmsKeyArn=key["Arn"])
    cloud = run.cloud
    machine = stack.resources("AWS::StepFunctions::StateMachine")["StateDataStateMachine"]
    subject, items = next(iter(MAPS.items()))
    mapped = {"status": "DISTRIBUTED_MAP", "distributed_items": items}
    value = {"segments": [mapped, {"status": "COMPLETE"}]}
    role = stack.resources("AWS::IAM::Role")["StateDataStateMachineRole"]
    with denied(run.access, role, ["kms:Encrypt"], run.patience):
        without = cloud.start_execution(value, state_machine_arn=machine).wait()
        run.report(f"a map without kms:Encrypt: {without.status}, {without.error}")
    execution = cloud.start_execution(value, state_machine_arn=machine).wait()
    yield from succeeded(PART, f"{subject} with a key", execution)


def _key_policy(run: Checked, stack: str) -> str:
    """Return the policy of a key that the documentation gives, for a stack."""
    text = _HOWTO.read_text(encoding="utf-8")
    (policy,) = re.findall(r"```json key policy\n(.*?)```", text, re.DOTALL)
    machine = run.cloud.outputs["StateMachineArn"]
    _, partition, _, region, account, *_ = machine.split(":")
    values = {"arn:aws:": f"arn:{partition}:", "REGION": region, "ACCOUNT": account, "STACK": stack}
    for name, value in values.items():
        policy = policy.replace(name, value)
    return str(policy)
