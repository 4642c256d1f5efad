"""The names of what is stored: S3 takes each of them, and each is one execution's alone."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.core.bags import BUCKET, fresh
from tests.core.fakes import CountingStore
from universal_sync_core import (
    first_bag,
    hydrate_state,
    load_from_s3,
    stage_items,
    store_result,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.errors import InvalidRequestError, MalformedPointerError
from universal_sync_core.limits import S3_KEY_BYTES
from universal_sync_core.settings import Settings
from universal_sync_core.storage.keys import execution_in, execution_prefix
from universal_sync_core.storage.store import Location

MACHINE = "arn:aws:states:eu-west-1:123456789012:execution:state-data:"
LARGE = {"rows": ["x" * 40_000]}
IDS = [".", "..", "a/../b", "...", "a b", "😀" * 50, MACHINE + "é" * 80, MACHINE + "x" * 80]
LONG_IDS = [MACHINE + "😀" * 80, "x" * 1_000, "é" * 200]


@pytest.mark.parametrize("execution_id", IDS)
def test_what_is_stored_under_any_id_is_read_back_and_names_it(execution_id: str) -> None:
    store = CountingStore()
    with fresh(store):
        bag = first_bag(LARGE, {"execution_id": execution_id})
        assert hydrate_state(bag)["rows"] == LARGE["rows"]
        stage_items(bag | {"distributed_items": [1, 2]})
    for at in store.inner.objects:  # type: ignore[attr-defined]
        assert len(at.key.encode()) <= S3_KEY_BYTES
        assert Location.parse(str(at)) == at
    assert execution_in(bag["rows"]["__s3_path"]) == execution_id


BEGINNINGS: list[Callable[[str], Any]] = [
    lambda execution_id: first_bag({}, {"execution_id": execution_id}),
    lambda execution_id: universal_sync_core({"execution_id": execution_id}, {"n": 1}),
    lambda execution_id: store_result(1, {"execution_id": execution_id}),
    lambda execution_id: store_to_s3(1, {"execution_id": execution_id}),
    lambda execution_id: stage_items({"execution_id": execution_id, "distributed_items": [1]}),
]


@pytest.mark.parametrize("begin", BEGINNINGS)
@pytest.mark.parametrize("execution_id", LONG_IDS)
def test_an_id_that_is_too_long_for_a_key_is_refused_at_the_beginning(
    begin: Callable[[str], Any], execution_id: str
) -> None:
    store = CountingStore()
    with fresh(store), pytest.raises(InvalidRequestError, match="shorter name") as caught:
        begin(execution_id)
    assert caught.value.field == "execution_id"
    assert execution_id not in str(caught.value)
    assert store.requests == 0


def test_an_id_that_no_key_can_have_is_refused() -> None:
    with fresh(CountingStore()), pytest.raises(InvalidRequestError) as caught:
        first_bag({}, {"execution_id": "run \ud83d"})
    assert caught.value.field == "execution_id"


def test_a_prefix_takes_its_part_of_a_key() -> None:
    short, long = Settings(bucket=BUCKET), Settings(bucket=BUCKET, prefix="p" * 100 + "/")
    execution_id = "x" * 850
    assert execution_prefix(short, execution_id)
    with pytest.raises(InvalidRequestError):
        execution_prefix(long, execution_id)


@pytest.mark.parametrize(
    "key",
    [
        *("inputs/../v1/run/x", "inputs/./x", "../x", "./x", "inputs/..", "inputs/."),
        "inputs/half \ud800 of a pair",
    ],
)
def test_a_key_that_an_object_cannot_have_is_no_place(key: str) -> None:
    path = f"s3://{BUCKET}/{key}"
    with pytest.raises(MalformedPointerError):
        Location.parse(path)
    store = CountingStore()
    allowed = (f"s3://{BUCKET}/inputs/",)
    with fresh(store, allowed_prefixes=allowed):
        with pytest.raises((InvalidRequestError, MalformedPointerError)):
            load_from_s3(path)
        with pytest.raises((InvalidRequestError, MalformedPointerError)):
            first_bag({"input_s3_path": path}, {"execution_id": "run"})
    assert store.requests == 0


@pytest.mark.parametrize("key", ["a..b", "..a", "a/...", "a/.hidden", "a/b."])
def test_dots_within_a_name_are_no_harm(key: str) -> None:
    assert Location.parse(f"s3://{BUCKET}/{key}").key == key
