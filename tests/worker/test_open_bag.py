"""The same for code that is no Lambda handler: open a bag, read, change, commit."""

from contextvars import copy_context
from threading import Thread
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core import oracle
from tests.core.bags import BOUND, CONTEXT, EXECUTION, Unchanged, fresh, synced
from tests.core.fakes import CountingStore, FlakyStore
from tests.core.meanwhile import At
from tests.core.test_lossless import STRATEGIES, TINY, results
from tests.worker.conftest import DOCUMENTS, STATE
from universal_sync_core import (
    calculate_payload_size,
    hydrate_state,
    open_bag,
    plain,
    universal_sync_core,
)
from universal_sync_core.errors import InvalidRequestError, StoreUnavailableError
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore

Json = Any
JsonObject = dict[str, Json]


def test_a_bag_is_opened_read_changed_and_committed(
    store: CountingStore, bag: dict[str, Any]
) -> None:
    with fresh(store), Unchanged(bag):
        state = open_bag(bag)
        texts = [each["text"] for each in state["current_state"]["documents"]]
        state.merge({"current_state": {"characters": sum(map(len, texts))}})
        committed = state.commit()
        again = open_bag({"state_data": committed})
        assert again.read("current_state.characters") == 4_000 * 5 * len(DOCUMENTS)
        assert again["current_state"]["documents"] == DOCUMENTS
    assert committed["state_revision"] == bag["state_revision"] + 1


def test_what_was_merged_is_read_before_it_is_committed(
    store: CountingStore, bag: dict[str, Any]
) -> None:
    with fresh(store):
        state = open_bag(bag)
        assert state["current_state"]["approved"] is True
        state.merge({"current_state": {"approved": False, "rows": iter([{"n": 1}])}})
        state.merge({"current_state": {"rows": [*state["current_state"]["rows"], {"n": 2}]}})
        assert state["current_state"]["rows"] == [{"n": 1}, {"n": 2}]
        assert plain(state["current_state"]) == STATE | {
            "approved": False,
            "rows": [{"n": 1}, {"n": 2}],
        }


@pytest.mark.parametrize("count", [2, 2_000], ids=["inline", "in S3"])
@pytest.mark.parametrize(
    "strategy", ["append", "dedupe_append", {"strategy": "merge_by_key", "key": "n"}], ids=str
)
def test_what_was_merged_may_be_changed_and_merged_again(
    strategy: Json, count: int, store: CountingStore
) -> None:
    rows: list[Json] = []
    with fresh(store):
        context = {"merge_strategy": {"rows": strategy}}
        state = open_bag({"execution_id": EXECUTION}, context=context)
        for batch in range(3):
            rows.extend({"n": batch * count + n, "text": "x" * 20} for n in range(count))
            state.merge({"current_state": {"rows": rows}})
            rows.clear()
        committed = state.commit()
        found = [row["n"] for row in hydrate_state(committed)["current_state"]["rows"]]
    assert found == list(range(3 * count))


@pytest.mark.parametrize("merged", [{"a": 1}, {}], ids=["while it merges", "while it commits"])
def test_results_that_threads_merge_at_once_are_all_kept(
    merged: JsonObject, store: CountingStore, bag: JsonObject
) -> None:
    with fresh(store):
        state = open_bag(bag)
        state.merge({"current_state": {"report": "r" * 90_000}})
        other = Thread(
            target=copy_context().run, args=(state.merge, {"current_state": {"order": {"b": 2}}})
        )

        def merge_meanwhile() -> None:
            other.start()
            other.join(0.2)  # it waits for the first to end

        At(0, merge_meanwhile).notice(store, "get", "put")
        if merged:
            state.merge({"current_state": {"order": merged}})
        else:
            state.commit()
        other.join()
        order = hydrate_state(state.commit())["current_state"]["order"]
    assert order == {**cast("JsonObject", STATE["order"]), **merged, "b": 2}


def test_sealing_without_a_result_gives_the_bag_as_it_was(
    store: CountingStore, bag: dict[str, Any]
) -> None:
    with fresh(store):
        state = open_bag(bag)
        assert state.commit() is bag
        state.merge(None)
        committed = state.commit()
        assert committed["state_revision"] == bag["state_revision"] + 1
        assert state.commit() is committed


def test_a_bag_counts_one_segment_however_many_results_are_merged(store: CountingStore) -> None:
    bag = {"execution_id": EXECUTION, "segment_to_run": 0, "total_segments": 3, "loop_counter": 0}
    with fresh(store):
        state = open_bag(bag)
        state.merge({"status": "FAILED"})
        state.merge({"a": 1, "status": "CONTINUE"})
        committed = state.commit()
        assert (committed["segment_to_run"], committed["loop_counter"]) == (1, 1)
        assert (committed["status"], committed["next_action"]) == ("CONTINUE", "CONTINUE")
        state.merge({"b": 2, "next_segment_to_run": 2})
        assert state.commit()["segment_to_run"] == 2


def test_what_was_readable_beside_a_pointer_is_so_after_sealing(store: CountingStore) -> None:
    keep = CONTEXT | {"keep_inline": ["order.approved"]}
    order = {"approved": False, "notes": "n" * 50_000}
    with fresh(store):
        base = {"execution_id": EXECUTION}
        bag = universal_sync_core(base, {"current_state": {"order": order}}, keep)
        assert bag["current_state"]["order"]["approved"] is False
        state = open_bag(bag)
        state.merge({"current_state": {"order": {"approved": True}}})
        assert state.commit()["current_state"]["order"]["approved"] is True


def test_only_what_is_needed_may_be_touched(store: CountingStore, bag: dict[str, Any]) -> None:
    with fresh(store):
        state = open_bag(bag, needs=["current_state.approved"])
        assert state["current_state"]["approved"] is True
        with pytest.raises(InvalidRequestError, match="is not among the needs"):
            state["current_state"]["documents"]


def test_a_store_that_is_down_loses_nothing(bag: dict[str, Any], store: CountingStore) -> None:
    down = FlakyStore(store, fail=float("inf"))
    with fresh(down):
        state = open_bag(bag)
        with pytest.raises(StoreUnavailableError):
            state.merge({"rows": ({"n": n, "text": "x" * 1_000} for n in range(500))})
        down.left = 0
        state.merge({"current_state": {"report": "r" * 90_000}})
        down.left = float("inf")
        with pytest.raises(StoreUnavailableError):
            state.commit()
        down.left = 0
        committed = state.commit()
    with fresh(store):
        assert hydrate_state(committed)["current_state"] == STATE | {"report": "r" * 90_000}
    assert "rows" not in committed


@pytest.mark.parametrize("given", [None, [], "bag"])
def test_only_an_object_is_a_bag(given: Json) -> None:
    with fresh(CountingStore()), pytest.raises(InvalidRequestError) as caught:
        open_bag(given)
    assert caught.value.field == "state_data"


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(results, max_size=4), max_size=3))
def test_committed_bags_are_bounded_and_hydrate_to_the_merge_without_limits(
    sessions: list[list[Json]],
) -> None:
    context = CONTEXT | {"merge_strategy": STRATEGIES}
    expected: dict[str, Any] = {"execution_id": EXECUTION}
    with runtime.use(settings=TINY, store=MemoryStore()):
        bag = expected
        for session in sessions:
            state = open_bag(bag, context=context)
            for result in session:
                state.merge(result)
                expected = oracle.merge(expected, oracle.flatten(result), STRATEGIES)
                looked_at = oracle.without_bookkeeping(plain(state))
                assert oracle.same(looked_at, oracle.without_bookkeeping(expected))
            bag = state.commit()
            assert calculate_payload_size(bag) <= TINY.bound_bytes < BOUND
            hydrated = oracle.without_bookkeeping(hydrate_state(bag))
            assert oracle.same(hydrated, oracle.without_bookkeeping(expected))


def test_merging_through_an_open_bag_is_the_pipe(store: CountingStore, bag: dict[str, Any]) -> None:
    result = {"current_state": {"order": {"notes": "short"}}, "state_history": [{"n": 300}]}
    with fresh(store):
        piped = synced(bag, result, CONTEXT | {"action": "sync"})
        state = open_bag(bag)
        state.merge(result)
        committed = state.commit()
    times = ("last_update_time", "payload_size_kb")
    assert {k: v for k, v in committed.items() if k not in times} == {
        k: v for k, v in piped.items() if k not in times
    }
