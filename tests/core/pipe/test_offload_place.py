"""Where an offload goes, and what happens where that place is missing or S3 is down."""

import math
from typing import Any

import pytest

from tests.core.bags import CONTEXT, Unchanged, fresh, hydrated, synced
from tests.core.fakes import CountingStore, FlakyStore
from universal_sync_core import optimize_and_offload, universal_sync_core
from universal_sync_core.errors import (
    InvalidRequestError,
    StoreThrottledError,
    StoreUnavailableError,
)

LARGE = {"found": "x" * 40_000}


def test_an_offload_without_a_bucket_says_so() -> None:
    with (
        fresh(CountingStore(), bucket=None),
        Unchanged(LARGE),
        pytest.raises(InvalidRequestError, match="STATE_BUCKET"),
    ):
        optimize_and_offload(LARGE, CONTEXT)


@pytest.mark.usefixtures("store")
def test_an_offload_without_an_execution_says_so() -> None:
    with Unchanged(LARGE), pytest.raises(InvalidRequestError, match="execution_id") as caught:
        optimize_and_offload(LARGE)
    assert caught.value.field == "execution_id"


@pytest.mark.usefixtures("store")
def test_the_execution_is_the_contexts_else_the_bags() -> None:
    own = optimize_and_offload(LARGE | {"execution_id": "mine"})
    assert "/v1/mine/" in own["found"]["__s3_path"]
    given = optimize_and_offload(LARGE | {"execution_id": "mine"}, {"execution_id": "given"})
    assert "/v1/given/" in given["found"]["__s3_path"]


@pytest.mark.parametrize("value", [5, "", ["e"], {}])
@pytest.mark.usefixtures("store")
def test_an_execution_id_that_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        optimize_and_offload(LARGE | {"execution_id": value})
    assert caught.value.field == "execution_id"


def test_what_needs_no_s3_needs_neither() -> None:
    with fresh(CountingStore(), bucket=None):
        bag = universal_sync_core(None, {"found": "x" * 20_000, "odd": [2**70, "\ud800"]})
    assert bag["odd"] == [2**70, "\ud800"]


@pytest.mark.parametrize(
    "error", [StoreUnavailableError("down"), StoreThrottledError("slow down")], ids=repr
)
def test_with_s3_down_the_action_fails_retryably_and_loses_nothing(
    error: StoreUnavailableError,
) -> None:
    inner = CountingStore()
    with fresh(inner):
        base = synced({}, {"found": "x" * 40_000, "current_state": {"a": 1}})
    before = hydrated_with(inner, base)
    delta = {"found": "y" * 40_000, "current_state": {"a": 2}}
    store = FlakyStore(inner, fail=math.inf, error=error)
    with fresh(store), Unchanged(base, delta), pytest.raises(type(error)) as caught:
        universal_sync_core(base, delta, CONTEXT)
    assert caught.value.retryable
    assert hydrated_with(inner, base) == before


def hydrated_with(store: CountingStore, bag: dict[str, Any]) -> dict[str, Any]:
    with fresh(store):
        return hydrated(bag)
