"""Views: mappings and sequences that read what is touched, a little at a time."""

import copy
import json
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from operator import add, or_
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core import oracle
from tests.core.bags import EXECUTION, fresh, synced
from tests.core.effort import calls_of
from tests.core.fakes import CountingStore, SlowStore
from tests.core.test_lossless import TINY, results
from tests.worker.conftest import DOCUMENTS, HISTORY, STATE
from tests.worker.states import KIB, state_of
from universal_sync_core import (
    hydrate_state,
    plain,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.bag.fields import overflow_of
from universal_sync_core.packs import outbox
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.paths import render_path


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


def test_key_that_is_no_string_is_one_that_a_map_does_not_have(
    store: CountingStore, bag: dict[str, Any]
) -> None:
    with fresh(store):
        current = state_of(bag)["current_state"]
        for view in (current, current["odd"], current["order"]):
            assert view.get(7, "none") == "none"
            assert 7 not in view
            with pytest.raises(KeyError):
                view[7]


@pytest.mark.parametrize("index", ["title", None, 1.5, 1_000, -1_000])
def test_index_that_a_list_refuses_is_refused_in_its_words(
    store: CountingStore, bag: dict[str, Any], index: Any
) -> None:
    with fresh(store):
        documents = state_of(bag)["current_state"]["documents"]
        for sequence in (documents, documents[1:3]):
            with pytest.raises((IndexError, TypeError)) as refused:
                sequence[index]
            with pytest.raises(refused.type) as by_list:
                [][index]
            assert str(refused.value) == str(by_list.value)


@pytest.mark.parametrize("bounds", [(), (1,), (-3,), (0, 2), (2, -1), (9,), (-99, 99)])
def test_the_position_of_an_element_is_that_in_a_list(bounds: tuple[int, ...]) -> None:
    elements: list[Any] = [{"n": number % 2} for number in range(5)]
    view = state_of({"execution_id": EXECUTION, "elements": elements})["elements"]
    for sought in (*elements[:2], "none"):
        try:
            expected = elements.index(sought, *bounds)
        except ValueError:
            with pytest.raises(ValueError, match="not in the list"):
                view.index(sought, *bounds)
        else:
            assert view.index(sought, *bounds) == expected


def test_the_position_of_an_element_is_looked_for_as_elements_are_gone_through() -> None:
    store = CountingStore()
    with fresh(store):
        elements = [f"{number}" * 20 for number in range(5_000)]
        bag = synced({"execution_id": EXECUTION}, {"current_state": {"elements": elements}})
    with fresh(store):
        view = state_of(bag)["current_state"]["elements"]
        through = calls_of(lambda: list(view))
        assert calls_of(lambda: view.index(elements[-1])) < 1.2 * through


COPIES: dict[str, Callable[[Any], Any]] = {
    "deep": copy.deepcopy,
    "shallow": lambda view: plain(copy.copy(view)),
    "method": lambda view: plain(view.copy()),
    "pickle": lambda view: pickle.loads(pickle.dumps(view)),  # noqa: S301 - made here
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_copies_of_views_are_plain_and_may_be_changed(
    copied: Callable[[Any], Any], store: CountingStore, bag: dict[str, Any]
) -> None:
    with fresh(store):
        for state in (state_of(bag), state_of(bag, "current_state.odd", "current_state.order")):
            current = state["current_state"]
            odd, lines = copied(current)["odd"], copied(state_of(bag)["current_state"]["documents"])
            assert (type(odd), odd) == (dict, STATE["odd"])
            assert (type(lines), lines) == (list, DOCUMENTS)
            odd["inner"].append(4)
            assert current["odd"] == STATE["odd"]
        assert copied(state_of(bag))["current_state"] == STATE


def test_views_join_dicts_and_lists_as_those_do(store: CountingStore, bag: dict[str, Any]) -> None:
    with fresh(store):
        current = state_of(bag)["current_state"]
        odd: dict[str, Any] = dict(STATE["odd"])  # type: ignore[call-overload] # a dict
        assert plain(current["odd"] | {"more": 1}) == odd | {"more": 1}
        assert plain({"inner": 0, "more": 1} | current["odd"]) == {"more": 1} | odd
        inner = current["odd"]["inner"]
        assert add(inner, [3]) == [1, 2.5, None, 3]
        assert add(add([0], inner), inner) == [0, 1, 2.5, None, 1, 2.5, None]
        wrong: list[tuple[Any, Any]] = [(inner, (3,)), (current, [1]), ("text", inner)]
        for join, (left, right) in product((add, or_), wrong):
            with pytest.raises(TypeError):
                join(left, right)


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


@pytest.mark.parametrize("way", [iter, reversed], ids=["from its start", "from its end"])
def test_a_long_list_is_gone_through_a_few_megabytes_at_a_time(way: Any) -> None:
    store = CountingStore()
    rows = [{"n": n, "text": "x" * 40_000} for n in range(400)]
    with fresh(store):
        pointer = store_to_s3(rows, {"execution_id": EXECUTION})
    bag = {"execution_id": EXECUTION, "rows": pointer}
    store.reset()
    with fresh(store, cache_bytes=1) as space:
        seen, expected = way(state_of(bag)["rows"]), list(way(range(400)))
        assert [next(seen)["n"] for _ in range(3)] == expected[:3]
        assert space.usage.snapshot().bytes_read < 5_000 * KIB
        assert [each["n"] for each in seen] == expected[3:]
        assert store.requests < 100


@pytest.mark.parametrize("ways", ["items", "values"])
def test_values_of_a_map_are_read_side_by_side(ways: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PACK_BYTES", 1)  # a document each
    store = CountingStore()
    values = {f"k{n}": {"n": n, "text": "x" * 20_000} for n in range(60)}
    with fresh(store):
        pointer = store_to_s3(values, {"execution_id": EXECUTION})
    slow = SlowStore(store, seconds=0.05)
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
    slow = SlowStore(store, seconds=0.05)
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


@pytest.mark.parametrize("form", ["none", "an object", "a text", "a list in S3", "missing"])
def test_what_is_beside_an_archive_is_read_as_it_is_hydrated(form: str) -> None:
    """A state of the user's own may write there; what is not a list is one entry."""
    with runtime.use(settings=TINY, store=MemoryStore()):
        empty = {"execution_id": EXECUTION}
        many = [{"n": number, "text": "x" * 90} for number in range(900)]
        bag = synced(empty, {"state_history": many})
        in_s3 = synced(empty, {"current_state": {"found": many}})["current_state"]["found"]
        written = {"none": None, "an object": {"n": 1}, "a text": "words", "a list in S3": in_s3}
        del bag["state_history"]
        bag |= {"state_history": written[form]} if form in written else {}

        entries = state_of(bag)["state_history"]
        whole = hydrate_state(bag)["state_history"]
        assert (len(entries), entries[-1]) == (len(whole), whole[-1])
        assert oracle.same(plain(entries), whole)


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
