"""Requests side by side: bounded, in order, and over at the first error."""

import os
import subprocess
import sys
import time
from threading import Barrier, Event

import pytest

from tests.core.bags import CONTEXT, fresh
from tests.core.fakes import SlowStore
from universal_sync_core import hydrate_state, store_to_s3
from universal_sync_core.errors import StoreUnavailableError
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.parallel import MAX_REQUESTS_AT_ONCE, in_parallel, in_time


def test_results_are_in_the_order_of_the_items() -> None:
    def dawdle(seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    items = [0.03, 0.0, 0.02, 0.01]
    assert in_parallel(dawdle, items) == items


def test_nothing_asked_is_nothing_answered() -> None:
    assert in_parallel(str, []) == []


def test_requests_run_side_by_side_but_no_more_than_allowed() -> None:
    inner = MemoryStore()
    with fresh(inner):
        bag = {str(number): store_to_s3({"n": number}, CONTEXT) for number in range(100)}
    slow = SlowStore(inner, seconds=0.05)
    with fresh(slow):
        hydrate_state(bag, context=CONTEXT)
    assert 8 < slow.most_at_once <= MAX_REQUESTS_AT_ONCE


def test_the_first_error_is_raised_and_what_has_not_begun_never_does() -> None:
    begun: list[int] = []
    failed = Event()

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            failed.set()
            raise StoreUnavailableError("down")
        failed.wait()
        time.sleep(0.1)

    with pytest.raises(StoreUnavailableError):
        in_parallel(work, range(500))
    assert len(begun) < 250


def test_an_error_is_raised_when_all_that_has_begun_has_ended() -> None:
    both, failed = Barrier(2), Event()
    ended: list[int] = []

    def work(number: int) -> None:
        both.wait()
        if number == 0:
            failed.set()
            raise StoreUnavailableError("down")
        failed.wait()
        time.sleep(0.1)
        ended.append(number)

    with pytest.raises(StoreUnavailableError):
        in_parallel(work, range(2))
    assert ended == [1]


def test_calls_of_all_threads_may_be_bounded_in_time() -> None:
    items = range(10 * MAX_REQUESTS_AT_ONCE)
    assert in_parallel(lambda item: in_time(lambda: -item, 60), items) == [-item for item in items]


def test_the_pool_works_on_after_an_error() -> None:
    def refuse(number: int) -> int:
        raise StoreUnavailableError(str(number))

    with pytest.raises(StoreUnavailableError):
        in_parallel(refuse, range(100))
    assert in_parallel(abs, range(100)) == list(range(100))


def test_many_threads_that_are_the_first_to_need_the_store_share_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str | None] = []

    class SlowToMake(MemoryStore):
        def __init__(self, *, kms_key_id: str | None, **_: object) -> None:
            super().__init__()
            made.append(kms_key_id)
            time.sleep(0.1)

    monkeypatch.setattr("universal_sync_core.storage.s3_store.S3Store", SlowToMake)
    with runtime.use(settings=settings) as space:
        stores = in_parallel(lambda _: space.store, range(8))
    assert made == [None]
    assert len({id(store) for store in stores}) == 1


# A child that waits for threads which it does not have is ended by the alarm.
FORKING = """
import os, signal
from universal_sync_core.storage import runtime
from universal_sync_core.storage.parallel import in_parallel

shared = runtime.current()
assert in_parallel(str, range(3)) == ["0", "1", "2"]
child = os.fork()
if child == 0:
    signal.alarm(30)
    os._exit(in_parallel(int, "56")[runtime.current() is shared])
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_process_that_was_forked_off_has_threads_and_connections_of_its_own() -> None:
    done = subprocess.run(  # noqa: S603 - the script above
        [sys.executable, "-W", "ignore", "-c", FORKING],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "5\n"
