"""Decoding makes no cycles, so nothing looks for any meanwhile."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.core.bags import CONTEXT, fresh
from tests.core.pages.test_loading import apart, load
from universal_sync_core import hydrate_state, store_to_s3
from universal_sync_core.packs.collector import collector_paused
from universal_sync_core.storage.memory_store import MemoryStore


@pytest.fixture(autouse=True)
def enabled() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_the_collector_is_off_inside_and_on_afterwards() -> None:
    with collector_paused(), collector_paused():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_on_again_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), collector_paused():
        _ = 1 / 0
    assert gc.isenabled()


def test_where_it_was_off_it_stays_off() -> None:
    gc.disable()
    with collector_paused():
        pass
    assert not gc.isenabled()


@contextmanager
def collections() -> Iterator[list[str]]:
    started: list[str] = []

    def note(phase: str, _: dict[str, Any]) -> None:
        if phase == "start":
            started.append(phase)

    gc.callbacks.append(note)
    try:
        yield started
    finally:
        gc.callbacks.remove(note)


def test_a_large_value_is_decoded_without_a_collection_for_every_few_maps() -> None:
    value = [{"number": number} for number in range(50_000)]
    store = MemoryStore()
    with fresh(store):
        bag = {"value": store_to_s3(value, CONTEXT)}
    with fresh(store), collections() as started:
        assert hydrate_state(bag, context=CONTEXT) == {"value": value}
    assert len(started) < 30  # one for every 700 maps would be 71 and more


def test_many_values_are_loaded_without_a_collection_for_every_document() -> None:
    values = [[{"number": number} for number in range(count)] for count in range(1_000, 1_030)]
    store = MemoryStore()
    forms = apart(store, values)
    with collections() as started:
        assert sorted(load(store, forms), key=len) == values
    assert len(started) < 3
