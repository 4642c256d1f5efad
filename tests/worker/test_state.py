"""What a worker sees of the state, and what that costs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core import oracle
from tests.core.bags import EXECUTION, OTHER_EXECUTION, Unchanged, fresh, synced
from tests.core.fakes import CorruptingStore, CountingStore, FlakyStore, SlowStore
from tests.core.test_lossless import TINY, results
from tests.worker.conftest import DOCUMENTS, HISTORY, STATE
from universal_sync_core import (
    State,
    calculate_payload_size,
    hydrate_state,
    plain,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.bag.fields import overflow_of
from universal_sync_core.errors import (
    ChecksumMismatchError,
    InvalidRequestError,
    MissingObjectError,
    PointerNotAllowedError,
    StoreUnavailableError,
)
from universal_sync_core.lazy.needs import parse_needs
from universal_sync_core.packs import outbox
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.paths import render_path
from universal_sync_core.worker.state import bag_state

KIB = 1024


def state_of(bag: dict[str, Any], *needs: str) -> State[Any]:
    return bag_state(bag, parse_needs(needs) if needs else None, EXECUTION)


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


def test_views_are_mappings_and_sequences_of_one_kind_inline_and_in_s3(
    store: CountingStore, bag: dict[str, Any]
) -> None:
    with fresh(store):
        current = state_of(bag)["current_state"]
        for view in (current, current["odd"], current["order"]):
            assert isinstance(view, Mapping)
            assert not isinstance(view, dict)
        for rows in (current["documents"], current["odd"]["inner"], current["order"]["lines"]):
            assert isinstance(rows, Sequence)
            assert not isinstance(rows, list)
        assert current["odd"] == STATE["odd"]
        assert current["odd"]["inner"] == [1, 2.5, None]
        assert current["odd"]["inner"] != [1, 2.5]
        assert dict(current["odd"])["inner"] == current["odd"]["inner"]
        assert json.loads(json.dumps(current["order"], default=plain)) == STATE["order"]


def test_a_view_never_shows_its_values_in_a_log(store: CountingStore, bag: dict[str, Any]) -> None:
    with fresh(store):
        state = state_of(bag)
        shown = f"{state!r} {state['current_state']!r} {state['current_state']['documents']!r}"
    assert shown == "<State of a segment> <MapView of 4 keys> <ListView of 90 elements>"


def test_slices_of_a_list_are_lists_read_in_ranges(
    store: CountingStore, bag: dict[str, Any]
) -> None:
    with fresh(store) as space:
        documents = state_of(bag)["current_state"]["documents"]
        assert plain(documents[40:42]) == DOCUMENTS[40:42]
        assert plain(documents[3:0:-2]) == DOCUMENTS[3:0:-2]
        assert documents[10:20][-1]["id"] == 19
        assert space.usage.snapshot().bytes_read < 300 * KIB
        assert [each["id"] for each in reversed(documents[:4])] == [3, 2, 1, 0]
        assert plain(state_of(bag)["state_history"][248:252]) == HISTORY[248:252]


def test_a_long_list_is_gone_through_a_few_megabytes_at_a_time() -> None:
    store = CountingStore()
    rows = [{"n": n, "text": "x" * 40_000} for n in range(400)]
    with fresh(store):
        pointer = store_to_s3(rows, {"execution_id": EXECUTION})
    bag = {"execution_id": EXECUTION, "rows": pointer}
    store.reset()
    with fresh(store, cache_bytes=1) as space:
        seen = iter(state_of(bag)["rows"])
        assert [next(seen)["n"] for _ in range(3)] == [0, 1, 2]
        assert space.usage.snapshot().bytes_read < 5_000 * KIB
        assert [each["n"] for each in seen] == list(range(3, 400))


@pytest.mark.parametrize("ways", ["items", "values"])
def test_values_of_a_map_are_read_side_by_side(ways: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PACK_BYTES", 1)  # a document each
    store = CountingStore()
    values = {f"k{n}": {"n": n, "text": "x" * 20_000} for n in range(60)}
    with fresh(store):
        pointer = store_to_s3(values, {"execution_id": EXECUTION})
    slow = SlowStore(store, seconds=0.005)
    with fresh(slow):
        seen = list(getattr(state_of({"execution_id": EXECUTION, "m": pointer})["m"], ways)())
        assert seen == list(getattr(values, ways)())
    assert slow.most_at_once > 10


def test_needs_in_one_map_are_found_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PACK_BYTES", 1)  # a document each
    store = CountingStore()
    values = {f"k{n}": {"n": n, "text": f"{n} " * 20_000} for n in range(300)}
    with fresh(store):
        bag = synced({"execution_id": EXECUTION}, {"current_state": values})
    slow = SlowStore(store, seconds=0.005)
    with fresh(slow):
        state = state_of(bag, *(f"current_state.k{n}.n" for n in range(0, 300, 15)))
        state.fetch()
        assert [state["current_state"][f"k{n}"]["n"] for n in (0, 15, 285)] == [0, 15, 285]
    assert slow.most_at_once > 10


def test_fields_of_a_bag_of_very_many_come_one_by_one() -> None:
    store = CountingStore()
    with fresh(store):
        fields = {f"key-{number}": {"n": number} for number in range(20_000)}
        bag = synced({"execution_id": EXECUTION}, fields)
    store.reset()
    with fresh(store):
        state = state_of(bag)
        assert state["key-777"] == {"n": 777}
        assert "none" not in state
        assert len(store.gets) <= 6
        assert len(state) == 20_000 + len(bag.keys() - fields) - 1
        assert "state_s3_path" not in list(state)


@pytest.mark.parametrize("name", ["state_s3_path", "state_history_archive"])
def test_fields_of_the_users_may_have_the_names_of_forms(name: str) -> None:
    value = {"the user's": ["x" * 500]}
    with runtime.use(settings=TINY, store=MemoryStore()):
        many = {f"key-{number}": "x" * 90 for number in range(90)}
        bag = synced({"execution_id": EXECUTION}, {name: value, **many})
        assert overflow_of(bag) is not None
        state = state_of(bag)
        assert state[name] == state.read(name) == state_of(bag, name)[name] == value
        assert name in list(state)
        assert oracle.same(plain(state), hydrate_state(bag))


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


def _paths_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the steps to every part of a value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for step, item in pairs:
        if step != "":  # there is no way to write it
            yield (*path, step)
            if isinstance(item, dict | list):
                yield from _paths_in(item, (*path, step))


@settings(max_examples=150, deadline=None)
@given(st.lists(results, max_size=6), st.data())
def test_views_show_what_hydrating_gives(sequence: list[Any], data: st.DataObject) -> None:
    with runtime.use(settings=TINY, store=MemoryStore()):
        bag: dict[str, Any] = {}
        for result in sequence:
            bag = universal_sync_core(bag, result, {"execution_id": EXECUTION})
        hydrated = hydrate_state(bag, context={"execution_id": EXECUTION})
        assert oracle.same(plain(state_of(bag)), hydrated)
        assert list(state_of(bag)) == list(hydrated)
        paths = list(_paths_in(hydrated))
        for steps in data.draw(st.lists(st.sampled_from(paths), max_size=5)) if paths else []:
            expected = hydrated
            for step in steps:
                expected = expected[step]
            path = render_path(steps)
            assert oracle.same(state_of(bag).read(path), expected)
            assert oracle.same(state_of(bag, path).read(path), expected)
            walked: Any = state_of(bag)
            for step in steps:
                walked = walked[step]
            assert oracle.same(plain(walked), expected)
