"""The history: the newest entries inline, the older ones in pages, each once and in order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.core.bags import BOUND, CONTEXT, EXECUTION, KIB, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from universal_sync_core import (
    calculate_payload_size,
    hydrate_state,
    merge_logic,
    optimize_and_offload,
    read_list,
)
from universal_sync_core.packs import ranges

START = datetime(2026, 1, 1, tzinfo=UTC)


def entry(number: int, text: str = "") -> dict[str, Any]:
    """Return an entry that carries its time."""
    stamp = (START + timedelta(seconds=number)).isoformat()
    return {"timestamp": stamp, "n": number, "text": text}


def entries(start: int, stop: int, text: str = "") -> list[dict[str, Any]]:
    return [entry(number, text) for number in range(start, stop)]


def bag_of(history: list[Any]) -> dict[str, Any]:
    return synced({}, {"state_history": history})


@pytest.mark.parametrize(("count", "inline"), [(0, 0), (1, 1), (49, 49), (50, 50)])
def test_up_to_fifty_entries_stay_inline(store: CountingStore, count: int, inline: int) -> None:
    bag = bag_of(entries(0, count))
    assert len(bag["state_history"]) == inline
    assert "state_history_archive" not in bag
    assert store.requests == 0


@pytest.mark.parametrize("count", [51, 52, 75, 120, 1_000])
@pytest.mark.usefixtures("store")
def test_over_fifty_the_oldest_go_until_25_are_left(count: int) -> None:
    bag = bag_of(entries(0, count))
    assert bag["state_history"] == entries(count - 25, count)
    assert bag["state_history_archive"]["__kind"] == "list"
    assert bag["state_history_archive"]["__count"] == count - 25
    assert hydrated(bag) == {"state_history": entries(0, count)}


@pytest.mark.parametrize(("most", "left"), [(1, 0), (2, 1), (9, 4)])
def test_how_many_stay_is_a_setting(most: int, left: int) -> None:
    with fresh(CountingStore(), history_max_entries=most):
        assert bag_of(entries(0, most))["state_history"] == entries(0, most)
        bag = bag_of(entries(0, most + 1))
        assert bag["state_history"] == entries(most + 1 - left, most + 1)
        assert hydrated(bag)["state_history"] == entries(0, most + 1)


def test_long_entries_go_before_they_are_fifty(store: CountingStore) -> None:
    bag = bag_of(entries(0, 20, "x" * 2 * KIB))
    assert 0 < len(bag["state_history"]) < 20
    assert calculate_payload_size(bag["state_history"]) <= 15 * KIB
    assert hydrated(bag)["state_history"] == entries(0, 20, "x" * 2 * KIB)
    assert store.puts


def test_the_archive_grows_in_batches(store: CountingStore) -> None:
    bag: dict[str, Any] = {}
    writes = []
    for number in range(300):
        store.reset()
        bag = synced(bag, {"state_history": entry(number)})
        writes.append(len(store.puts))
    assert sum(count > 0 for count in writes) == 10
    assert max(writes) == 1
    assert hydrated(bag)["state_history"] == entries(0, 300)


def test_an_entry_newer_than_everything_archived_costs_no_read(store: CountingStore) -> None:
    bag = bag_of(entries(0, 2_000))
    store.reset()
    with fresh(store):
        bag = synced(bag, {"state_history": [entry(2_000)], "new_history_logs": [entry(2_001)]})
    assert store.requests == 0
    assert hydrated(bag)["state_history"] == entries(0, 2_002)


@pytest.mark.parametrize("number", [0, 777, 1_974, 1_975, 1_999])
def test_an_entry_that_is_there_already_is_not_added_again(
    store: CountingStore, number: int
) -> None:
    bag = bag_of(entries(0, 2_000))
    store.reset()
    with fresh(store):
        after = synced(bag, {"state_history": [entry(number)]})
        assert len(store.gets) <= 6
        assert store.puts == []
        assert hydrated(after)["state_history"] == entries(0, 2_000)


def test_an_entry_without_a_time_is_looked_for_without_reading_the_entries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ranges, "GAP_BYTES", 0)
    store = CountingStore()
    history = [{"n": number, "text": f"{number} " * 100} for number in range(3_000)]
    with fresh(store):
        bag = bag_of(history)
        written = store.bytes_put
    store.reset()
    with fresh(store) as space:
        after = synced(bag, {"state_history": [{"n": 3_000}]})
        assert space.usage.snapshot().bytes_read < written / 2
        assert hydrated(after)["state_history"] == [*history, {"n": 3_000}]


def test_a_late_entry_that_is_new_is_added(store: CountingStore) -> None:
    bag = bag_of(entries(0, 200))
    late = entry(7, "another text")
    store.reset()
    with fresh(store):
        after = synced(bag, {"state_history": [late]})
        assert hydrated(after)["state_history"] == [*entries(0, 200), late]


def test_entries_of_the_same_time_are_told_apart() -> None:
    history = [{"timestamp": 5, "n": number} for number in range(80)]
    with fresh(CountingStore()):
        bag = bag_of(history)
        after = synced(bag, {"state_history": [{"timestamp": 5, "n": 3}, {"timestamp": 5}]})
        assert hydrated(after)["state_history"] == [*history, {"timestamp": 5}]


@pytest.mark.parametrize("size", [1, 20_000, 40_000, 400_000])
def test_entries_of_any_size_are_recognised(size: int) -> None:
    history = [{"n": number, "text": "x" * size} for number in range(3)]
    with fresh(CountingStore(), history_max_entries=1):
        bag = bag_of(history)
        bag = synced(bag, {"state_history": [*history, {"n": 3}]})
        assert hydrated(bag)["state_history"] == [*history, {"n": 3}]


def test_a_base_that_already_has_doubles_keeps_them() -> None:
    doubled = [1, 1, 2] * 40
    with fresh(CountingStore()):
        bag = optimize_and_offload({"state_history": doubled}, CONTEXT)
        bag = synced(bag, {"state_history": [2, 3]})
        assert hydrated(bag)["state_history"] == [*doubled, 3]


def test_reading_a_range_of_the_archive_reads_few_pages(store: CountingStore) -> None:
    bag = bag_of(entries(0, 50_000))
    store.reset()
    with fresh(store):
        part = read_list(bag["state_history_archive"], 25_000, 25_050)
    assert part == entries(25_000, 25_050)
    assert len(store.gets) <= 4


@pytest.mark.parametrize("data", [5, None, [], {"a": 1}, [entry(1)], "s3://bucket/key"], ids=repr)
def test_a_field_of_the_users_that_is_named_like_the_archive_is_data(data: Any) -> None:
    result = {"state_history_archive": data, "state_history": entries(0, 80)}
    with fresh(CountingStore()):
        bag = synced({}, result)
        bag = synced(bag, {"state_history": entries(70, 90), "more": 1})
        expected = {"state_history_archive": data, "state_history": entries(0, 90), "more": 1}
        assert hydrated(bag) == expected


def test_a_field_of_that_name_may_come_after_the_archive() -> None:
    with fresh(CountingStore()):
        bag = bag_of(entries(0, 80))
        bag = synced(bag, {"state_history_archive": "mine"})
        bag = synced(bag, {"state_history": entries(60, 100)})
        expected = {"state_history_archive": "mine", "state_history": entries(0, 100)}
        assert hydrated(bag) == expected


def test_copies_of_a_bag_have_histories_of_their_own() -> None:
    with fresh(CountingStore()):
        bag = bag_of(entries(0, 80))
        left = synced(bag, {"state_history": entries(100, 200)})
        right = synced(bag, {"state_history": entries(300, 400)})
        assert hydrated(left)["state_history"] == [*entries(0, 80), *entries(100, 200)]
        assert hydrated(right)["state_history"] == [*entries(0, 80), *entries(300, 400)]
        assert hydrated(bag)["state_history"] == entries(0, 80)


def test_archived_entries_one_by_one_by_path() -> None:
    with fresh(CountingStore()):
        bag = bag_of(entries(0, 200))
        part = hydrate_state(bag, ["state_history[5]"], CONTEXT)
        assert part["state_history_archive"]["[5]"] == entry(5)
        whole = hydrate_state(bag, ["state_history"], CONTEXT)
        assert whole["state_history"] == entries(0, 200)


def test_merging_alone_needs_no_bucket_for_a_history_inline() -> None:
    with fresh(CountingStore(), bucket=None):
        merged = merge_logic({"state_history": entries(0, 60)}, {"state_history": entries(0, 70)})
    assert merged == {"state_history": entries(0, 70)}


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_million_entries_stay_in_the_bound_and_in_reach() -> None:
    store = CountingStore()
    bag: dict[str, Any] = {}

    def log(number: int) -> dict[str, int]:
        return {"timestamp": number, "step": number % 7}

    with fresh(store):
        for start in range(0, 1_000_000, 5_000):
            bag = synced(bag, {"state_history": [log(start + n) for n in range(5_000)]})
    assert calculate_payload_size(bag) < BOUND
    store.reset()
    with fresh(store):
        part = read_list(bag["state_history_archive"], 500_000, 500_050)
    assert part == [log(number) for number in range(500_000, 500_050)]
    assert len(store.gets) <= 6
    store.reset()
    with fresh(store):
        bag = synced(bag, {"state_history": [log(1_000_000 + n) for n in range(60)]})
    assert store.requests <= 10
    assert store.bytes_put < 200 * KIB


@pytest.mark.parametrize("beside", ["δ", "emoji 🙂", {"text": "gämma"}])
def test_archive_of_an_integer_beyond_64_bits_beside_other_alphabets_is_read(beside: Any) -> None:
    store = CountingStore()
    with fresh(store, history_max_entries=2):
        bag = bag_of([2**64 + 1, beside, 1, 2])
        assert bag["state_history_archive"]["__count"] == 4
    with fresh(store, history_max_entries=2):
        assert hydrated(bag)["state_history"] == [2**64 + 1, beside, 1, 2]


@pytest.mark.parametrize("name", ["state_history", "new_history_logs"])
@pytest.mark.parametrize("before", [{}, {"state_history": []}, {"state_history": [{"did": "a"}]}])
@pytest.mark.usefixtures("store")
def test_null_is_no_entry(name: str, before: dict[str, Any]) -> None:
    bag = synced({"execution_id": EXECUTION} | before, {name: None})
    assert bag["state_history"] == before.get("state_history", [])
