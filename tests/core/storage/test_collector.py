"""Decoding makes no cycles, so nothing looks for any among what is decoded already."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.core.bags import CONTEXT, fresh
from tests.core.pages.test_loading import apart, load
from universal_sync_core import hydrate_state, store_to_s3
from universal_sync_core.packs.collector import new_objects_only
from universal_sync_core.storage.memory_store import MemoryStore


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[tuple[int, int, int]]:
    before = gc.get_threshold()
    yield before
    gc.set_threshold(*before)


def test_only_new_objects_are_looked_at_inside_and_all_afterwards(
    thresholds: tuple[int, int, int],
) -> None:
    with new_objects_only(), new_objects_only():
        assert gc.get_threshold()[0] == thresholds[0]
        assert gc.get_threshold()[1] > thresholds[1]
    assert gc.get_threshold() == thresholds


def test_all_are_looked_at_again_after_an_error(thresholds: tuple[int, int, int]) -> None:
    with pytest.raises(ZeroDivisionError), new_objects_only():
        _ = 1 / 0
    assert gc.get_threshold() == thresholds


def test_where_the_collector_is_off_it_stays_off() -> None:
    gc.set_threshold(0)
    with new_objects_only():
        assert gc.get_threshold()[0] == 0
    assert gc.get_threshold()[0] == 0


@contextmanager
def collections_of_older() -> Iterator[list[int]]:
    """Yield the generations of the collections that look at more than new objects."""
    started: list[int] = []

    def note(phase: str, told: dict[str, Any]) -> None:
        if phase == "start" and told["generation"]:
            started.append(told["generation"])

    gc.callbacks.append(note)
    try:
        yield started
    finally:
        gc.callbacks.remove(note)


def test_a_large_value_is_decoded_without_looking_at_what_is_decoded_already() -> None:
    value = [{"number": number} for number in range(50_000)]
    store = MemoryStore()
    with fresh(store):
        bag = {"value": store_to_s3(value, CONTEXT)}
    with fresh(store), collections_of_older() as started:
        assert hydrate_state(bag, context=CONTEXT) == {"value": value}
    assert len(started) < 3  # one for every 7,700 maps would be 6 and more


def test_many_values_are_loaded_without_looking_at_what_is_loaded_already() -> None:
    values = [[{"number": number} for number in range(count)] for count in range(1_000, 1_030)]
    store = MemoryStore()
    forms = apart(store, values)
    with collections_of_older() as started:
        assert sorted(load(store, forms), key=len) == values
    assert len(started) < 3
