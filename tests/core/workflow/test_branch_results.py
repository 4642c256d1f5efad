"""A branch that ends in a value and no bag: a result like any other, within the same rules."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, OTHER_EXECUTION
from tests.core.workflow.branches import JOIN
from tests.core.workflow.endings import forked, joined, parent, wrapped
from universal_sync_core import complete_branch, join_branches, store_to_s3
from universal_sync_core.errors import InvalidRequestError, MalformedPointerError

pytestmark = pytest.mark.usefixtures("store")


def test_what_else_stands_beside_a_bag_is_a_result() -> None:
    state = parent()
    branch = wrapped(forked(state, current_state={"left": 1})) | {
        "current_state": {"right": 2},
        "y": 3,
    }
    bag = joined(state, branch)
    assert bag["current_state"] == {"n": 0, "left": 1, "right": 2}
    assert bag["y"] == 3


@pytest.mark.parametrize("status", ["PAUSE", "ASYNC", "DISTRIBUTED_MAP", "PARALLEL_GROUP"])
def test_a_result_of_a_branch_that_asks_for_what_none_can_have_is_refused(status: str) -> None:
    for asking in ({"status": status}, store_to_s3({"status": status}, CONTEXT)):
        with pytest.raises(InvalidRequestError, match=rf"branches\[1\].*cannot ask for {status}"):
            joined(parent(), {"x": 1}, asking)


PLAIN = [
    None,
    "text",
    5,
    True,
    {},
    {"error": 0.02},
    {"error": "e", "cause": None},
    {"branch": "main"},
]


@pytest.mark.parametrize("value", PLAIN)
def test_anything_else_is_a_result_and_no_failure(value: Any) -> None:
    bag = joined(parent(), value)
    assert "failed_segments" not in bag
    expected = value if isinstance(value, dict) else {} if value is None else {"raw_result": value}
    assert {name: bag[name] for name in expected} == expected


def test_what_a_result_says_of_its_own_progress_changes_nothing_of_the_parents() -> None:
    state = parent(total_segments=5, segment_to_run=1, loop_counter=2, loop_limit=9)
    own = {"status": "COMPLETE", "loop_counter": 8, "next_segment_to_run": 4, "total_segments": 1}
    whole = join_branches(state, [own | {"loop_limit": 1, "x": 1}], JOIN)
    assert whole["next_action"] == "CONTINUE"
    assert whole["x"] == 1
    kept = {"segment_to_run": 2, "total_segments": 5, "loop_counter": 2, "loop_limit": 9}
    assert {name: whole[name] for name in kept} == kept
    assert "next_segment_to_run" not in whole
    assert "status" not in whole


def test_a_result_cannot_be_another_executions() -> None:
    with pytest.raises(InvalidRequestError):
        joined(parent(), {"execution_id": OTHER_EXECUTION, "x": 1})


def test_a_path_of_the_users_own_is_data() -> None:
    value = {"s3_path": "s3://a-bucket/report.csv", "rows": 3}
    bag = joined(parent(), value)
    assert {name: bag[name] for name in value} == value


@pytest.mark.parametrize("status", [["FAILED"], {"of": "mine"}, 5, None])
def test_a_status_that_is_no_text_is_no_failure(status: Any) -> None:
    state = parent()
    pointer = complete_branch(forked(state, x=1), CONTEXT) | {"status": status}
    assert "failed_segments" not in joined(state, pointer)


@pytest.mark.parametrize("document", [{"a": 1}, [], "text", None, {"forked_from": 1}])
def test_a_path_to_what_is_no_branch_is_refused(document: Any) -> None:
    path = store_to_s3(document, CONTEXT)["__s3_path"]
    with pytest.raises(MalformedPointerError):
        joined(parent(), {"s3_path": path})
