"""One run: deploy, test, walk, check, report the differences, and delete everything."""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.cloud import LocalCloud
from local.errors import LocalCloudError

from . import end_to_end
from .access import Access
from .checks import concurrency, deployment, encryption, ends, maps, settings, waits
from .checks.checked import Checked
from .commands import ROOT, sam
from .errors import AccountError
from .findings import Finding
from .stacks import COMPANION, Stack, companion_of, outputs_of
from .walk.compare import walk
from .walk.local_states import LocalStates
from .walk.test_state import TestState

Check = Callable[[Checked], Iterator[Finding]]

CHECKS: dict[str, Check] = {
    module.PART: module.check
    for module in (deployment, maps, waits, settings, encryption, ends, concurrency)
}
PARTS = ("tests", "states", *CHECKS)
_PARAMETERS = {
    "WithCallbackFunction": "true",
    "ServiceOperations": "dynamodb:listTables",
    "ServicePolicyArn": "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess",
}


def new_name() -> str:
    """Return a name for a run, which all that it makes begins with."""
    return f"usc-check-{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run is asked for.

    Attributes:
        name: of the run.
        parts: names of what is run.
        built: a template that is built already; None builds the one of this repository.
        many_items: items of the largest map.
        outage_seconds: how long a permission is withdrawn.
        patience: seconds to wait for what CloudWatch or IAM do later.
    """

    name: str
    parts: Sequence[str]
    built: Path | None
    many_items: int
    outage_seconds: float
    patience: float


def run(access: Access, plan: Plan, report: Callable[[str], None]) -> list[Finding]:
    """Deploy a stack and give all that differs on it from what is expected.

    Raises:
        AccountError: it cannot be deployed.
    """
    checked = _deployed(access, plan, report)
    findings: list[Finding] = []
    for part in plan.parts:
        report(f"== {part}")
        for finding in _part(part, checked):
            report(str(finding))
            findings.append(finding)
    return findings


def _deployed(access: Access, plan: Plan, report: Callable[[str], None]) -> Checked:
    template = plan.built or _build(access, plan.name, report)
    report(f"deploying the stack {plan.name}")
    stack = Stack(access=access, name=plan.name, run=plan.name, template=template)
    stack.update(**_PARAMETERS)
    outputs = outputs_of(access, stack.name)
    companion = Stack(
        access=access, name=companion_of(plan.name), run=plan.name, template=COMPANION
    )
    companion.update(
        Checked=stack.name,
        StateBucket=outputs["StateBucketName"],
        WorkerPolicyArn=outputs["WorkerPolicyArn"],
    )
    return Checked(
        access=access,
        stack=stack,
        companion=companion,
        many_items=plan.many_items,
        outage_seconds=plan.outage_seconds,
        patience=plan.patience,
        report=report,
    )


def _build(access: Access, name: str, report: Callable[[str], None]) -> Path:
    report("building")
    directory = ROOT / ".aws-sam" / "account" / name
    sam(access, ["build", "--build-dir", directory, "--parallel"])
    return directory / "template.yaml"


def _part(part: str, checked: Checked) -> Iterator[Finding]:
    """Run a part; one that breaks is a finding too, and the others are still run."""
    try:
        if part == "tests":
            yield from end_to_end.run(checked.access, checked.stack.name)
        elif part == "states":
            yield from _walked(checked)
        else:
            yield from CHECKS[part](checked)
    except (AccountError, BotoCoreError, ClientError, LocalCloudError, TimeoutError) as error:
        seen = f"{type(error).__name__}: {error}"
        yield Finding(part=part, subject="the part as a whole", expected="its end", seen=seen)


def _walked(checked: Checked) -> list[Finding]:
    machine: dict[str, Any] = json.loads(
        checked.access.client("stepfunctions").describe_state_machine(
            stateMachineArn=checked.cloud.outputs["StateMachineArn"]
        )["definition"]
    )
    there = TestState(checked.access.client("stepfunctions"))
    with LocalCloud.start() as cloud:
        return walk(machine, LocalStates(cloud), there, checked.report)
