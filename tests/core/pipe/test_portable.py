"""What stays in place is carried by every JSON library on the way, whatever a result says."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tests.core.bags import CONTEXT, fresh, hydrated
from tests.core.fakes import CountingStore
from universal_sync_core import (
    complete_branch,
    fork_branch,
    offload,
    record_failure,
    store_result,
    universal_sync_core,
)
from universal_sync_core.errors import InvalidRequestError

ODD = ["cut \ud83d", 2**70]
SYNC = CONTEXT | {"action": "sync"}
LONG = "x" * 40_000
FAILED = {"status": "FAILED", "error": "E\ud83d", "cause": "cut \ud83d"}


def synced(result: Any, **context: Any) -> Any:
    return universal_sync_core(None, result, SYNC | context)


def branch_of(name: str) -> Any:
    asked = {"status": "PARALLEL_GROUP", "pending_branches": [{"branch_id": name}]}
    bag = fork_branch(synced(asked), {"branch_id": name}, CONTEXT)
    bag = universal_sync_core(bag, FAILED, CONTEXT | {"action": "sync_branch"})
    return [bag, complete_branch(bag, CONTEXT)]


# By what shows a part of a value in place, or stands there itself.
WAYS: dict[str, Callable[[Any], Any]] = {
    "sample of results": lambda odd: synced(
        {"chunk_results": [{"n": n, "is": odd} for n in range(12)]}
    ),
    "sample of failures": lambda odd: synced([FAILED | {"is": odd}] * 7),
    "sample of outputs": lambda odd: synced([{"is": odd, "text": LONG}] * 12),
    "preview": lambda odd: synced(
        {"current_state": {"m": {"is": odd, "\ud83d": LONG}}, "preview_paths": ["m"]}
    ),
    "copy beside a pointer": lambda odd: synced(
        {"current_state": {"is": odd, "text": "x" * 200_000}}, keep_inline=["is"]
    ),
    "failure of an item": lambda odd: store_result(FAILED | {"is": odd}, CONTEXT),
    "status of an item": lambda odd: store_result({"status": odd, "error": odd}, CONTEXT),
    "end of a workflow": lambda odd: synced(FAILED | {"is": odd}),
    "end of a branch": lambda _: branch_of("cut \ud83d"),
    "record of a failure": lambda _: record_failure(
        synced({"a": 1}), {"Error": "E\ud83d", "Cause": "cut \ud83d"}, CONTEXT
    ),
    "document": lambda odd: offload({"is": odd, "a": {"\ud83d": 1}}, CONTEXT),
}


@pytest.mark.parametrize("odd", ODD, ids=["half of a pair", "long number"])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_shown_of_a_value_is_carried_by_every_library(way: str, odd: Any) -> None:
    with fresh(CountingStore()):
        assert orjson.loads(orjson.dumps(WAYS[way](odd))) is not None


@pytest.mark.parametrize("odd", ODD, ids=["half of a pair", "long number"])
def test_and_the_value_itself_is_as_it_was(odd: Any) -> None:
    result = {
        "chunk_results": [{"n": n, "is": odd} for n in range(12)],
        "current_state": {"m": {"is": odd, "\ud83d": LONG}},
    }
    with fresh(CountingStore()):
        bag = synced(result | {"preview_paths": ["m"]})
        bag = universal_sync_core(bag, {"chunk_results": [odd]}, SYNC)
        wanted = result | {"chunk_results": [*result["chunk_results"], odd]}
        assert hydrated(bag) == wanted | {"preview_paths": ["m"]}
        failed = synced({"status": "FAILED", "error": "E", "cause": odd})
        assert hydrated(failed)["cause"] == odd


@pytest.mark.parametrize("odd", [*ODD, {"\ud83d": 1}], ids=["half of a pair", "number", "key"])
@pytest.mark.parametrize("field", ["segment_id", "idempotency_key", "post_snapshot_s3_path"])
def test_a_control_field_that_some_library_alters_is_refused_by_name(field: str, odd: Any) -> None:
    with fresh(CountingStore()), pytest.raises(InvalidRequestError) as caught:
        synced({field: odd})
    assert caught.value.field == f"execution_result.{field}"
