"""What an execution is started with, of any size and any shape."""

import hashlib
import json
from typing import Any

import pytest

from tests.end_to_end.workflow import Json, Workflows, folded

LARGE: Json = {"segments": [{"status": "COMPLETE"}], "current_state": {"words": "w" * 400_000}}


def test_input_larger_than_a_state_may_be_comes_through_s3(workflows: Workflows) -> None:
    path = workflows.put_input("inputs/large.json", LARGE)
    digest = hashlib.sha256(json.dumps(LARGE).encode()).hexdigest()
    value = {"input_s3_path": path, "input_sha256": digest, "title": "API catalog"}
    state = workflows.final_state(workflows.run(value))
    assert state == folded({**value, **LARGE}, {})


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([1, 2], "InvalidRequestError"),
        ({"input_s3_path": "s3://elsewhere/inputs/large.json"}, "PointerNotAllowedError"),
        ({"input_s3_path": "{inputs}/missing.json"}, "MissingObjectError"),
        ({"input_s3_path": "{inputs}/altered.json", "input_sha256": "0" * 64}, "ChecksumMismatch"),
        ({"resume_from": "{inputs}/altered.json"}, "MalformedPointerError"),
        ({"resume_from": "s3://elsewhere/v1/e/packs/0"}, "PointerNotAllowedError"),
        ({"segments_per_execution": 0}, "InvalidRequestError"),
        ({"filler": "x" * 262_000}, "DataLimitExceeded"),
    ],
)
def test_input_that_cannot_be_taken_fails_with_a_record(
    workflows: Workflows, value: Any, error: str
) -> None:
    path = workflows.put_input("inputs/altered.json", LARGE)
    given = json.loads(json.dumps(value).replace("{inputs}", path.rpartition("/")[0]))
    failed = workflows.run(given)
    assert (failed.error or "").startswith(error)
    record = workflows.record(failed)
    assert (record["stage"], record["snapshot_s3_path"]) == ("init", None)
