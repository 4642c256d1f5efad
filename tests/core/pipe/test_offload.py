"""What goes to S3, in the fixed order and at the exact thresholds.

Hazards held here: characters counted instead of bytes, a reference published before its payload
is stored, an offload that silently does not happen, a value whose type differs inline and in S3.
"""

import logging
from typing import Any

import pytest

from tests.core.bags import (
    BOUND,
    CONTEXT,
    EXECUTION,
    KIB,
    Unchanged,
    fresh,
    hydrated,
    synced,
    text_of,
)
from tests.core.fakes import CountingStore
from universal_sync_core import (
    CONTROL_FIELDS_NEVER_OFFLOAD,
    calculate_payload_size,
    optimize_and_offload,
    universal_sync_core,
)
from universal_sync_core.errors import InvalidRequestError, StateTooLargeError
from universal_sync_core.values.pointer import parse

FIELD = 30 * KIB
STATE = 100 * KIB


def optimized(bag: dict[str, Any]) -> dict[str, Any]:
    with Unchanged(bag):
        after = optimize_and_offload(bag, CONTEXT)
    assert calculate_payload_size(after) <= BOUND
    assert hydrated(after) == bag
    return after


def wide_text(size: int) -> str:
    """Return a text whose JSON has `size` bytes and a third of the characters."""
    text = "漢" * ((size - 2) // 3)
    return text + "x" * (size - 2 - 3 * len(text))


@pytest.mark.parametrize("text", [text_of, wide_text], ids=["ASCII", "three bytes a letter"])
@pytest.mark.parametrize(
    ("size", "leaves"), [(FIELD - 1, False), (FIELD, False), (FIELD + 1, True)]
)
@pytest.mark.parametrize("place", ["bag", "current_state"])
@pytest.mark.usefixtures("store")
def test_a_field_over_30_kib_goes_to_s3(text: Any, size: int, place: str, *, leaves: bool) -> None:
    value = text(size)
    assert calculate_payload_size(value) == size
    bag = {"found": value, "small": 1}
    after = optimized(bag if place == "bag" else {"current_state": bag})
    found = (after if place == "bag" else after["current_state"])["found"]
    assert (parse(found) is not None) == leaves
    if leaves:
        assert (found["__kind"], found["__size_bytes"]) == ("value", size)


@pytest.mark.parametrize("fill", range(-3, 4))
@pytest.mark.parametrize(
    "around",
    [
        lambda text: text,
        lambda text: [text, 1, 1.0, True, None, -0.0, "1"],
        lambda text: {"": text, "n": 10, "f": 10.0, "b": False, "e": [[], {}]},
        lambda text: {"deep": [{"text": text, "order": {"z": 1, "a": 2}}]},
    ],
    ids=["text", "list", "map", "deep"],
)
@pytest.mark.usefixtures("store")
def test_a_value_is_of_the_same_types_inline_and_in_s3(around: Any, fill: int) -> None:
    value = around(text_of(FIELD - calculate_payload_size(around("")) + 2 + fill))
    assert calculate_payload_size(value) == FIELD + fill
    after = synced({}, {"found": value, "current_state": {"found": value}})
    assert (parse(after["found"]) is not None) == (fill > 0)
    assert repr(hydrated(after)["found"]) == repr(value)
    assert repr(hydrated(after)["current_state"]) == repr({"found": value})


@pytest.mark.parametrize(
    ("value", "kind", "count"),
    [
        (["x" * 100] * 1_000, "list", 1_000),
        ({str(number): "x" * 100 for number in range(500)}, "map", 500),
        ("x" * 100_000, "value", None),
        (["x" * 100_000], "list", 1),
        ({"a": {"b": "x" * 100_000}}, "map", 1),
        (10**4_000, "value", None),
    ],
    ids=["list", "map", "text", "one large element", "nested", "number"],
)
@pytest.mark.usefixtures("store")
def test_its_pointer_says_what_it_leads_to(value: Any, kind: str, count: int | None) -> None:
    pointer = optimized({"found": value, "more": text_of(FIELD)})["found"]
    assert (pointer["__kind"], pointer.get("__count")) == (kind, count)
    assert pointer["__s3_path"].startswith("s3://state-bucket/v1/arn%3Aaws%3Astates")


def state_of(size: int) -> dict[str, Any]:
    """Return a state of fields below their threshold whose JSON has `size` bytes."""
    state = {f"part-{number}": text_of(20 * KIB) for number in range(4)}
    state["rest"] = ""
    state["rest"] = "x" * (size - calculate_payload_size(state))
    assert calculate_payload_size(state) == size
    return state


@pytest.mark.parametrize(
    ("size", "leaves"), [(STATE - 1, False), (STATE, False), (STATE + 1, True)]
)
@pytest.mark.usefixtures("store")
def test_a_current_state_over_100_kib_goes_whole_as_a_map_of_its_fields(
    size: int, *, leaves: bool
) -> None:
    after = optimized({"current_state": state_of(size)})
    pointer = parse(after["current_state"])
    assert (pointer is not None) == leaves
    if pointer:
        assert (pointer.kind, pointer.count, pointer.size) == ("map", 5, size)


@pytest.mark.usefixtures("store")
def test_what_counts_for_current_state_is_what_its_large_fields_leave() -> None:
    state = {f"part-{number}": text_of(FIELD + 1) for number in range(10)} | {"n": 1}
    after = optimized({"current_state": state})["current_state"]
    assert parse(after) is None
    assert after["n"] == 1
    assert all(parse(after[name]) for name in after if name != "n")


def test_history_goes_before_anything_else(store: CountingStore) -> None:
    history = [{"n": number, "text": "x" * 1_000} for number in range(60)]
    after = optimized({"state_history": history, "current_state": {"a": 1}})
    assert after["state_history"] == history[-25:]
    assert after["current_state"] == {"a": 1}
    assert len(store.puts) == 1


@pytest.mark.usefixtures("store")
def test_over_the_bound_the_largest_go_first_until_it_fits(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bag = {f"field-{number}": text_of((20 + number) * KIB) for number in range(8)}
    with caplog.at_level(logging.WARNING):
        after = optimized(bag)
    gone = [name for name in bag if parse(after[name])]
    assert gone == ["field-6", "field-7"]
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "xxx" not in record.getMessage() + repr(vars(record))


@pytest.mark.usefixtures("store")
def test_fields_of_current_state_go_with_the_others_by_size() -> None:
    state = {f"part-{number}": text_of((15 + 2 * number) * KIB) for number in range(5)}
    bag = {f"field-{number}": text_of(20 * KIB) for number in range(4)}
    after = optimized(bag | {"current_state": state})
    gone = [name for name in state if parse(after["current_state"][name])]
    assert gone == ["part-3", "part-4"]
    assert not any(parse(after[name]) for name in bag)


def test_a_bag_within_the_bound_is_not_touched(
    store: CountingStore, caplog: pytest.LogCaptureFixture
) -> None:
    bag = {f"field-{number}": text_of(25 * KIB) for number in range(5)}
    bag["rest"] = text_of(BOUND - 100 - calculate_payload_size(bag | {"rest": ""}))
    after = optimized(bag)
    assert all(after[name] is bag[name] for name in bag)
    assert store.requests == 0
    assert caplog.records == []


def test_payload_size_is_that_of_the_bag_itself(store: CountingStore) -> None:
    after = optimized({"found": text_of(20 * KIB)})
    assert after["payload_size_kb"] == 20.0
    assert optimize_and_offload(after, CONTEXT) == after
    assert store.requests == 0


# The core writes the size itself, and behind `state_s3_path` it puts what has no other room. An
# execution_id is bounded by what S3 takes as a key.
UNBOUNDED = CONTROL_FIELDS_NEVER_OFFLOAD - {"payload_size_kb", "state_s3_path", "execution_id"}


@pytest.mark.parametrize("name", sorted(UNBOUNDED))
def test_control_fields_alone_over_the_bound_are_refused_never_cut(
    store: CountingStore, name: str
) -> None:
    base = {"execution_id": EXECUTION, "n": 1}
    value = "x" * BOUND
    state = base | {name: value}
    with Unchanged(state), pytest.raises(StateTooLargeError) as caught:
        optimize_and_offload(state)
    assert caught.value.size > caught.value.limit == BOUND
    assert not caught.value.retryable
    assert "xxx" not in str(caught.value)
    assert store.puts == []


@pytest.mark.usefixtures("store")
def test_a_large_control_field_stays_while_the_rest_makes_room() -> None:
    bag = {"segment_id": text_of(120 * KIB), "found": text_of(29 * KIB), "more": text_of(25 * KIB)}
    after = optimized(bag)
    assert after["segment_id"] is bag["segment_id"]
    assert parse(after["found"])


@pytest.mark.parametrize(
    "value",
    ["x" * 40_000, ["x" * 100] * 1_000, {str(number): "x" * 50 for number in range(9_000)}],
    ids=["value", "list", "map"],
)
def test_an_unchanged_offloaded_field_is_not_uploaded_again(value: Any) -> None:
    store = CountingStore()
    with fresh(store):
        bag = synced({}, {"found": value, "current_state": {"in": value}})
    store.reset()
    for number in range(3):
        with fresh(store):
            again = {"n": number, "found": value, "current_state": {"in": value}}
            after = synced(bag, again)
        assert after["found"] == bag["found"]
        assert store.puts == []


def test_a_value_changed_and_changed_back_is_known_again(store: CountingStore) -> None:
    values = ["x" * 40_000, "y" * 40_000]
    bag: dict[str, Any] = {}
    for number in range(6):
        bag = synced(bag, {"found": values[number % 2]})
    assert len(store.puts) == 2


def test_the_same_value_in_two_fields_is_stored_once(store: CountingStore) -> None:
    after = optimized({"a": "x" * 40_000, "b": "x" * 40_000})
    assert after["a"] == after["b"]
    assert len(store.puts) == 1


def test_an_optimized_bag_stays_as_it_is(store: CountingStore) -> None:
    history = [{"n": number} for number in range(90)]
    first = optimized(
        {"found": "x" * 40_000, "state_history": history, "current_state": state_of(STATE + 1)}
    )
    store.reset()
    with fresh(store):
        assert optimize_and_offload(first, CONTEXT) == first
    assert store.requests == 0


@pytest.mark.parametrize(
    "odd",
    [2**64, -(2**63) - 1, "\ud800", {"\udfff": 1}, [[2**70]]],
    ids=["integer", "negative", "surrogate", "key", "deep"],
)
@pytest.mark.usefixtures("store")
def test_what_a_json_library_on_the_way_would_alter_goes_to_s3_whatever_its_size(odd: Any) -> None:
    after = optimized({"odd": odd, "current_state": {"odd": odd}, "state_history": [odd]})
    assert parse(after["odd"])
    assert "ud800" not in ascii(after)
    assert str(2**70) not in repr(after)


@pytest.mark.usefixtures("store")
def test_deep_documents_leave_the_bag_flat() -> None:
    deep: Any = "bottom"
    for _ in range(990):
        deep = {"in": deep}
    after = synced({}, {"found": deep, "current_state": {"also": deep}})
    assert parse(after["found"])
    assert hydrated(after)["found"] == deep


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("size", [1, 40_000])
@pytest.mark.parametrize("field", ["found", "current_state"])
def test_a_number_that_is_not_finite_in_a_bag_is_refused_and_never_becomes_null(
    store: CountingStore, field: str, size: int, number: float
) -> None:
    bag = {field: {"deep": ["x" * size, {"er": number}]}}
    with pytest.raises(InvalidRequestError, match=rf"{field}\.deep\[1\]\.er: JSON has no"):
        universal_sync_core(bag, {"n": 1}, CONTEXT)
    with pytest.raises(InvalidRequestError):
        optimize_and_offload(bag, CONTEXT)
    assert store.requests == 0
