"""A wait while nothing can be announced: is it one callback afterwards, or are there orphans?"""

import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from account.findings import Finding

from .checked import Checked, succeeded
from .denial import denied

PART = "waits"
_ID = re.compile(r"/callbacks/([0-9a-f]{64})")
_POLL_SECONDS = 1.0


def check(run: Checked) -> Iterator[Finding]:
    """Let a workflow ask while its function may not put events, and then be answered."""
    cloud = run.cloud
    role = run.stack.resources("AWS::IAM::Role")["StateDataManagerFunctionRole"]
    with denied(run.access, role, ["events:PutEvents"], run.patience):
        asks = {"status": "PAUSED_FOR_HITP", "prompt": "goes on?"}
        execution = cloud.start_execution({"segments": [asks, {"status": "COMPLETE"}]})
        time.sleep(run.outage_seconds)
    request = _request(run, cloud, execution.arn)
    if request is None:
        seen = "nothing was announced"
        yield Finding(part=PART, subject="an outage", expected="an announcement", seen=seen)
        execution.stop()
        return
    ids = _callbacks(run, execution.arn)
    if len(ids) != 1:
        seen = f"{len(ids)} callbacks"
        yield Finding(part=PART, subject="an outage", expected="one callback", seen=seen)
    named = {name: request[name] for name in ("callback_id", "execution_id")}
    answer = {"action": "submit_callback", "outcome": "success", "output": {}, **named}
    cloud.invoke(answer)
    yield from succeeded(PART, "an answer after an outage", execution.wait())


def _request(run: Checked, cloud: Any, execution_arn: str) -> dict[str, Any] | None:
    """Return what was announced; the state machine tries again for about a minute."""
    deadline = time.monotonic() + 2 * run.outage_seconds + run.patience
    while time.monotonic() < deadline:
        for event in cloud.events:
            detail: dict[str, Any] = event["Detail"]
            if detail["execution_id"] == execution_arn:
                return detail
        time.sleep(_POLL_SECONDS)
    return None


def _callbacks(run: Checked, execution_arn: str) -> set[str]:
    pages = run.access.client("s3").get_paginator("list_objects_v2")
    listed = pages.paginate(
        Bucket=run.cloud.outputs["StateBucketName"], Prefix=f"v1/{quote(execution_arn, safe='')}/"
    )
    keys = [each["Key"] for page in listed for each in page.get("Contents", [])]
    return {found[1] for found in map(_ID.search, keys) if found}
