"""One budget for what a call unfolds: what is small outside and enormous inside is refused in time.

Each case runs under a bound on time and on the memory of Python.
"""

import gzip
import hashlib
import json
import tracemalloc
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.core.bags import CONTEXT, EXECUTION, fresh, synced
from tests.core.places import place, row
from universal_sync_core import StateHydrator, hydrate_state, offload, open_bag, read_list
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    StateTooLargeError,
)
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, StoredObject
from universal_sync_core.values.budget import Budget, Cost
from universal_sync_core.values.compression import compress

MIB = 2**20
PATH = "s3://state-bucket/key"
NEW = {"execution_id": EXECUTION}
MEDIUM = {"budget_bytes": 16 * MIB, "budget_nodes": 500_000}
SMALL = {"budget_bytes": 200_000, "budget_nodes": 20_000}


@contextmanager
def within(*, mib: int = 128) -> Iterator[None]:
    """Hold a block to what it takes from Python's memory.

    What multiplies at each level takes longer than any test may.
    """
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < mib * MIB
    finally:
        tracemalloc.stop()


def packed(raw: bytes) -> dict[str, Any]:
    """Return a compressed form of any bytes."""
    text = b64encode(gzip.compress(raw, 9, mtime=0)).decode()
    return {"__gzip_base64": text, "__size_bytes": len(raw)}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def values_in(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(values_in, inner))


@given(value=JSON)
def test_no_document_holds_more_values_than_are_spent(value: Any) -> None:
    body = json.dumps(value).encode()
    for limit in (2 * values_in(value) + 100_000, 2 * values_in(value) + 2):
        budget = Budget(10**9, limit)
        document = budget.document(body, PATH)
        assert document.value == value
        assert values_in(value) <= document.facts.cost.values
    with pytest.raises(StateTooLargeError, match=PATH) as caught:
        Budget(10**9, values_in(value) - 1).document(body, PATH)
    assert (caught.value.limit, caught.value.size) >= (values_in(value) - 1, values_in(value))


@pytest.mark.parametrize("text", ["a,b,c" * 10_000, "[[[{{{" * 10_000, '\\",\\"' * 10_000])
def test_a_text_is_one_value_whatever_is_in_it(text: str) -> None:
    body = json.dumps([text, {text: text}]).encode()
    assert Budget(10**9, 10).document(body, PATH).value == [text, {text: text}]


def test_what_is_spent_is_gone_and_what_is_refused_is_not() -> None:
    budget = Budget(100, 10)
    budget.spend(Cost(60, 6), PATH)
    for cost in (Cost(41, 0), Cost(0, 5), Cost(10**30, 0)):
        with pytest.raises(StateTooLargeError):
            budget.spend(cost, PATH)
    budget.spend(Cost(40, 4), PATH)
    assert budget.size_left == 0
    assert budget.renewed().size_left == 100


def test_threads_spend_from_one_budget() -> None:
    budget = Budget(100_000, 100_000)

    def spend() -> None:
        for _ in range(1_000):
            budget.spend(Cost(7, 3), PATH)

    threads = [Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budget.size_left == 100_000 - 8 * 7_000


def exponential(bag: dict[str, Any]) -> dict[str, Any]:
    """Return a bag with a list of 300 pointers, each to a list of 300 pointers, and so on."""
    for _ in range(4):
        bag = synced(bag, {"list": [bag["list"]] * 300}, context=CONTEXT | {"action": "sync"})
    return bag


Touch = Callable[[dict[str, Any]], Any]

TOUCHES: dict[str, Touch] = {
    "hydrated": hydrate_state,
    "hydrated by its path": lambda bag: hydrate_state(bag, ["list"]),
    "an entry of the history": lambda bag: synced(bag, {"state_history": [bag["list"]]}),
    "the history": lambda bag: synced(bag, {"state_history": bag["list"]}),
    "an element of a set": lambda bag: synced(
        bag, {"set": [bag["list"]]}, CONTEXT | {"merge_strategy": {"set": "set_union"}}
    ),
    "plain in a worker": lambda bag: open_bag(bag)["list"].plain(),
    "read by a worker": lambda bag: open_bag(bag).read("list"),
    "a range of a list": lambda bag: read_list(bag["list"], 0, 300),
    "open in a document": lambda bag: offload({"list": [bag["list"]]}, CONTEXT, open=["list.name"]),
    "loaded": lambda bag: StateHydrator().load_from_s3(bag["list"]["__s3_path"]),
}


@pytest.mark.parametrize("touched", TOUCHES)
@pytest.mark.parametrize("text", ["X" * 200_000, 1, []], ids=["long", "number", "empty"])
def test_pointers_to_lists_of_pointers_do_not_multiply(touched: str, text: Any) -> None:
    with fresh(MemoryStore(), field_offload_bytes=100, **MEDIUM):
        bag = exponential(synced(dict(NEW), {"list": [text, "x" * 200]}))
        with within(), pytest.raises(StateTooLargeError, match="STATE_BUDGET_MB") as caught:
            TOUCHES[touched](bag)
        assert "s3://" in str(caught.value)
        again = synced(bag, {"other": 1})  # and the bag can still be worked with
        assert hydrate_state(again, ["other"])["other"] == 1


def test_a_compressed_value_in_a_packed_one_is_refused_as_it_comes_in_and_as_it_is_read() -> None:
    inner = json.dumps(packed(b'"' + b"a" * 1_000 + b'"')).encode()
    bomb = packed(b"[" + b",".join([inner] * 700) + b"]")
    with fresh(MemoryStore()), within(mib=64):
        for result in ({"state_history": [bomb]}, {"also": bomb}):
            with pytest.raises(InvalidRequestError, match="compress it once"):
                synced(dict(NEW), result)
    with fresh(MemoryStore()), pytest.raises(MalformedPointerError, match="compressed value in a"):
        hydrate_state(NEW | {"made": bomb})


def test_a_wide_value_is_refused_before_it_is_decoded() -> None:
    wide = packed(b"[" + b",".join([b"[]"] * (5 * MIB)) + b"]")
    with fresh(MemoryStore()), within(mib=100), pytest.raises(StateTooLargeError):
        hydrate_state(NEW | {"fields": [wide]})


def test_compressed_values_count_each_time() -> None:
    each = compress("x" * 8 * MIB)
    with fresh(MemoryStore()), within(mib=200), pytest.raises(StateTooLargeError):
        hydrate_state(NEW | {"fields": [each] * 40})


def test_equal_pages_of_one_list_count_each_time() -> None:
    store = MemoryStore()
    with fresh(store, **MEDIUM):
        bag = synced(dict(NEW), {"list": ["x" * 50] * 5_000})
        path = str(bag["list"]["__s3_path"])
        count, size = bag["list"]["__count"], bag["list"]["__size_bytes"]
        start, length = bag["list"]["__range"]
        here: list[Any] = [path[-64:], start, length, bag["list"]["__sha256"]]
        for height in range(2, 8):  # each with 50 times the one before
            child = [*here, count, 1, size - 1]
            body = json.dumps(
                {"__page": 1, "kind": "list", "height": height, "children": [child] * 50}
            ).encode()
            path = path[:-64] + hashlib.sha256(body).hexdigest()
            store.objects[Location.parse(path)] = StoredObject(body)
            length, here = len(body), row(path, len(body))
            count, size = count * 50, (size - 1) * 50 + 1
        bag["list"] |= {**place(path, length), "__count": count, "__size_bytes": size}
        for touched in ("hydrated", "the history", "plain in a worker"):
            with within(), pytest.raises(StateTooLargeError):
                TOUCHES[touched](bag)
        assert hydrate_state(bag, [f"list[{count - 1}]"])["list"][f"[{count - 1}]"] == "x" * 50


@pytest.mark.parametrize("form", ["pointer", "field"])
def test_an_object_that_expands_past_the_budget_is_refused_before_it_does(form: str) -> None:
    store = MemoryStore()
    with fresh(store):
        bag = synced(dict(NEW), {"text": "x" * 40_000})
        bomb = zstandard.ZstdCompressor(write_content_size=form == "pointer")
        body = bomb.compress(b'"' + b"x" * 400 * MIB + b'"')
        path = bag["text"]["__s3_path"][:-64] + hashlib.sha256(body).hexdigest()
        store.objects[Location.parse(path)] = StoredObject(body, "zstd")
        bag["text"] |= place(path, len(body))
        with within(mib=200), pytest.raises(StateTooLargeError) as caught:
            hydrate_state(bag)
        assert caught.value.limit == 128 * MIB


def test_what_no_call_could_read_is_not_written() -> None:
    store = MemoryStore()
    with fresh(store, **SMALL), pytest.raises(StateTooLargeError):
        synced(dict(NEW), {"dump": "x" * 200_001})
    assert not store.objects


def test_a_list_that_grows_page_by_page_has_no_limit() -> None:
    rows = [f"row {number} " + "x" * 900 for number in range(9_000)]
    appending = CONTEXT | {"merge_strategy": {"rows": "append"}}
    with fresh(MemoryStore(), budget_bytes=3 * MIB):
        bag: dict[str, Any] = dict(NEW)
        for start in range(0, 9_000, 1_000):
            bag = synced(bag, {"rows": rows[start : start + 1_000]}, appending)
        with pytest.raises(StateTooLargeError):
            hydrate_state(bag)
        last = bag["rows"]["__count"] - 1
        assert hydrate_state(bag, [f"rows[{last}]"])["rows"][f"[{last}]"] == rows[-1]
        assert len(list(open_bag(bag)["rows"])) == 9_000  # some at a time, let go of
        assert open_bag(bag)["rows"][100:110].plain() == rows[100:110]


def test_state_budget_mb_sets_both_limits() -> None:
    settings = Settings.from_env({"STATE_BUDGET_MB": "64"})
    assert (settings.budget_bytes, settings.budget_nodes) == (64 * MIB, 2 * MIB)
    with runtime.use(settings=settings, store=MemoryStore()):
        assert Budget.of(runtime.current().settings).max_size == 64 * MIB


def test_a_hydrator_may_have_a_budget_of_its_own() -> None:
    with fresh(MemoryStore()):
        bag = synced(dict(NEW), {"text": "x" * 50_000})
        path = bag["text"]["__s3_path"]
        assert StateHydrator(budget=Budget(60_000, 10)).load_from_s3(path) == "x" * 50_000
        with pytest.raises(StateTooLargeError):
            StateHydrator(budget=Budget(40_000, 10)).load_from_s3(path)


def test_the_error_says_what_where_and_the_cure() -> None:
    message = r"s3://state-bucket/key: .*STATE_BUDGET_MB.*: 11 bytes, at most 10"
    with pytest.raises(StateTooLargeError, match=message) as caught:
        Budget(10, 10).spend(Cost(11), PATH)
    assert not caught.value.retryable
