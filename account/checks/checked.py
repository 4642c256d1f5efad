"""What a check has at hand."""

from collections.abc import Callable
from dataclasses import dataclass

from account.access import Access
from account.cloud import AccountCloud
from account.findings import Finding
from account.stacks import Stack
from local.executions import Execution

_SECONDS = 1_800


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A deployed stack, and how much is tried on it.

    Attributes:
        access: to its account.
        stack: the stack.
        companion: what is beside it.
        many_items: items of the largest map.
        outage_seconds: how long a permission is withdrawn.
        patience: seconds to wait for what CloudWatch or IAM do later.
        report: is told what is seen that is neither right nor wrong.
    """

    access: Access
    stack: Stack
    companion: Stack
    many_items: int
    outage_seconds: float
    patience: float
    report: Callable[[str], None]

    @property
    def cloud(self) -> AccountCloud:
        """The stack as it is now, to run workflows on."""
        return AccountCloud(self.access, self.stack.name, self.companion.name)

    def run(self, *segments: object, timeout: float = _SECONDS) -> Execution:
        """Return an execution of recorded segments, and a last one, that has ended."""
        value = {"segments": [*segments, {"status": "COMPLETE"}]}
        return self.cloud.start_execution(value).wait(timeout)


def succeeded(part: str, subject: str, execution: Execution) -> list[Finding]:
    """Return what is wrong with an execution that should have succeeded."""
    if execution.status == "SUCCEEDED":
        return []
    seen = f"{execution.status}, {execution.error}: {(execution.cause or '')[:300]}"
    return [Finding(part=part, subject=subject, expected="SUCCEEDED", seen=seen)]
