"""The cache of objects: bounded by bytes, whatever their number."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.core.bags import CONTEXT, fresh
from tests.core.fakes import CountingStore
from universal_sync_core import cached_load_from_s3, load_from_s3, store_to_s3
from universal_sync_core.storage.cache import ByteCache


def test_a_body_comes_back_as_it_was_put() -> None:
    cache = ByteCache(10)
    cache.put("a", b"12345")
    assert (cache.get("a"), cache.get("b")) == (b"12345", None)


def test_the_least_recently_used_goes_when_the_bytes_are_used_up() -> None:
    cache = ByteCache(10)
    for path in ("a", "b"):
        cache.put(path, b"12345")
    cache.get("a")
    cache.put("c", b"1")
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (b"12345", None, b"1")


def test_as_many_go_as_it_takes() -> None:
    cache = ByteCache(10)
    for number in range(10):
        cache.put(str(number), b"1")
    cache.put("large", b"12345678")
    assert [path for path in map(str, range(10)) if cache.get(path)] == ["8", "9"]


def test_a_body_larger_than_the_cache_is_not_held_and_drives_nothing_out() -> None:
    cache = ByteCache(10)
    cache.put("a", b"12345")
    cache.put("huge", b"1" * 11)
    assert (cache.get("a"), cache.get("huge")) == (b"12345", None)


def test_the_same_path_counts_once() -> None:
    cache = ByteCache(10)
    for _ in range(5):
        cache.put("a", b"12345")
    cache.put("b", b"12345")
    assert cache.get("a") == b"12345"


def test_threads_keep_the_count_of_bytes_right() -> None:
    cache = ByteCache(100)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: cache.put(str(number % 50), b"1" * 7), range(2_000)))
    held = [path for path in map(str, range(50)) if cache.get(path)]
    assert len(held) == 14
    assert cache._bytes == 98


def test_an_object_held_is_not_read_again() -> None:
    store = CountingStore()
    with fresh(store):
        path = store_to_s3("value", CONTEXT)["__s3_path"]
    store.reset()
    with fresh(store):
        assert [cached_load_from_s3(path) for _ in range(3)] == ["value"] * 3
        assert len(store.gets) == 1


def test_loading_without_the_cache_reads_each_time() -> None:
    store = CountingStore()
    with fresh(store):
        path = store_to_s3("value", CONTEXT)["__s3_path"]
        store.reset()
        assert [load_from_s3(path) for _ in range(3)] == ["value"] * 3
    assert len(store.gets) == 3


@pytest.mark.parametrize("cache_bytes", [1, 64 * 1024])
def test_how_much_is_held_is_a_setting_and_changes_no_answer(cache_bytes: int) -> None:
    store = CountingStore()
    with fresh(store, cache_bytes=cache_bytes):
        path = store_to_s3(list(range(50_000)), CONTEXT)["__s3_path"]
        assert cached_load_from_s3(path) == list(range(50_000))
