"""A load decodes what has come while the rest is being read, and leaves nothing behind."""

import random
import time
from collections.abc import Callable, Sequence
from itertools import chain
from threading import Event, current_thread
from typing import Any

import pytest

from tests.core.bags import TRIES, call, fresh
from tests.core.effort import calls_of
from tests.core.fakes import (
    CorruptingStore,
    CountingStore,
    FlakyStore,
    PassingStore,
    TruncatingStore,
)
from universal_sync_core.errors import MissingObjectError, StateTooLargeError
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.parallel import MAX_REQUESTS_AT_ONCE
from universal_sync_core.storage.store import Location, ObjectStore, Part, StoredObject
from universal_sync_core.values.address import Address, settled
from universal_sync_core.values.codec import Json, decode, encode
from universal_sync_core.values.pointer import Pointer

NUMBERS = list(range(1_000))
SOURCE = random.Random(7)  # noqa: S311 - of a test


class Watching(CountingStore):
    """Shows each path to `before` when it is asked for.

    Attributes:
        given: the bytes that were given.
        under_way: how many requests are.
    """

    def __init__(self, inner: MemoryStore, before: Callable[[str], None] = lambda _: None) -> None:
        super().__init__(inner)
        self._before = before
        self.given = self.under_way = 0

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        with self._lock:
            self.under_way += 1
        try:
            self._before(str(location))
            stored = super().get(location, part)
        finally:
            with self._lock:
                self.under_way -= 1
        with self._lock:
            self.given += len(stored.body)
        return stored


def apart(store: MemoryStore, values: Sequence[Json]) -> list[Json]:
    """Return pointers to values, each in a pack of its own, in the order in which they are read."""
    with fresh(store), call() as opened:
        forms = []
        for value in values:
            body = encode(value)
            form = Pointer(kind="value", at=opened.objects.add(body), size=len(body)).render()
            opened.objects.seal()
            forms.append(form)
    return sorted(forms, key=lambda form: str(form["__s3_path"]))


def load(store: Any, value: Json, **settings: Any) -> Json:
    with fresh(store, **settings), call() as opened:
        return opened.pages.resolve(value)


def single(store: MemoryStore) -> Json:
    return apart(store, ["found"])[0]


def in_pages(store: MemoryStore) -> Json:
    with fresh(store), call() as opened:
        return opened.pages.store(["found"]).render()


@pytest.mark.parametrize(("stored", "value"), [(single, "found"), (in_pages, ["found"])])
def test_what_a_document_refers_to_is_requested_before_all_others_have_come(
    stored: Callable[[MemoryStore], Json], value: Json
) -> None:
    store = MemoryStore()
    inner = stored(store)
    outer = apart(store, [{"number": number, "inner": inner} for number in range(2)])
    asked = Event()

    def before(path: str) -> None:
        if path == inner["__s3_path"]:
            asked.set()
        elif path == outer[1]["__s3_path"]:
            assert asked.wait(30)

    read = load(Watching(store, before), outer)
    assert sorted(each["number"] for each in read) == [0, 1]
    assert [each["inner"] for each in read] == [value, value]


@pytest.mark.parametrize(("count", "by_caller"), [(1, True), (2, False)])
def test_a_value_that_nothing_is_read_beside_needs_no_thread(
    count: int, *, by_caller: bool
) -> None:
    store, threads = MemoryStore(), set[str]()
    pointers = []
    for number in range(count):
        with fresh(store), call() as opened:
            pointers.append(opened.pages.store([number] * 50_000).render())
    watching = Watching(store, lambda _: threads.add(current_thread().name))

    assert load(watching, pointers) == [[number] * 50_000 for number in range(count)]
    assert len(watching.gets) == count
    assert (threads == {current_thread().name}) is by_caller


def tree_apart(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch, **settings: int
) -> tuple[Json, dict[int, set[str]]]:
    """Return a pointer to a list, and the paths of its documents by height, each in a pack."""
    paths: dict[int, set[str]] = {}
    with fresh(store, **settings), call() as opened:
        add_all = opened.objects.add_all

        def alone(body: bytes) -> Address:
            (at,) = add_all([body])
            opened.objects.seal()
            paths.setdefault(decode(body)["height"], set()).add(settled(at).path)
            return at

        monkeypatch.setattr(opened.objects, "add_all", lambda bodies: list(map(alone, bodies)))
        return opened.pages.store(NUMBERS).render(), paths


def test_index_objects_are_requested_before_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    low, low_paths = tree_apart(store, monkeypatch, page_bytes=64, index_bytes=1_000_000)
    high, high_paths = tree_apart(store, monkeypatch, page_bytes=64, index_bytes=10_000)
    not_asked, all_asked = set(high_paths[1]), Event()

    def before(path: str) -> None:
        not_asked.discard(path)
        if not not_asked:
            all_asked.set()
        if path in low_paths[0]:
            assert all_asked.wait(30)

    assert (max(low_paths), max(high_paths)) == (1, 2)
    assert len(low_paths[0]) > 3 * MAX_REQUESTS_AT_ONCE  # enough to take every thread
    assert load(Watching(store, before), [low, high]) == [NUMBERS, NUMBERS]


def test_what_was_loaded_is_not_gone_through_again() -> None:
    store = MemoryStore()
    with fresh(store, page_bytes=64), call() as opened:
        value = opened.pages.store(NUMBERS).render()
    with fresh(store), call() as opened:
        first, second = (calls_of(lambda: opened.pages.load(value)) for _ in range(2))
    assert second < first / 100


@pytest.mark.parametrize("lost", [0, 1, 2, 30, 51])
def test_a_load_that_fails_leaves_no_request_behind(lost: int) -> None:
    store = MemoryStore()
    inner = apart(store, range(50))
    outer = apart(store, [inner[:25], inner[25:]])
    gone = Location.parse([*outer, *inner][lost]["__s3_path"])
    kept = store.objects.pop(gone)
    failing = Event()

    def before(path: str) -> None:
        if path == str(gone):
            failing.set()
        elif failing.is_set():
            time.sleep(0.05)

    watching = Watching(store, before)
    with pytest.raises(MissingObjectError):
        load(watching, outer)
    assert watching.under_way == 0
    store.objects[gone] = kept
    assert sorted(chain(*load(watching, outer))) == list(range(50))


@pytest.mark.parametrize("times", [1, TRIES - 1])
@pytest.mark.parametrize("spoil", [FlakyStore, CorruptingStore, TruncatingStore])
def test_a_fault_in_the_middle_of_a_load_is_retried(spoil: Any, times: int) -> None:
    store = MemoryStore()
    inner = apart(store, range(50))
    outer = apart(store, [inner[:25], inner[25:]])

    class Spoiling(PassingStore):
        """Spoils each request after the first two, the first few times it is made."""

        def __init__(self) -> None:
            super().__init__(store)
            self._spoiled = {each["__s3_path"]: spoil(store, **{argument: times}) for each in inner}

        def get(self, location: Location, part: Part | None = None) -> StoredObject:
            of: ObjectStore = self._spoiled.get(str(location), self.inner)
            return of.get(location, part)

    argument = "fail" if spoil is FlakyStore else "times"
    assert sorted(chain(*load(Spoiling(), outer))) == list(range(50))


def test_what_is_requested_and_not_decoded_yet_is_never_more_than_a_call_may_read() -> None:
    """Each document refers to less than that; all together refer to more."""
    store, most = MemoryStore(), 100_000
    inner = apart(store, [SOURCE.randbytes(5_000).hex() for _ in range(40)])
    outer = apart(store, [inner[:10], inner[10:20], inner[20:30], inner[30:]])
    watching = Watching(store)
    with pytest.raises(StateTooLargeError):
        load(watching, outer, budget_bytes=most)
    assert watching.given < 1.2 * most
