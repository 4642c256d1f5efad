"""What a worker sees of the state, and what that costs."""

from typing import Any

import pytest

from tests.core.bags import EXECUTION, OTHER_EXECUTION, Unchanged, fresh, synced
from tests.core.fakes import CorruptingStore, CountingStore, FlakyStore
from tests.worker.conftest import DOCUMENTS, HISTORY, STATE
from tests.worker.states import KIB, state_of
from universal_sync_core import (
    calculate_payload_size,
    hydrate_state,
    plain,
    store_to_s3,
)
from universal_sync_core.errors import (
    ChecksumMismatchError,
    InvalidRequestError,
    MissingObjectError,
    PointerNotAllowedError,
    StoreUnavailableError,
)
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.worker.state import bag_state


def test_nothing_is_read_before_it_is_touched(store: CountingStore, bag: dict[str, Any]) -> None:
    with fresh(store):
        state = state_of(bag)
        assert (state["status"], state.kind) == ("CONTINUE", "segment")
        assert state["current_state"]["approved"] is True
        assert len(state["current_state"]["documents"]) == 90
        assert len(state["state_history"]) == 300
        assert "current_state" in state
        assert "nothing" not in state
    assert store.requests == 0


def test_one_path_of_fifty_megabytes_reads_less_than_two_hundred_kilobytes() -> None:
    store = CountingStore()
    documents = [{"id": n, "text": f"{n:05} " * 8_500} for n in range(1_000)]
    with fresh(store):
        bag = synced({"execution_id": EXECUTION}, {"current_state": {"documents": documents}})
        assert hydrate_state(bag)["current_state"]["documents"] == documents
    assert calculate_payload_size(documents) > 50_000_000
    for path in ("current_state.documents[717].id", "current_state.documents[-1].text"):
        with fresh(store) as space:
            assert state_of(bag).read(path) == state_of(bag, path).read(path)
            assert 0 < space.usage.snapshot().bytes_read < 200 * KIB


def test_what_is_read_again_is_not_fetched_again(store: CountingStore, bag: dict[str, Any]) -> None:
    with fresh(store, cache_bytes=1):
        state = state_of(bag, "current_state.documents")
        first = state["current_state"]["documents"]
        store.reset()
        assert state["current_state"]["documents"] is first
        assert first == DOCUMENTS
    assert store.requests == 0


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("current_state.documents[3].title", "document 3"),
        ("current_state.documents[-1].id", 89),
        ("current_state.documents[2:4]", DOCUMENTS[2:4]),
        ("current_state.order", STATE["order"]),
        ("current_state.odd", STATE["odd"]),
        ('current_state.odd["__s3_offloaded"]', "the user's"),
        ("current_state", STATE),
        ("state_history", HISTORY),
        ("state_history[-20:]", HISTORY[-20:]),
        ("state_history[:3]", HISTORY[:3]),
        ("state_history[270:290]", HISTORY[270:290]),
        ("state_history[0].n", 0),
        ("chunk_results[30].n", 30),
        ("status", "CONTINUE"),
    ],
)
@pytest.mark.parametrize("eager", [False, True])
def test_a_path_is_plain_whether_needed_or_read(
    store: CountingStore, bag: dict[str, Any], path: str, value: Any, *, eager: bool
) -> None:
    with fresh(store):
        assert state_of(bag).read(path) == value
        needing = state_of(bag, path)
        if eager:
            needing.fetch()
            store.reset()
        found = needing.read(path)
        assert found == value
        assert type(found) is type(value)
        assert not (eager and store.requests)


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "current_state.nothing",
        "current_state.documents[90]",
        "current_state.documents.title",
        "current_state[0]",
        "current_state.approved.x",
        "status[0]",
        "current_state.order[0:1]",
        "state_history_archive",
        "chunk_results_s3_path",
    ],
)
def test_a_path_that_leads_nowhere_is_a_key_error_or_the_default(
    store: CountingStore, bag: dict[str, Any], path: str
) -> None:
    with fresh(store):
        with pytest.raises(KeyError) as caught:
            state_of(bag).read(path)
        assert caught.value.args == (path,)
        assert state_of(bag).read(path, "default") == "default"


def test_what_was_read_is_the_workers_own_to_change(
    store: CountingStore, bag: dict[str, Any]
) -> None:
    with fresh(store), Unchanged(bag):
        state = state_of(bag)
        for path in ("current_state.order", "current_state.odd", "current_state"):
            state.read(path)["changed"] = True
            assert "changed" not in state.read(path)
        plain(state["state_history"]).clear()
        plain(state["current_state"]["documents"][:3])[0]["id"] = "changed"
        assert state["current_state"]["documents"][0]["id"] == 0
        assert plain(state["current_state"]) == STATE


def test_needs_show_nothing_else(store: CountingStore, bag: dict[str, Any]) -> None:
    with fresh(store):
        state = state_of(bag, "current_state.order.lines", "current_state.none")
        assert list(state["current_state"]) == ["order"]
        assert len(state["current_state"]) == 1
        assert plain(state["current_state"]) == {"order": {"lines": [{"sku": "a", "quantity": 2}]}}
        assert "none" not in state["current_state"]
        assert state["current_state"].get("none", 0) == 0
        assert state["execution_id"] == EXECUTION
        for touch in (
            lambda: state["current_state"]["approved"],
            lambda: "approved" in state["current_state"],
            lambda: state["current_state"].get("approved"),
            lambda: state["state_history"],
            lambda: state.read("current_state.order.notes"),
        ):
            with pytest.raises(InvalidRequestError, match="is not among the needs of this task"):
                touch()


def test_a_needed_range_is_the_whole_list_and_is_read_by_its_own_path(
    store: CountingStore, bag: dict[str, Any]
) -> None:
    with fresh(store):
        state = state_of(bag, "state_history[270:290]")
        assert state["state_history"] == state.read("state_history[270:290]") == HISTORY[270:290]
        assert state["state_history"][0] == HISTORY[270]
        for path in ("state_history[0]", "state_history[0:2]", "state_history[270:290].n"):
            with pytest.raises(InvalidRequestError):
                state.read(path)


def test_single_elements_are_needed_by_position_from_either_end(
    store: CountingStore, bag: dict[str, Any]
) -> None:
    with fresh(store):
        documents = state_of(bag, "current_state.documents[0]", "current_state.documents[-1].id")[
            "current_state"
        ]["documents"]
        assert documents[0] == DOCUMENTS[0]
        assert documents[89]["id"] == documents[-1]["id"] == 89
        for touch in (lambda: documents[1], lambda: list(documents), lambda: documents[-1]["text"]):
            with pytest.raises(InvalidRequestError, match=r"current_state\.documents\[\d+\]"):
                touch()


@pytest.mark.parametrize("needed", ["[0]", "[-1]"])
@pytest.mark.parametrize("read", ["[0]", "[-1]"])
def test_a_range_in_an_element_is_read_by_its_position_from_either_end(
    needed: str, read: str
) -> None:
    state = {"current_state": {"orders": [{"lines": [*range(9)]}]}}
    with fresh(CountingStore()):
        lines = state_of(state, f"current_state.orders{needed}.lines[5:7]").read(
            f"current_state.orders{read}.lines[5:7]"
        )
    assert lines == [5, 6]


def test_all_needs_are_fetched_side_by_side(store: CountingStore, bag: dict[str, Any]) -> None:
    paths = ["current_state.documents[0].text", "current_state.order", "current_state.missing"]
    with fresh(store):
        state = state_of(bag, *paths, "state_history[-20:]", "current_state.documents[7]")
        state.fetch()
        store.reset()
        assert state["current_state"]["documents"][7] == DOCUMENTS[7]
        assert state["current_state"]["documents"][0]["text"] == DOCUMENTS[0]["text"]
        assert state["current_state"]["order"] == STATE["order"]
        assert state["state_history"] == HISTORY[-20:]
    assert store.requests == 0


def test_a_missing_object_is_an_error_where_it_is_touched(bag: dict[str, Any]) -> None:
    with fresh(MemoryStore()):
        state = state_of(bag)
        assert state["current_state"]["approved"] is True
        with pytest.raises(MissingObjectError):
            state["current_state"]["documents"][0]


def test_a_read_is_tried_again_and_verified_as_everywhere(
    store: CountingStore, bag: dict[str, Any]
) -> None:
    path = "current_state.documents[3]"
    for mendable in (FlakyStore(store, fail=2), CorruptingStore(store, times=1)):
        with fresh(mendable):
            assert state_of(bag).read(path) == DOCUMENTS[3]
    for broken, error in (
        (CorruptingStore(store), ChecksumMismatchError),
        (FlakyStore(store, fail=float("inf")), StoreUnavailableError),
    ):
        with fresh(broken), pytest.raises(error):
            state_of(bag).read(path)


def test_an_outage_in_the_middle_of_a_list_is_an_error_and_no_short_list() -> None:
    store = CountingStore()
    rows = [{"n": n, "text": "x" * 40_000} for n in range(200)]
    with fresh(store):
        pointer = store_to_s3(rows, {"execution_id": EXECUTION})
    flaky = FlakyStore(store, fail=0)
    with fresh(flaky, cache_bytes=1):
        view = state_of({"execution_id": EXECUTION, "rows": pointer})["rows"]
        seen = iter(view)
        next(seen)
        flaky.left = float("inf")
        with pytest.raises(StoreUnavailableError):
            list(seen)
        flaky.left = 0
        assert [each["n"] for each in view] == list(range(200))


def test_a_pointer_to_another_executions_state_is_refused_where_it_is_touched() -> None:
    with fresh(CountingStore()):
        elsewhere = store_to_s3({"secret": 1}, {"execution_id": OTHER_EXECUTION})
        state = state_of({"execution_id": EXECUTION, "a": elsewhere, "b": 2})
        assert state["b"] == 2
        with pytest.raises(PointerNotAllowedError):
            state["a"]["secret"]


def test_an_execution_id_that_is_no_text_is_nobodys(bag: dict[str, Any]) -> None:
    with fresh(CountingStore()), pytest.raises(PointerNotAllowedError):
        bag_state(bag | {"execution_id": 5}, None, 5).read("current_state.documents")


def test_a_worker_without_the_bucket_is_told_what_it_lacks(bag: dict[str, Any]) -> None:
    with fresh(CountingStore(), bucket=None):
        assert state_of(bag)["current_state"]["approved"] is True
        with pytest.raises(PointerNotAllowedError, match="set STATE_BUCKET"):
            state_of(bag).read("current_state.documents")
