"""Whatever goes in, the bag is within 150 KiB and hydrates to the same.

Hazards held here: many small values that sum past the limit after each passed its own check, a
payload just under the limit that dies at the transition.
"""

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.bags import BOUND, CONTEXT, KIB, fresh, hydrated, synced, text_of
from tests.core.fakes import CountingStore
from universal_sync_core import calculate_payload_size, hydrate_state, universal_sync_core
from universal_sync_core.values.pointer import parse


def many(count: int, size: int, name: str = "key") -> dict[str, Any]:
    return {f"{name}-{number}": text_of(size) for number in range(count)}


def nested(depth: int, size: int) -> Any:
    value: Any = text_of(size)
    for level in range(depth):
        value = {"in": value, "beside": level} if level % 2 else [level, value]
    return value


def everything() -> dict[str, Any]:
    return {
        "current_state": many(3_000, 60) | {"deep": nested(300, 50_000), "": "ä" * 90_000},
        "state_history": [{"n": number, "text": "😀" * 500} for number in range(300)],
        "chunk_results": [{"n": number, "text": "x" * 900} for number in range(500)],
        "failed_segments": [{"error": "E" * 3_000}] * 90,
        "distributed_outputs": [{"n": number} for number in range(10_000)],
        "scheduling_metadata": {
            "batch_details": [{"item_count": number} for number in range(900)],
            "priority": "high",
        },
        "scheduling_summary": "mine",
        "pending_branches": [{"text": letter * 8_000} for letter in "abc"],
        "long" * 30_000: "x" * 40_000,
        **many(2_000, 50),
        **many(9, 25 * KIB, "large"),
        "status": "CONTINUE",
        "odd": [2**90, "\ud800", -0.0],
    }


SCENARIOS: dict[str, Callable[[], dict[str, Any]]] = {
    "many small fields": lambda: many(3_000, 80),
    "many fields below their threshold": lambda: many(40, 29 * KIB),
    "few large fields": lambda: many(4, 2_000_000),
    "one field of 20 MB": lambda: {"found": ["x" * 1_000] * 20_000},
    "many small parts of current_state": lambda: {"current_state": many(3_000, 80)},
    "large parts of current_state": lambda: {"current_state": many(40, 29 * KIB)},
    "fields just over what a pointer takes": lambda: many(400, 420),
    "many offloaded parts": lambda: {"current_state": many(600, 31 * KIB)},
    "many offloaded fields": lambda: many(600, 31 * KIB),
    "deep nesting": lambda: {"a": nested(900, 200_000), "current_state": {"b": nested(900, 9)}},
    "long keys": lambda: {"k" * 90_000: 1, "l" * 90_000: 2, "current_state": {"m" * 200_000: 3}},
    "non-ASCII text": lambda: {f"f-{n}": "漢" * 9_000 for n in range(9)},
    "escapes": lambda: {f"f-{n}": '"\\\n\x00' * 3_000 for n in range(9)},
    "long history": lambda: {"state_history": [{"n": n, "t": "x" * 3_000} for n in range(900)]},
    "fifty long entries": lambda: {
        "state_history": [{"n": n, "t": "x" * 9_000} for n in range(49)]
    },
    "one entry of 1 MB": lambda: {"state_history": ["x" * 1_000_000]},
    "a list of results": lambda: {"execution_result": [{"t": "x" * 9_000}] * 300},
    "long samples": lambda: {
        "chunk_results": ["x" * 29_000] * 9,
        "failed_segments": ["y" * 40_000] * 5,
    },
    "a current_state that is a list": lambda: {"current_state": ["x" * 1_000] * 500},
    "a current_state that is a text": lambda: {"current_state": "x" * 500_000},
    "everything at once": everything,
}


def values_of(result: dict[str, Any]) -> dict[str, Any]:
    if "execution_result" in result:
        outputs = result["execution_result"]
        return {"distributed_outputs": outputs, "chunk_count": len(outputs)}
    return result


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
@pytest.mark.parametrize("action", ["sync", "update_and_compress"])
def test_within_the_bound_and_whole(scenario: Callable[[], dict[str, Any]], action: str) -> None:
    store = CountingStore()
    result = scenario()
    context = CONTEXT | {"action": action}
    with fresh(store):
        bag = synced({}, result, context)
        bag = synced(bag, {"one more": "step"}, context)
    with fresh(store):
        assert hydrated(bag) == values_of(result) | {"one more": "step"}


@pytest.mark.parametrize("place", ["bag", "current_state"])
def test_two_hundred_thousand_small_keys(place: str) -> None:
    store = CountingStore()
    keys = {f"key-{number}": number for number in range(200_000)}
    with fresh(store):
        bag = synced({}, keys if place == "bag" else {"current_state": keys})
    written = store.bytes_put
    store.reset()
    changed = {"key-77": "new"}
    with fresh(store):
        bag = synced(bag, changed if place == "bag" else {"current_state": changed})
        assert store.bytes_put < written / 20
    with fresh(store):
        whole = hydrated(bag)
    assert (whole if place == "bag" else whole["current_state"]) == keys | changed


@pytest.mark.parametrize("payload_kb", [4, 20, 256])
def test_the_bound_follows_its_setting(payload_kb: int) -> None:
    with fresh(CountingStore(), max_payload_bytes=payload_kb * KIB) as space:
        bag = universal_sync_core({}, everything() | {"long" * 30_000: 1}, CONTEXT)
        assert calculate_payload_size(bag) <= payload_kb * KIB * 3 // 4
        assert space.settings.bound_bytes == payload_kb * KIB * 3 // 4
        assert hydrated(bag) == everything() | {"long" * 30_000: 1}


@pytest.mark.parametrize("seed", range(3))
def test_bags_of_every_size_about_the_bound(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test may be guessed
    with fresh(CountingStore()):
        for _ in range(40):
            fields = many(chance.randrange(1, 400), 200)
            rest = BOUND - calculate_payload_size(fields) + chance.randrange(-300, 300)
            fields |= {"rest": text_of(max(2, rest))}
            assert hydrated(synced({}, fields)) == fields


def test_a_bag_that_grows_step_by_step_never_passes_the_bound() -> None:
    with fresh(CountingStore()):
        bag: dict[str, Any] = {}
        for number in range(150):
            part = {f"part-{number}": text_of(5 * KIB)}
            bag = synced(bag, {"current_state": part, f"field-{number}": text_of(3 * KIB)})
        whole = hydrated(bag)
    assert len(whole) == 151
    assert len(whole["current_state"]) == 150


def test_order_of_keys_survives_every_form() -> None:
    names = [f"key-{number * 7_919 % 5_003}" for number in range(5_003)]
    shuffled = {name: name for name in names}
    with fresh(CountingStore()):
        bag = synced({}, {"current_state": shuffled, "found": {"in": shuffled}})
        assert parse(bag["current_state"])
        whole = hydrate_state(bag, context=CONTEXT)
    assert list(whole["current_state"]) == names
    assert list(whole["found"]["in"]) == names


@pytest.mark.slow
def test_a_state_of_50_mb() -> None:
    store = CountingStore()
    state = {f"part-{number}": {"text": ["word " * 200] * 50} for number in range(1_000)}
    with fresh(store):
        bag = synced({}, {"current_state": state})
    store.reset()
    with fresh(store):
        bag = synced(bag, {"current_state": {"part-500": {"text": "short"}}})
    assert store.requests <= 8
    with fresh(store):
        assert hydrated(bag)["current_state"] == state | {"part-500": {"text": "short"}}
