"""The items of a Distributed Map that go out: how they are staged, and where they may be."""

import hashlib
import json
from typing import Any

import pytest

from tests.core.bags import BUCKET, CONTEXT, EXECUTION, OTHER_EXECUTION, fresh, synced
from tests.core.fakes import CountingStore
from universal_sync_core import (
    calculate_payload_size,
    hydrate_state,
    recorded_result,
    stage_items,
    state_task,
)
from universal_sync_core.errors import InvalidRequestError, PointerNotAllowedError
from universal_sync_core.storage.store import Location


def staged(store: CountingStore, items: Any) -> Any:
    """Return what an ItemReader finds of the items."""
    bag = synced({"execution_id": EXECUTION}, {"distributed_items": items})
    place = stage_items(bag)
    assert place["count"] == len(items)
    found = store.get(Location(place["bucket"], place["key"]))
    assert found.content_encoding is None
    return json.loads(found.body)


@pytest.mark.parametrize(
    "items",
    [
        [],
        [1, "two", None, {"n": 3}],
        list(range(50_000)),
        [{"text": "x" * 30_000}] * 40,
        [{"__s3_offloaded": "data"}],
    ],
    ids=["none", "few", "many", "large", "lookalike"],
)
def test_items_are_one_plain_json_array(store: CountingStore, items: list[Any]) -> None:
    assert staged(store, items) == items


LARGE = 150 * 1_024


@pytest.mark.parametrize(
    "item",
    [
        "x" * LARGE,
        "é" * (LARGE // 2),
        {"text": "x" * LARGE},
        {"parts": ["x" * 20_000] * 8},
        ["x" * 20_000] * 8,
        list(range(40_000)),
        {"__s3_offloaded": "x" * LARGE},
    ],
    ids=["text", "bytes", "object", "parts", "list", "numbers", "lookalike"],
)
def test_a_child_gets_a_large_item_as_a_pointer_and_its_worker_the_item(
    store: CountingStore, item: Any
) -> None:
    items = [{"n": 0}, item, {"n": 2}]
    found = staged(store, items)
    assert all(calculate_payload_size(each) < 500 for each in found)
    events = [{"execution_id": EXECUTION, "item": each, "index": 1} for each in found]
    assert [recorded_result(None, CONTEXT, item=each) for each in [found[0], found[2]]] == [
        items[0],
        items[2],
    ]
    seen = [state_task(lambda state, _: len(str(state["item"])))(event, None) for event in events]
    assert seen == [len(str(each)) for each in items]
    with fresh(store):
        whole = hydrate_state({"": found[1]}, context=CONTEXT)
    assert whole == {"": item}


def test_a_large_item_that_is_in_s3_is_not_read_to_be_staged(store: CountingStore) -> None:
    items = [{"parts": ["x" * 30_000] * 20, "n": n} for n in range(10)]
    with fresh(store):
        bag = synced({"execution_id": EXECUTION}, {"distributed_items": items})
    with fresh(store):
        store.reset()
        stage_items(bag)
    assert len(store.gets) <= 2
    assert len(store.puts) == 1


def test_an_item_of_the_largest_size_leaves_room_for_its_result(store: CountingStore) -> None:
    item = "x" * (LARGE - 2)
    (found,) = staged(store, [item])
    assert found == item
    child = {"execution_id": EXECUTION, "item": found, "index": 10**9, "segment": "x" * 61_440}
    assert calculate_payload_size(child) < 262_144


def test_what_an_item_answers_is_small_even_where_it_is_its_own_result(
    store: CountingStore,
) -> None:
    (found,) = staged(store, [{"parts": ["x" * 30_000] * 20}])
    answer = recorded_result(None, CONTEXT, item=found)
    assert calculate_payload_size(answer) < 500
    assert hydrate_state({"": answer}, context=CONTEXT) == {"": {"parts": ["x" * 30_000] * 20}}


@pytest.mark.parametrize(
    ("asked", "allowed", "expected"),
    [(None, 100, 100), (7, 100, 7), (500, 100, 100), (1, 10, 1), (7.0, 100, 7)],
)
@pytest.mark.usefixtures("store")
def test_a_workflow_may_ask_for_fewer_children_at_once(
    asked: Any, allowed: int, expected: int
) -> None:
    bag = {"execution_id": EXECUTION, "distributed_items": [1]}
    given = bag if asked is None else bag | {"map_concurrency": asked}
    with fresh(CountingStore(), map_concurrency=allowed):
        assert stage_items(given)["max_concurrency"] == expected


@pytest.mark.parametrize("asked", [0, -1, "7", True, None, 1.5, 10_001])
@pytest.mark.usefixtures("store")
def test_and_for_no_number_that_is_none(asked: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        synced({"execution_id": EXECUTION}, {"map_concurrency": asked})
    assert caught.value.field == "execution_result.map_concurrency"


def test_staging_again_writes_nothing_new(store: CountingStore) -> None:
    bag = synced({"execution_id": EXECUTION}, {"distributed_items": [1, 2]})
    first = stage_items(bag)
    before = dict(store.inner.objects)  # type: ignore[attr-defined]
    assert stage_items(bag) == first
    assert store.inner.objects == before  # type: ignore[attr-defined]


def folder_of(execution_id: str) -> str:
    """Return the folder of the items of an execution."""
    return f"items/{hashlib.sha256(execution_id.encode()).hexdigest()[:32]}/"


def in_s3(**fields: Any) -> dict[str, Any]:
    place = {"bucket": BUCKET, "key": "inputs/items.json"} | fields
    return {"execution_id": EXECUTION, "distributed_items": place}


@pytest.mark.parametrize("count", [None, 0, 7])
@pytest.mark.parametrize("key", ["inputs/items.json", f"{folder_of(EXECUTION)}a"])
def test_items_that_are_in_s3_already_stay_where_they_are(key: str, count: Any) -> None:
    with fresh(CountingStore(), allowed_prefixes=(f"s3://{BUCKET}/inputs/",)):
        place = stage_items(in_s3(key=key, count=count))
    where = {"bucket": BUCKET, "key": key, "count": count}
    assert place == where | {"input_type": "JSON", "max_concurrency": 100, "items_per_batch": 1}


@pytest.mark.parametrize(
    "elsewhere",
    [
        {},
        {"bucket": "evil"},
        {"key": f"{folder_of(OTHER_EXECUTION)}0.json"},
        {"key": "distributed/run-1/manifest.json"},
        {"bucket": f"{BUCKET}/inputs", "key": "x"},
    ],
)
@pytest.mark.usefixtures("store")
def test_items_come_from_the_executions_own_or_from_allowed_places(
    elsewhere: dict[str, Any],
) -> None:
    with pytest.raises(PointerNotAllowedError):
        stage_items(in_s3(**elsewhere))


@pytest.mark.usefixtures("store")
def test_items_that_may_not_be_read_are_named_with_the_setting_that_allows_them() -> None:
    items = {"bucket": "evil", "key": "x"}
    with pytest.raises(PointerNotAllowedError, match="STATE_ALLOWED_PREFIXES") as caught:
        stage_items(CONTEXT | {"distributed_items": items})
    assert caught.value.field == "state_data.distributed_items"


@pytest.mark.parametrize("name", ["inputType", "InputType", "manifest", "Bucket"])
@pytest.mark.usefixtures("store")
def test_a_field_of_items_in_s3_that_nothing_reads_is_refused(name: str) -> None:
    items = {"bucket": BUCKET, "key": "inputs/x", name: "CSV"}
    with pytest.raises(InvalidRequestError, match="bucket, key, input_type") as caught:
        stage_items(CONTEXT | {"distributed_items": items})
    assert caught.value.field == f"state_data.distributed_items.{name}"


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"bucket": f"{BUCKET}/inputs", "key": "x"},
        {"key": f"inputs/../{folder_of(OTHER_EXECUTION)}0.json"},
        {"key": "inputs/./x"},
        {"key": "inputs/.."},
    ],
)
def test_nor_is_an_allowed_place_left_by_a_relative_key(elsewhere: dict[str, Any]) -> None:
    allowed = (f"s3://{BUCKET}/inputs/",)
    with (
        fresh(CountingStore(), allowed_prefixes=allowed),
        pytest.raises(PointerNotAllowedError) as caught,
    ):
        stage_items(in_s3(**elsewhere))
    assert caught.value.field == "state_data.distributed_items"


@pytest.mark.parametrize(
    "wrong",
    [
        {"bucket": 5},
        {"key": None},
        {"key": ["a"]},
        {"key": "inputs/" + "k" * 1_024},
        {"bucket": "b" * 300_000},
        {"count": -5},
        {"count": "7"},
        {"count": True},
        {"count": 1.5},
        {"count": 10**400},
        {"key": "inputs/\ud800"},
    ],
    ids=lambda wrong: repr(wrong)[:20],
)
def test_a_place_of_items_is_two_short_texts_and_a_count(wrong: dict[str, Any]) -> None:
    allowed = (f"s3://{BUCKET}/inputs/",)
    with (
        fresh(CountingStore(), allowed_prefixes=allowed),
        pytest.raises(InvalidRequestError) as caught,
    ):
        stage_items(in_s3(**wrong))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("items", [None, 5, "text", {"a": 1}, {"bucket": BUCKET}])
@pytest.mark.usefixtures("store")
def test_anything_else_is_no_list_of_items(items: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        stage_items({"execution_id": EXECUTION, "distributed_items": items})
    assert caught.value.field == "state_data.distributed_items"
    with pytest.raises(InvalidRequestError):
        stage_items({"execution_id": EXECUTION})
