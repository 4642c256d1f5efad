"""Results that a worker in another language stored: plain JSON, or one page, by their digest.

Hazard held here: the value's merge differs inline and offloaded.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.bags import BUCKET, CONTEXT, EXECUTION, KIB, fresh, hydrated
from tests.core.fakes import CountingStore
from tests.core.places import place
from universal_sync_core import (
    complete_branch,
    fork_branch,
    hydrate_state,
    join_branches,
    open_bag,
    universal_sync_core,
)
from universal_sync_core.errors import PointerNotAllowedError
from universal_sync_core.settings import Settings
from universal_sync_core.storage.keys import content_key
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import encode
from universal_sync_core.values.pointer import parse

Write = Callable[[CountingStore, Any], Any]

BASE: dict[str, Any] = {
    "execution_id": EXECUTION,
    "total_segments": 5,
    "segment_to_run": 0,
    "loop_counter": 0,
    "current_state": {"report": {"title": "Ada"}, "lines": [1]},
    "state_history": [{"event": 1}],
    "failed_segments": [{"index": 0}],
}
LARGE = {
    "status": "CONTINUE",
    "current_state": {"report": {"pages": 12}, "lines": [2], "text": "x" * 70 * KIB},
    "state_history": [{"event": 1}, {"event": 2}],
    "failed_segments": [{"index": 1}],
}
BRANCHES = {
    "status": "PARALLEL_GROUP",
    "pending_branches": [{"branch_id": "a"}, {"branch_id": "b"}],
}
ITEMS = {"status": "DISTRIBUTED_MAP", "distributed_items": [1, {"n": 2}]}
RESULTS: list[Any] = [
    LARGE,
    BRANCHES,
    ITEMS,
    {"callback_result": LARGE},
    {"execution_result": {"async_result": LARGE}},
    {"status": "COMPLETE", "next_segment_to_run": 3},
    {"state_history": [{"event": number} for number in range(120)]},
    {"chunk_results": [{"chunk": number} for number in range(120)]},
    {"current_state": {"__page": 1, "kind": "list", "height": 0, "items": [1]}},
    {"__page": 1, "kind": "map", "height": 0, "items": {"a": 1}},
    [1, {"status": "FAILED", "error": "E"}, "text"],
    [],
    {},
    "text",
    None,
]


def pointer_to(store: CountingStore, value: Any, kind: str, body: Any) -> dict[str, Any]:
    stored = encode(body)
    key = content_key(Settings(bucket=BUCKET), EXECUTION, stored)
    store.put(Location(BUCKET, key), stored)
    form = {"__s3_offloaded": True, "__v": 1, "__kind": kind}
    form |= place(f"s3://{BUCKET}/{key}", len(stored))
    return form | {"__size_bytes": len(encode(value))}


def as_value(store: CountingStore, value: Any) -> dict[str, Any]:
    """Return a pointer to the JSON of a value."""
    return pointer_to(store, value, "value", value)


def as_page(store: CountingStore, value: Any) -> Any:
    """Return a pointer to a list or an object as one page; anything else as its JSON."""
    if not isinstance(value, dict | list):
        return as_value(store, value)
    kind = "map" if isinstance(value, dict) else "list"
    page = {"__page": 1, "kind": kind, "height": 0, "items": value}
    return pointer_to(store, value, kind, page) | {"__count": len(value)}


def synced(store: CountingStore, result: Any) -> tuple[dict[str, Any], Any]:
    """Return what the base with a result hydrates to, and where the workflow goes next."""
    with fresh(store):
        bag = universal_sync_core(BASE, result, CONTEXT | {"action": "sync"})
        return hydrated(bag), bag["next_action"]


@pytest.mark.parametrize("write", [as_value, as_page])
@pytest.mark.parametrize("result", RESULTS, ids=lambda result: str(result)[:30])
def test_result_behind_a_pointer_merges_as_itself(
    store: CountingStore, result: Any, write: Write
) -> None:
    assert synced(store, write(store, result)) == synced(store, result)


@pytest.mark.parametrize("inner", [as_value, as_page])
@pytest.mark.parametrize("outer", [as_value, as_page])
@pytest.mark.parametrize("result", [LARGE, BRANCHES, ITEMS], ids=["large", "branches", "items"])
def test_part_behind_a_pointer_merges_as_itself(
    store: CountingStore, result: dict[str, Any], outer: Write, inner: Write
) -> None:
    for name, value in result.items():
        if name != "status":
            parted = result | {name: inner(store, value)}
            assert synced(store, parted) == synced(store, result)
            assert synced(store, outer(store, parted)) == synced(store, result)


@pytest.mark.parametrize("write", [as_value, as_page])
def test_object_in_a_part_merges_as_itself(store: CountingStore, write: Write) -> None:
    report = write(store, {"pages": 12})
    parted = {"current_state": {"report": report}}
    plain = {"current_state": {"report": {"pages": 12}}}
    assert synced(store, parted) == synced(store, plain)


@pytest.mark.parametrize("strategy", ["append", "dedupe_append", "set_union"])
def test_list_in_a_part_follows_its_strategy(store: CountingStore, strategy: str) -> None:
    context = CONTEXT | {"merge_strategy": {"current_state.lines": strategy}}
    with fresh(store):
        lines = as_value(store, [1, 2])
        first = universal_sync_core(BASE, {"current_state": {"lines": lines}}, context)
        plain = universal_sync_core(BASE, {"current_state": {"lines": [1, 2]}}, context)
        assert hydrated(first) == hydrated(plain)


def test_what_came_as_a_value_is_merged_into_later(store: CountingStore) -> None:
    with fresh(store):
        first = {"current_state": {"new": as_value(store, {"a": {"b": 1}})}}
        bag = universal_sync_core(BASE, first, CONTEXT)
        bag = universal_sync_core(bag, {"current_state": {"new": {"a": {"c": 2}}}}, CONTEXT)
        assert hydrated(bag)["current_state"]["new"] == {"a": {"b": 1, "c": 2}}


def test_branches_change_what_came_as_a_value_key_by_key(store: CountingStore) -> None:
    with fresh(store):
        first = {"current_state": {"new": as_value(store, {"a": 1})}}
        parent = universal_sync_core(BASE, first, CONTEXT)
        changes: list[dict[str, Any]] = [{"a": 2}, {"b": 3}]
        forked = [fork_branch(parent, {"branch_id": str(n)}) for n in range(2)]
        branches = [
            complete_branch(universal_sync_core(bag, {"current_state": {"new": change}}, CONTEXT))
            for bag, change in zip(forked, changes, strict=True)
        ]
        joined = join_branches(parent, branches)
        assert hydrated(joined)["current_state"]["new"] == {"a": 2, "b": 3}
        assert "branch_conflicts" not in joined


def test_path_leads_through_what_came_as_a_value(store: CountingStore) -> None:
    with fresh(store):
        result = {"current_state": {"new": as_value(store, {"a": [{"b": 1}]})}}
        bag = universal_sync_core(BASE, result, CONTEXT)
        part = hydrate_state(bag, ["current_state.new.a[0].b"])
        assert part["current_state"]["new"] == {"a": [{"b": 1}]}
        state = open_bag(bag)
        assert state["current_state"]["new"]["a"][0]["b"] == 1
        assert state.read("current_state.new") == {"a": [{"b": 1}]}


def test_text_that_meets_a_text_is_looked_up_once(store: CountingStore) -> None:
    with fresh(store):
        first = {"current_state": {"text": as_value(store, "x" * 90_000)}}
        bag = universal_sync_core(BASE, first, CONTEXT)
        store.reset()
        other = {"current_state": {"text": as_value(store, "y" * 90_000)}}
        bag = universal_sync_core(bag, other, CONTEXT)
        assert len(store.gets) == 1
        assert hydrated(bag)["current_state"]["text"] == "y" * 90_000


DATA = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "__page", "__s3_offloaded", "__gzip_base64", "__kind"])
            | st.sampled_from(["__escaped:__s3_offloaded", "__escaped:__escaped:__gzip_base64"]),
            inner,
            max_size=4,
        )
    ),
)


def escaped(value: Any) -> Any:
    """Return a value escaped as docs/formats.md tells other languages to."""
    if isinstance(value, list):
        return [escaped(item) for item in value]
    if not isinstance(value, dict):
        return value
    ends = ("__s3_offloaded", "__gzip_base64")
    return {
        f"__escaped:{key}" if key.endswith(ends) else key: escaped(item)
        for key, item in value.items()
    }


@given(data=DATA)
def test_escaped_data_comes_back_as_it_was(data: Any) -> None:
    store = CountingStore()
    plain = synced(store, {"current_state": {"data": data}})
    stored = escaped({"current_state": {"data": data}})
    assert plain[0]["current_state"]["data"] == data
    assert synced(store, as_value(store, stored)) == plain


@pytest.mark.parametrize("write", [as_value, as_page])
def test_pointer_inside_that_leads_elsewhere_is_refused(store: CountingStore, write: Write) -> None:
    elsewhere = as_value(store, "secret")
    elsewhere["__s3_path"] = elsewhere["__s3_path"].replace("run-1", "run-2")
    assert parse(elsewhere)
    with pytest.raises(PointerNotAllowedError):
        synced(store, write(store, {"current_state": {"data": elsewhere}}))
