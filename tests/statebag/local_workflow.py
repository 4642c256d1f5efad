"""A workflow on the local cloud with segments of every kind, as the command finds it."""

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from local.cloud import LocalCloud
from tests.statebag.conftest import Ran

SECONDS = 60.0
SECTIONS = [{"number": number, "text": "x" * 500} for number in range(300)]
BRANCHES = [
    {"branch_id": "left", "segments": [{"current_state": {"left": 1}}]},
    {"branch_id": "right", "segments": [{"current_state": {"right": 2}}]},
]
SEGMENTS = [
    {"current_state": {"sections": SECTIONS}, "state_history": [{"timestamp": 1, "did": "list"}]},
    {"status": "DISTRIBUTED_MAP", "distributed_items": [{"current_state": {"item": 1}}] * 3},
    {"status": "PARALLEL_GROUP", "pending_branches": BRANCHES},
    {"status": "PAUSED_FOR_HITP", "prompt": {"question": "Publish?", "password": "hunter2"}},
    {"status": "FAILED", "error": "OutOfStock", "cause": "none left"},
]
Command = Callable[..., Ran]


class Workflow(NamedTuple):
    """A workflow that waits for an answer."""

    arn: str
    bucket: str


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def one(ran: Ran) -> Any:
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def stored_versions(cloud: LocalCloud, bucket: str) -> list[str]:
    """Return the keys of all versions and markers in a bucket."""
    pages = cloud.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
    return [
        each["Key"]
        for page in pages
        for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
    ]
