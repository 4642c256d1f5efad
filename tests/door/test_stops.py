"""A result that stops the workflow says under which error, and why."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT
from tests.door.ways import WAYS, Bag, first, synced_by
from universal_sync_core import create_snapshot, first_bag, record_failure, store_to_s3
from universal_sync_core.errors import InvalidRequestError

pytestmark = pytest.mark.usefixtures("store")

LONG = "x" * 60_000
SAID_NO_CAUSE = "The last result said FAILED, without a cause."


@pytest.mark.parametrize("way", sorted(WAYS.keys() - {"branches"}))
@pytest.mark.parametrize("status", ["FAILED", "HALTED", "SIGKILL"])
def test_error_and_cause_beside_the_status_are_those_of_the_execution(
    way: str, status: str
) -> None:
    send, _ = WAYS[way]
    bag = send(first(), {"status": status, "error": "NoStock", "cause": "none left"})
    assert bag["stopped_by"] == {"error": "NoStock", "cause": "none left"}
    assert (bag["error"], bag["cause"]) == ("NoStock", "none left")


CASES: list[tuple[Bag, Bag]] = [
    ({"error": "E"}, {"error": "E", "cause": SAID_NO_CAUSE}),
    ({"cause": "c"}, {"error": "Workflow.FAILED", "cause": "c"}),
    ({"error": 0.02, "cause": "c"}, {"error": "Workflow.FAILED", "cause": "c"}),
    ({"error": " ", "cause": "c"}, {"error": "Workflow.FAILED", "cause": "c"}),
    ({"error": "E", "cause": {"a": 1}}, {"error": "E", "cause": '{"a":1}'}),
    ({"error": 5}, {"error": "Workflow.FAILED", "cause": "5"}),
    ({"error": {"code": 7}}, {"error": "Workflow.FAILED", "cause": '{"code":7}'}),
    ({"error": {"code": 7}, "cause": "c"}, {"error": "Workflow.FAILED", "cause": "c"}),
    ({"Error": "E", "Cause": "c"}, {"error": "E", "cause": "c"}),
    ({"Error": "E", "error": None}, {"error": "E", "cause": SAID_NO_CAUSE}),
    ({"Error": "other", "error": "E", "Cause": "c"}, {"error": "E", "cause": "c"}),
    ({"error": "E" * 300, "cause": "c"}, {"error": "E" * 256, "cause": "c"}),
    ({"error": "E", "cause": LONG}, {"error": "E", "cause": "x" * 1_000}),
]


@pytest.mark.parametrize(("given", "expected"), CASES)
@pytest.mark.parametrize("stored", [False, True])
def test_whatever_they_are(given: Bag, expected: Bag, stored: bool) -> None:  # noqa: FBT001
    result = {"status": "FAILED", **given}
    sent = store_to_s3(result, CONTEXT) if stored else result
    assert synced_by("sync")(first(), sent)["stopped_by"] == expected


@pytest.mark.parametrize(
    "result",
    [
        {"error": "E", "cause": "c"},
        {"status": "CONTINUE", "error": "E"},
        {"status": "COMPLETE", "error": "E"},
        {"status": "FAILED"},
        {"status": "FAILED", "error": None, "cause": None},
    ],
)
def test_without_both_there_is_nothing_to_say(result: Bag) -> None:
    bag = synced_by("sync")(first(), {"error": "an earlier one", "cause": "of a step that went on"})
    assert "stopped_by" not in synced_by("sync")(bag, result)


def test_a_snapshot_keeps_it_and_going_on_takes_it_away() -> None:
    bag = synced_by("sync")(first(), {"status": "FAILED", "error": "E"})
    failure = {"Error": "E", "Cause": "c"}
    resumed = first_bag({"resume_from": record_failure(bag, failure)["record_s3_path"]}, CONTEXT)
    assert "stopped_by" not in resumed
    assert resumed["next_action"] == "CONTINUE"
    assert create_snapshot(bag, "post")["stopped_by"] == bag["stopped_by"]


@pytest.mark.parametrize("value", [{"error": "E", "cause": "c"}, 5, None])
def test_nobody_else_says_it(value: Any) -> None:
    for send in (synced_by("sync"), WAYS["merge_callback"][0]):
        with pytest.raises(InvalidRequestError, match="stopped_by is a control field"):
            send(first(), {"stopped_by": value})
    with pytest.raises(InvalidRequestError):
        first(stopped_by=value)
