"""When a request is tried again, and when not.

Hazards held here: a permanent error tried again for ever, a retry that runs past the invocation's
time, a body read that no retry covers.
"""

import math
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.core.bags import BUCKET, CONTEXT, EXECUTION, TRIES, fresh
from tests.core.fakes import CorruptingStore, CountingStore, FakeClock, FlakyStore, PassingStore
from universal_sync_core import ExponentialBackoffRetry, hydrate_state, store_to_s3
from universal_sync_core.errors import (
    ChecksumMismatchError,
    InvalidRequestError,
    MalformedPointerError,
    MissingObjectError,
    StateSyncError,
    StoreAccessDeniedError,
    StoreThrottledError,
    StoreUnavailableError,
)
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.store import Location, ObjectStore

LOCATION = Location(BUCKET, "v1/run/packs/key")
RETRYABLE = [
    StoreThrottledError("slow down"),
    StoreUnavailableError("down"),
    ChecksumMismatchError("other bytes", path="s3://b/k"),
]
PERMANENT = [
    MissingObjectError("none", path="s3://b/k"),
    MalformedPointerError("none", path="s3://b/k"),
    StoreAccessDeniedError("no"),
    InvalidRequestError("no"),
]


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


class Failing:
    """Fails a number of times, then answers how often it was called."""

    def __init__(self, error: StateSyncError, times: float) -> None:
        self._error = error
        self._times = times
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        if self.calls <= self._times:
            raise self._error
        return self.calls


def retry(clock: FakeClock, **fields: float | Callable[[], float]) -> ExponentialBackoffRetry:
    return ExponentialBackoffRetry(sleep=clock.sleep, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("error", RETRYABLE, ids=lambda error: type(error).__name__)
def test_errors_that_may_pass_are_tried_again(error: StateSyncError) -> None:
    func = Failing(error, times=3)
    assert retry(FakeClock()).execute(func) == 4


@pytest.mark.parametrize("error", PERMANENT, ids=lambda error: type(error).__name__)
def test_permanent_errors_are_raised_at_once(error: StateSyncError) -> None:
    func, clock = Failing(error, times=1), FakeClock()
    with pytest.raises(type(error)):
        retry(clock).execute(func)
    assert (func.calls, clock.slept) == (1, [])


def test_after_the_last_try_its_own_error_is_raised() -> None:
    func = Failing(StoreThrottledError("slow down"), times=math.inf)
    with pytest.raises(StoreThrottledError):
        retry(FakeClock(), max_retries=2).execute(func)
    assert func.calls == 3


def test_the_longest_delay_doubles_from_try_to_try_up_to_a_cap() -> None:
    clock = FakeClock()
    func = Failing(StoreUnavailableError("down"), times=7)
    retry(clock, max_retries=7, base_delay=1.0, jitter=lambda: 1.0).execute(func)
    assert clock.slept == [1, 2, 4, 8, 16, 20, 20]


def test_jitter_is_full_between_nothing_and_the_longest_delay() -> None:
    clock = FakeClock()
    func = Failing(StoreUnavailableError("down"), times=3)
    retry(clock, base_delay=2.0, jitter=iter([0.0, 0.25, 0.5]).__next__).execute(func)
    assert clock.slept == [0, 1, 4]


def test_no_delay_reaches_past_the_time_that_is_left() -> None:
    clock = FakeClock()
    func = Failing(StoreUnavailableError("down"), times=math.inf)
    bounded = retry(clock, max_retries=9, jitter=lambda: 1.0, seconds_left=lambda: 5.0 - clock.now)
    with pytest.raises(StoreUnavailableError):
        bounded.execute(func)
    assert clock.slept == [1, 2]


def test_arguments_are_passed_on() -> None:
    assert ExponentialBackoffRetry().execute(divmod, 7, 2) == (3, 1)


@pytest.mark.parametrize("failing", [1, TRIES - 1])
def test_requests_that_fail_a_few_times_are_not_noticed(failing: int) -> None:
    store = FlakyStore(fail=failing)
    with fresh(store) as space:
        pointer = store_to_s3({"a": 1}, CONTEXT)
        assert space.usage.snapshot().requests == failing + 1
    store.left = failing
    with fresh(store):
        assert hydrate_state({"value": pointer}, context=CONTEXT) == {"value": {"a": 1}}


def test_further_tries_are_counted() -> None:
    with runtime.use(settings=Settings(bucket=BUCKET), store=FlakyStore(fail=2)) as space:
        assert isinstance(space.retry, ExponentialBackoffRetry)
        space.retry = replace(space.retry, sleep=lambda _: None)
        store_to_s3({"a": 1}, CONTEXT)
        usage = space.usage.snapshot()
    assert (usage.requests, usage.retries, usage.objects_written) == (3, 2, 1)


def test_a_body_damaged_on_the_way_is_read_again() -> None:
    inner = CountingStore()
    with fresh(inner):
        pointer = store_to_s3({"a": 1}, CONTEXT)
    with fresh(CorruptingStore(inner, times=2)):
        assert hydrate_state({"value": pointer}, context=CONTEXT) == {"value": {"a": 1}}
    assert len(inner.gets) == 3


def test_retries_end_within_the_invocation_and_leave_time_to_answer() -> None:
    clock = FakeClock()
    with runtime.use(settings=Settings(bucket=BUCKET), store=PassingStore()) as space:
        with space.until(lambda: round((10 - clock.now) * 1_000)):
            assert space.seconds_left() == 8
            clock.sleep(9)
            assert space.seconds_left() == -1
        assert space.seconds_left() == math.inf


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.put(LOCATION, b"{}"),
        lambda store: store.get(LOCATION),
        lambda store: store.exists(LOCATION),
        lambda store: next(store.stream(LOCATION)),
    ],
    ids=["put", "get", "exists", "stream"],
)
def test_a_request_that_hangs_ends_before_lambda_ends_the_call(
    silent: str, monkeypatch: pytest.MonkeyPatch, ask: Callable[[ObjectStore], object]
) -> None:
    for name, value in {"ENDPOINT_URL": silent, "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    with (
        runtime.use(settings=Settings(bucket=BUCKET)) as space,
        space.until(lambda: 300),
        pytest.raises(StoreUnavailableError, match="S3 did not answer: TimeoutError"),
    ):
        ask(space.store)


def test_no_retry_begins_when_the_invocation_has_no_time_left() -> None:
    store = CountingStore(FlakyStore(fail=math.inf))
    with (
        runtime.use(settings=Settings(bucket=BUCKET), store=store) as space,
        space.until(lambda: 1_000),
        pytest.raises(StoreUnavailableError),
    ):
        store_to_s3({"a": 1}, {"execution_id": EXECUTION})
    assert store.requests == 1
