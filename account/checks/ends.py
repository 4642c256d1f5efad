"""What redriving does to an execution that failed: it enters the Fail state again."""

import time
from collections.abc import Iterator

from account.findings import Finding

from .checked import Checked

PART = "ends"
_POLL_SECONDS = 1.0


def check(run: Checked) -> Iterator[Finding]:
    """Fail an execution and redrive it."""
    execution = run.run({"raises": "as the check asks"})
    if execution.status != "FAILED":
        yield Finding(
            part=PART, subject="a failing segment", expected="FAILED", seen=execution.status
        )
        return
    before = len(execution.history)
    run.access.client("stepfunctions").redrive_execution(executionArn=execution.arn)
    deadline = time.monotonic() + run.patience
    while len(execution.history) == before and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    execution.wait()
    again = [event["type"] for event in execution.history[before:]]
    if execution.status != "FAILED" or "TaskScheduled" in again:
        seen = f"{execution.status} after {', '.join(again)}"
        yield Finding(part=PART, subject="a redriven failure", expected="FAILED at once", seen=seen)
