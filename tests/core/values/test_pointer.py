"""The pointer's exact form, and data that only resembles it.

Hazards held here: any dict of the right shape followed as a pointer, a pointer offloaded again
into a pointer to a pointer.
"""

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.bags import BUCKET, CONTEXT, EXECUTION, OTHER_EXECUTION, call, fresh, hydrated
from tests.core.fakes import CountingStore
from universal_sync_core import (
    flatten_result,
    generate_s3_key,
    hydrate_state,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.errors import PointerNotAllowedError
from universal_sync_core.packs.frames import to_frame
from universal_sync_core.values.address import Address
from universal_sync_core.values.codec import encode
from universal_sync_core.values.pointer import (
    COMPRESSED_MARK,
    MARK,
    Pointer,
    escape,
    may_hold_marks,
    parse,
    recognise,
    unescape_key,
)

DIGEST = "0123456789abcdef" * 4
PATH = f"s3://{BUCKET}/v1/run-1/packs/{DIGEST}"
VALUE: dict[str, Any] = {
    "__s3_offloaded": True,
    "__v": 1,
    "__kind": "value",
    "__s3_path": PATH,
    "__range": [0, 20_000],
    "__sha256": DIGEST,
    "__size_bytes": 40_000,
}
LIST = VALUE | {"__kind": "list", "__count": 10}
MAP = VALUE | {"__kind": "map", "__count": 10}


@given(
    kind=st.sampled_from(["value", "list", "map"]),
    digest=st.text("0123456789abcdef", min_size=64, max_size=64),
    size=st.integers(0, 2**53 - 1),
    count=st.integers(0, 2**40),
    beside=st.dictionaries(st.sampled_from(["approved", "a b", ""]), st.integers()),
)
def test_what_is_rendered_parses_to_the_same(
    kind: Any, digest: str, size: int, count: int, beside: dict[str, Any]
) -> None:
    pointer = Pointer(
        kind=kind,
        at=Address(f"s3://{BUCKET}/a/v1/run/packs/{digest}", size, 7, digest),
        size=size,
        count=None if kind == "value" else count,
        beside={} if kind == "value" else beside,
    )
    assert parse(pointer.render()) == pointer


@pytest.mark.parametrize("form", [VALUE, LIST, MAP, MAP | {"approved": True}])
def test_a_well_formed_pointer_renders_as_it_was(form: dict[str, Any]) -> None:
    pointer = parse(form)
    assert pointer is not None
    assert pointer.render() == form


LOOKALIKES = [
    *[{name: value for name, value in LIST.items() if name != missing} for missing in LIST],
    LIST | {"__s3_offloaded": 1},
    LIST | {"__s3_offloaded": "true"},
    LIST | {"__v": 2},
    LIST | {"__v": True},
    LIST | {"__v": 1.0},
    LIST | {"__kind": "set"},
    LIST | {"__kind": ["list"]},
    LIST | {"__count": -1},
    LIST | {"__count": "10"},
    LIST | {"__count": None},
    VALUE | {"__count": 1},
    VALUE | {"__count": None},
    VALUE | {"more": 1},
    LIST | {"__size_bytes": 1.5},
    LIST | {"__size_bytes": False},
    LIST | {"__s3_path": None},
    LIST | {"__s3_path": PATH + "0"},
    LIST | {"__s3_path": PATH.replace("s3://", "https://")},
    LIST | {"__s3_path": PATH.upper()},
    LIST | {"__s3_path": PATH.replace("v1/", "v2/")},
    LIST | {"__s3_path": PATH.replace("run-1/", "")},
    LIST | {"__s3_path": f"s3://{BUCKET}/{DIGEST}"},
    LIST | {"__s3_path": PATH + "\n"},
    {"__s3_offloaded": True},
    {"__s3_offloaded": False, "__escaped:__s3_offloaded": 1},
]


@pytest.mark.parametrize("data", LOOKALIKES)
def test_anything_else_is_data_and_comes_back_as_it_was(data: dict[str, Any]) -> None:
    assert recognise(data) is None
    with fresh(CountingStore()):
        bag = universal_sync_core({}, {"found": data, "current_state": {"in": [data]}}, CONTEXT)
        assert parse(bag["found"]) is None
        whole = hydrated(bag)
    assert whole == {"found": data, "current_state": {"in": [data]}}


@pytest.mark.parametrize("data", LOOKALIKES[:8])
def test_lookalikes_survive_the_journey_to_s3(data: dict[str, Any]) -> None:
    large = {"data": data, "text": "x" * 40_000}
    with fresh(CountingStore()):
        bag = universal_sync_core({}, {"found": large}, CONTEXT)
        bag = universal_sync_core(bag, {"other": 1}, CONTEXT)
        assert hydrated(bag)["found"] == large


@given(
    st.recursive(
        st.integers(),
        lambda inner: (
            st.dictionaries(
                st.builds(
                    lambda times, mark: "__escaped:" * times + mark,
                    st.integers(0, 3),
                    st.sampled_from(["__s3_offloaded", "__gzip_base64", "__kind", "x"]),
                ),
                inner,
            )
            | st.lists(inner)
        ),
    )
)
def test_escaped_keys_come_back_however_often_they_were_escaped(data: Any) -> None:
    def back(value: Any) -> Any:
        if isinstance(value, list):
            return [back(item) for item in value]
        if isinstance(value, dict):
            return {unescape_key(key): back(item) for key, item in value.items()}
        return value

    assert back(escape(data, lambda _: False)) == data


PACKED_LOOKALIKES: list[dict[str, Any]] = [
    {"__gzip_base64": "not packed", "__size_bytes": 5},
    {"__gzip_base64": "H4sIAAAAAAAA", "__size_bytes": 5},
    {"__gzip_base64": "", "__size_bytes": 1},
    {"__gzip_base64": None},
]


@pytest.mark.parametrize("data", PACKED_LOOKALIKES)
def test_data_that_looks_packed_is_data(data: dict[str, Any]) -> None:
    with fresh(CountingStore()):
        bag = universal_sync_core({}, {"found": data}, CONTEXT)
        assert hydrated(bag) == {"found": data}


def test_a_genuine_pointer_from_a_worker_is_followed() -> None:
    with fresh(CountingStore()):
        pointer = store_to_s3({"a": [1, 2]}, CONTEXT)
        bag = universal_sync_core({}, {"found": pointer, "in": [{"list": pointer}]}, CONTEXT)
        assert bag["found"] == pointer
        assert hydrated(bag) == {"found": {"a": [1, 2]}, "in": [{"list": {"a": [1, 2]}}]}


def test_a_pointer_is_never_stored_behind_a_pointer() -> None:
    store = CountingStore()
    with fresh(store):
        bag = universal_sync_core({}, {"found": "x" * 40_000}, CONTEXT)
        pointer = bag["found"]
        for number in range(3):
            bag = universal_sync_core(bag, {"step": number, "found": pointer}, CONTEXT)
        assert bag["found"] == store_to_s3(pointer, CONTEXT) == pointer
    assert len(store.puts) == 1


FOREIGN = [
    MAP | {"__s3_path": PATH.replace(BUCKET, "other-bucket")},
    MAP | {"__s3_path": PATH},
    MAP | {"__s3_path": f"s3://{BUCKET}/sub/{generate_s3_key(1, EXECUTION)}"},
    MAP | {"__s3_path": f"s3://{BUCKET}/{generate_s3_key(1, OTHER_EXECUTION)}"},
    MAP | {"__s3_path": f"s3://{BUCKET}/{generate_s3_key(1, EXECUTION + '0')}"},
]


@pytest.mark.parametrize("pointer", FOREIGN)
@pytest.mark.parametrize("shape", ["itself", "field", "deep", "list", "callback"])
def test_a_pointer_to_another_place_is_refused_on_the_way_in(
    pointer: dict[str, Any], shape: str
) -> None:
    result = {
        "itself": pointer,
        "field": {"found": pointer},
        "deep": {"current_state": {"a": [{"b": pointer}]}},
        "list": [1, pointer],
        "callback": {"callback_result": {"answer": pointer}},
    }[shape]
    store = CountingStore()
    with fresh(store), pytest.raises(PointerNotAllowedError) as caught:
        flatten_result(result, CONTEXT)
    assert BUCKET not in str(caught.value)
    assert store.requests == 0


@pytest.mark.parametrize("pointer", FOREIGN)
def test_and_refused_in_a_bag_that_was_tampered_with(pointer: dict[str, Any]) -> None:
    store = CountingStore()
    with fresh(store), pytest.raises(PointerNotAllowedError):
        hydrate_state({"execution_id": EXECUTION, "found": pointer})
    assert store.requests == 0


def test_without_an_execution_nothing_may_be_followed() -> None:
    with fresh(CountingStore()), pytest.raises(PointerNotAllowedError):
        hydrate_state({"found": MAP})


def test_an_allowed_prefix_may_be_read() -> None:
    inner = CountingStore()
    with fresh(inner):
        foreign = store_to_s3({"a": 1}, {"execution_id": OTHER_EXECUTION})
    place = foreign["__s3_path"].rpartition("/")[0] + "/"
    with fresh(inner, allowed_prefixes=(place,)):
        bag = universal_sync_core({}, {"found": foreign}, CONTEXT)
        assert hydrated(bag) == {"found": {"a": 1}}
    with fresh(inner), pytest.raises(PointerNotAllowedError):
        hydrate_state(bag, context=CONTEXT)


def test_a_large_map_of_an_allowed_prefix_may_be_changed_here() -> None:
    inner = CountingStore()
    wide = {f"key-{number}": "x" * 100 for number in range(5_000)}
    with fresh(inner):
        foreign = store_to_s3(wide, {"execution_id": OTHER_EXECUTION})
    place = foreign["__s3_path"].rpartition("/")[0] + "/"
    inner.reset()
    with fresh(inner, allowed_prefixes=(place,)):
        bag = universal_sync_core({}, {"current_state": foreign}, CONTEXT)
        bag = universal_sync_core(bag, {"current_state": {"key-77": "new"}}, CONTEXT)
        assert len(inner.puts) <= 3
        assert hydrated(bag)["current_state"] == wide | {"key-77": "new"}
    assert all(EXECUTION.rpartition(":")[2] in place.key for place in inner.puts)


@pytest.mark.parametrize(
    "execution", ["run", EXECUTION, "a/b", "a/../b", "ä b%", "..", "a" * 80], ids=repr
)
def test_executions_of_any_name_have_places_of_their_own(execution: str) -> None:
    context = {"execution_id": execution}
    with fresh(CountingStore()):
        pointer = store_to_s3({"a": 1}, context)
        assert parse(pointer) is not None
        assert hydrate_state({"found": pointer}, context=context) == {"found": {"a": 1}}
        with pytest.raises(PointerNotAllowedError):
            hydrate_state({"found": pointer}, context={"execution_id": execution + "x"})


def test_key_layout_is_the_documented_one() -> None:
    with fresh(CountingStore(), prefix="team/"):
        key = generate_s3_key({"a": 1}, "arn:run 1")
        digest = hashlib.sha256(to_frame(b'{"a":1}')).hexdigest()
        assert key == f"team/v1/arn%3Arun%201/packs/{digest}"


def test_a_call_knows_whose_pointers_are_its_own() -> None:
    with fresh(CountingStore()), call() as opened:
        assert opened.objects.execution_id == EXECUTION
        opened.objects.require_allowed(opened.objects.home + DIGEST)


@pytest.mark.parametrize("mark", [MARK, COMPRESSED_MARK])
@pytest.mark.parametrize("part", [str, lambda mark: {mark: 1}, lambda mark: {"__page": [mark]}])
def test_the_shortest_json_with_a_mark_is_told_from_that_without(part: Any, mark: str) -> None:
    assert may_hold_marks(encode(part(mark)))
    assert not may_hold_marks(encode(part("a_b")))
