"""A bag that nobody of ours has made is worked with, or refused by name."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, EXECUTION, fresh
from tests.core.fakes import CountingStore
from universal_sync_core import create_snapshot, fork_branch, hydrate_state, universal_sync_core
from universal_sync_core.errors import InvalidRequestError

SYNC = CONTEXT | {"action": "sync"}


@pytest.fixture(autouse=True)
def store() -> Any:
    with fresh(CountingStore()) as runtime:
        yield runtime


def with_archive() -> dict[str, Any]:
    entries = [{"n": n, "timestamp": n} for n in range(80)]
    return universal_sync_core({"execution_id": EXECUTION}, {"state_history": entries}, SYNC)


@pytest.mark.parametrize(("inline", "entries"), [(None, []), (7, [7]), ({"a": 1}, [{"a": 1}])])
def test_a_history_that_is_no_list_is_one_entry(inline: Any, entries: list[Any]) -> None:
    bag = with_archive() | {"state_history": inline}
    archived = bag["state_history_archive"]["__count"]
    assert hydrate_state(bag)["state_history"][archived:] == entries
    assert hydrate_state(bag, ["state_history"])["state_history"][archived:] == entries


@pytest.mark.parametrize("latest", ["2026", [1], None, 1.5])
def test_what_the_archive_says_of_its_time_is_a_number_or_nothing(latest: Any) -> None:
    bag = with_archive()
    bag["state_history_archive"] |= {"latest": latest}
    bag = universal_sync_core(bag, {"state_history": [{"n": 1, "timestamp": 1e9}] * 2}, SYNC)
    assert len(hydrate_state(bag)["state_history"]) == 81


@pytest.mark.parametrize("role", ["state_s3_path", "state_history", "chunk_results"])
def test_a_pointer_to_another_kind_has_no_role(role: str) -> None:
    bag = universal_sync_core({"execution_id": EXECUTION}, {"is": ["x" * 40_000]}, SYNC)
    if role != "state_s3_path":
        bag = universal_sync_core(bag, {"is": {"text": "x" * 40_000}}, SYNC)
    names = {"state_s3_path": role, "state_history": "state_history_archive"}
    name = names.get(role, f"{role}_s3_path")
    whole = hydrate_state(bag | {name: bag["is"] | {"of_field": role}})
    assert whole[name] == whole["is"]


@pytest.mark.parametrize("limit", [None, "350", 0, [1]])
def test_a_limit_of_segments_that_is_no_count_is_the_default(limit: Any) -> None:
    bag = universal_sync_core({"execution_id": EXECUTION}, {"pending_branches": [1, 2]}, SYNC)
    wanted = fork_branch(bag, 1)
    forked = fork_branch(bag | {"segments_per_execution": limit}, 1)
    assert forked["segments_per_execution"] == wanted["segments_per_execution"]


@pytest.mark.parametrize("action", [[], {}, None, 5])
def test_a_next_action_that_is_no_string_is_refused_by_name(action: Any) -> None:
    bag = {"execution_id": EXECUTION, "state_revision": 1, "next_action": action}
    with pytest.raises(InvalidRequestError) as caught:
        create_snapshot(bag, "pre")
    assert caught.value.field == "state_data.next_action"
