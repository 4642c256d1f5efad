"""What a failed call has stored is not sent again; what a pointer says of its size is checked."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.core.bags import CONTEXT, fresh, hydrated
from tests.core.fakes import CountingStore, PassingStore
from universal_sync_core import store_to_s3, universal_sync_core
from universal_sync_core.errors import MalformedPointerError, StoreUnavailableError
from universal_sync_core.packs import outbox
from universal_sync_core.storage import parallel
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location


class RefusingStore(PassingStore):
    """Takes no more objects than so many, until it is told to."""

    def __init__(self, inner: CountingStore, most: int) -> None:
        super().__init__(inner)
        self.left = most

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        if self.left <= 0:
            raise StoreUnavailableError("full")
        self.left -= 1
        return super().put(location, body, content_encoding=content_encoding)


def test_packs_that_a_failed_call_has_stored_are_not_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox, "PACK_BYTES", 20_000)
    source = random.Random(1)  # noqa: S311 - the same every time
    result = {"rows": [f"{source.getrandbits(4_000):x}" for _ in range(400)]}
    counting = CountingStore()
    store = RefusingStore(counting, most=5)
    with ThreadPoolExecutor(1) as requests, monkeypatch.context() as patch, fresh(store):
        patch.setattr(parallel, "_pool", lambda: requests)
        with pytest.raises(StoreUnavailableError):
            universal_sync_core({}, result, CONTEXT)
        requests.submit(int).result()  # the request that was on its way has ended
        store.left = 1_000
        bag = universal_sync_core({}, result, CONTEXT)
    assert len(counting.puts) > 8
    assert set(Counter(counting.puts).values()) == {1}
    with fresh(counting.inner):
        assert hydrated(bag) == result


@pytest.mark.parametrize("size", [0, 3, 40_001, 10**9])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("value", ["x" * 40_000, ["y" * 100] * 600], ids=["text", "list"])
def test_a_pointer_that_says_another_size_is_refused_at_the_door(
    value: str | list[str], size: int, *, known: bool
) -> None:
    store = MemoryStore()
    with fresh(store):
        form = store_to_s3(value, CONTEXT)
        wrong = form | {"__size_bytes": size}
        if known:
            with pytest.raises(MalformedPointerError):
                universal_sync_core({}, {"field": wrong}, CONTEXT)
    with fresh(store):
        with pytest.raises(MalformedPointerError):
            universal_sync_core({}, {"field": wrong}, CONTEXT)
        bag = universal_sync_core({}, {"field": form}, CONTEXT)
        assert hydrated(bag) == {"field": value}
