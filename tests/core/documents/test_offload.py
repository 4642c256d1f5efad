"""Any document: its largest parts leave, and nothing is lost."""

import json
from typing import Any

import pytest

from tests.core.bags import CONTEXT, KIB, OTHER_EXECUTION, TRIES, Unchanged, fresh
from tests.core.documents.oracle import is_pointer, pointers
from tests.core.fakes import CorruptingStore, CountingStore, FlakyStore
from universal_sync_core import calculate_payload_size, hydrate, offload
from universal_sync_core.errors import (
    ChecksumMismatchError,
    InvalidRequestError,
    PointerNotAllowedError,
    StateTooLargeError,
    StoreUnavailableError,
)

LARGE = "x" * 100_000
ORDER = {"id": 7, "report": LARGE, "lines": [{"sku": n, "note": "n" * 900} for n in range(200)]}
LOOK_ALIKES: list[Any] = [
    {"__s3_offloaded": True},
    {"__s3_offloaded": True, "__v": 2, "__kind": "value", "__s3_path": "s3://b/k"},
    {"__escaped:__s3_offloaded": True},
    {"__gzip_base64": "H4sI", "__size_bytes": 4},
    {"__escaped:__escaped:__gzip_base64": [{"__s3_offloaded": None}]},
]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "document",
    [
        *(None, True, 5, 2**70, "text", LARGE, [], {}, [LARGE, 1], {"a": LARGE, "b": 1}, ORDER),
        [{"n": n} for n in range(20_000)],
        {f"key {n}": "v" * 20 for n in range(20_000)},
        {"": LARGE, "a.b": {"c[0]": LARGE}, "\u00fc": "\u00fc" * 50_000},
        *({"a": each, "b": [each, LARGE]} for each in LOOK_ALIKES),
        *({"b": [each] * 2_000, "a": LARGE} for each in LOOK_ALIKES),
    ],
    ids=lambda document: f"{type(document).__name__} of {len(repr(document)):,}",
)
def test_document_of_any_shape_is_small_and_comes_back_as_it_was(document: Any) -> None:
    with Unchanged(document):
        small = offload(document, CONTEXT)
    assert calculate_payload_size(small) <= 64 * KIB
    assert json.dumps(hydrate(small, context=CONTEXT)) == json.dumps(document)
    assert offload(small, CONTEXT) is small


def test_document_in_which_nothing_is_large_is_the_same_object(store: CountingStore) -> None:
    document = {"a": "x" * 60_000, "b": LOOK_ALIKES}
    assert offload(document) is document
    assert hydrate(document) is document
    assert store.requests == 0


@pytest.mark.usefixtures("store")
def test_the_largest_parts_leave_and_the_others_stay_the_same_objects() -> None:
    document = {"a": ["x" * 30_000], "b": ["y" * 50_000], "c": {"d": 1}}
    small = offload(document, CONTEXT)
    assert is_pointer(small["b"])
    assert small["a"] is document["a"]
    assert small["c"] is document["c"]


@pytest.mark.usefixtures("store")
def test_object_of_many_small_fields_becomes_one_pointer_as_a_whole() -> None:
    document = {f"field {n}": n for n in range(50_000)}
    assert is_pointer(offload(document, CONTEXT))


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("at_most", [1 * KIB, 8 * KIB, 256 * KIB])
def test_at_most_is_kept_to_the_byte(at_most: int) -> None:
    small = offload({"order": ORDER, "list": ["x" * 5_000] * 70}, CONTEXT, at_most=at_most)
    assert calculate_payload_size(small) <= at_most


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("at_most", [0, -1, 262_145, True, "64", 1.5])
def test_at_most_that_is_no_number_of_bytes_is_refused(at_most: Any) -> None:
    with pytest.raises(InvalidRequestError, match="at_most must be a number of bytes") as refused:
        offload({}, CONTEXT, at_most=at_most)
    assert refused.value.field == "at_most"


def test_one_write_and_a_second_call_writes_nothing(store: CountingStore) -> None:
    small = offload({"a": LARGE, "b": 1}, CONTEXT)
    assert len(store.puts) == 1
    store.reset()
    assert offload({**small, "c": "new"}, CONTEXT)["a"] is small["a"]
    assert store.requests == 0


@pytest.mark.usefixtures("store")
def test_pointer_inside_a_part_that_leaves_leaves_with_it() -> None:
    first = offload({"a": LARGE}, CONTEXT)
    second = offload({"b": [first["a"], "y" * 90_000]}, CONTEXT)
    assert is_pointer(second["b"])
    assert hydrate(second, context=CONTEXT) == {"b": [LARGE, "y" * 90_000]}


@pytest.mark.usefixtures("store")
def test_keys_beside_a_pointer_are_refused_by_their_path() -> None:
    small = offload({"a": {"b": {f"k{n}": LARGE for n in range(3)}}}, CONTEXT, open=["a"])
    small["a"]["b"]["status"] = "written later"
    for call in (offload, hydrate):
        with pytest.raises(InvalidRequestError, match=r"a\.b was written into while") as refused:
            call(small, context=CONTEXT)
        assert refused.value.field == "a.b"
        assert "written later" not in str(refused.value)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("value", [LARGE, [LARGE], {"k": LARGE, "status": "OPEN"}])
def test_keys_beside_a_pointer_of_any_kind_are_refused(value: Any) -> None:
    small = offload({"a": value}, CONTEXT)
    small["a"]["status"] = "DONE"
    with pytest.raises(InvalidRequestError, match="name a in open"):
        offload(small, CONTEXT)


@pytest.mark.usefixtures("store")
def test_keys_that_only_show_what_is_in_s3_may_stand_beside_a_pointer() -> None:
    from universal_sync_core import offload_result  # noqa: PLC0415 - of a worker with a token

    value = {"status": "FAILED", "cause": "c" * 500, "log": LARGE}
    document = {"answer": offload_result(value, CONTEXT)}
    assert document["answer"]["status"] == "FAILED"
    assert offload(document, CONTEXT) is document
    assert hydrate(document, context=CONTEXT) == {"answer": value}


@pytest.mark.usefixtures("store")
def test_pointer_of_another_owner_is_refused() -> None:
    small = offload({"a": LARGE}, {"execution_id": OTHER_EXECUTION})
    for call in (offload, hydrate):
        with pytest.raises(PointerNotAllowedError):
            call(small, context=CONTEXT)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("own", "of_child"),
    [
        (":run-1", "/EachOrder:6f1a"),
        (":execution:state-data:run-1", ":express:state-data/EachOrder:6f1a:6f1a"),
    ],
    ids=["standard", "express"],
)
def test_parent_reads_what_the_children_of_its_maps_answered_and_they_nothing_of_it(
    own: str, of_child: str
) -> None:
    parent = CONTEXT["execution_id"]
    assert own in parent
    child = {"execution_id": parent.replace(own, of_child)}
    small = offload({"a": LARGE}, child)
    assert hydrate([small], context=CONTEXT) == [{"a": LARGE}]
    with pytest.raises(PointerNotAllowedError):
        hydrate(offload({"a": LARGE}, CONTEXT), context=child)
    other = {"execution_id": parent.replace(":state-data:", ":state-data-2:")}
    with pytest.raises(PointerNotAllowedError):
        hydrate(small, context=other)


def test_children_of_a_machine_with_tenants_are_not_read() -> None:
    with fresh(CountingStore(), tenant_separator="."):
        child = CONTEXT["execution_id"].replace(":run-1", "/EachOrder:6f1a")
        small = offload({"a": LARGE}, {"execution_id": child})
        with pytest.raises(PointerNotAllowedError):
            hydrate(small, context=CONTEXT)


@pytest.mark.usefixtures("store")
def test_what_has_to_leave_needs_an_owner() -> None:
    with pytest.raises(InvalidRequestError, match="execution_id"):
        offload({"a": LARGE})


def test_store_that_is_down_is_an_error_and_no_pointer_leaves() -> None:
    down = FlakyStore(fail=float("inf"))
    with fresh(down), pytest.raises(StoreUnavailableError):
        offload({"a": LARGE}, CONTEXT)


def test_store_that_fails_less_often_than_is_tried_loses_nothing() -> None:
    with fresh(FlakyStore(fail=TRIES - 1)):
        small = offload({"a": LARGE}, CONTEXT)
        assert hydrate(small, context=CONTEXT) == {"a": LARGE}


def test_altered_object_is_an_error() -> None:
    inner = CountingStore()
    with fresh(inner):
        small = offload({"a": LARGE}, CONTEXT)
    with fresh(CorruptingStore(inner)), pytest.raises(ChecksumMismatchError):
        hydrate(small, context=CONTEXT)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("words", "named"),
    [
        ({"plain": ["report", "lines[*].note"]}, r"lines\[\*\].note takes 180,400, report"),
        ({"list": ["lines"]}, r"of their bytes pointers take \d"),
    ],
    ids=["paths", "pointers"],
)
def test_what_stays_over_the_bound_is_an_error_that_names_the_largest(
    words: Any, named: str
) -> None:
    with pytest.raises(StateTooLargeError, match=named) as big:
        offload({key: ORDER[key] for key in ("report", "lines")}, CONTEXT, **words)
    assert big.value.limit == 64 * KIB
    assert big.value.size > 64 * KIB


@pytest.mark.usefixtures("store")
def test_long_whole_number_goes_where_no_library_rounds_it() -> None:
    small = offload({"a": 2**70, "b": 1}, CONTEXT)
    assert is_pointer(small["a"])
    assert hydrate(small, context=CONTEXT) == {"a": 2**70, "b": 1}


@pytest.mark.usefixtures("store")
def test_what_stands_for_json_is_taken_too() -> None:
    small = offload({"rows": ({"n": n, "text": "t" * 300} for n in range(1_000))}, CONTEXT)
    assert len(list(pointers(small))) == 1
    assert hydrate(small, ["rows[*]"], CONTEXT)["rows"][999]["n"] == 999


@pytest.mark.usefixtures("store")
def test_number_of_more_than_64_bits_takes_no_room_from_the_words_of_others() -> None:
    document = {"number": 2**64 + 1, "report": "\u00fc" * 3_000, "note": "\u00e9" * 900}
    small = offload(document, CONTEXT, at_most=2_500, open=["number"])
    assert calculate_payload_size(small) <= 2_500
    assert small["note"] == document["note"]
    assert hydrate(small, context=CONTEXT) == document
