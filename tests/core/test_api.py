"""The public names, and what a worker does with them beside the pipe."""

import copy
import hashlib
import inspect
import pickle
from typing import Any

import pytest

import universal_sync_core as package
from tests.core.bags import BUCKET, CONTEXT, EXECUTION, fresh
from tests.core.fakes import CountingStore, FlakyStore
from universal_sync_core import (
    ExponentialBackoffRetry,
    RetryStrategy,
    StateHydrator,
    calculate_payload_size,
    errors,
    generate_s3_key,
    load_from_s3,
    store_to_s3,
)
from universal_sync_core.errors import InvalidRequestError, StateSyncError, StoreUnavailableError
from universal_sync_core.packs.frames import to_frame
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.cache import ByteCache

STABLE = [
    "CONTROL_FIELDS_NEVER_OFFLOAD",
    "LIST_FIELD_STRATEGIES",
    "ExponentialBackoffRetry",
    "RetryStrategy",
    "StateHydrator",
    "cached_load_from_s3",
    "calculate_payload_size",
    "complete_branch",
    "create_snapshot",
    "decompress",
    "flatten_result",
    "fork_branch",
    "generate_s3_key",
    "hydrate_state",
    "join_branches",
    "load_from_s3",
    "merge_logic",
    "optimize_and_offload",
    "prevent_pointer_bloat",
    "read_list",
    "recorded_result",
    "restore_snapshot",
    "stage_items",
    "store_result",
    "store_to_s3",
    "universal_sync_core",
]


@pytest.mark.parametrize("name", STABLE)
def test_the_stable_names_are_there(name: str) -> None:
    assert name in package.__all__
    assert getattr(package, name) is not None


@pytest.mark.parametrize("name", package.__all__)
def test_whatever_is_public_says_what_it_gives(name: str) -> None:
    value = getattr(package, name)
    if inspect.isroutine(value) or inspect.isclass(value):
        assert inspect.getdoc(value)


def error_classes() -> list[type[StateSyncError]]:
    found = [value for value in vars(errors).values() if isinstance(value, type)]
    return [value for value in found if issubclass(value, StateSyncError)]


def test_every_error_has_one_root_and_an_own_name() -> None:
    names = [error.__name__ for error in error_classes()]
    assert len(set(names)) == len(names) > 15
    assert all(name.endswith("Error") for name in names)


def test_only_errors_of_the_store_are_worth_another_try() -> None:
    retryable = {error.__name__ for error in error_classes() if error.retryable}
    assert retryable == {"StoreUnavailableError", "StoreThrottledError"}


def raised(kind: type[StateSyncError]) -> StateSyncError:
    """Return an error as it is raised, with all that it tells."""
    if issubclass(kind, errors.MergeConflictError):
        return kind(["current_state.a.b", "title"])
    if issubclass(kind, errors.StateTooLargeError):
        return kind("too large", size=2_000, limit=1_000)
    if issubclass(kind, errors.StoredDataError):
        return kind("damaged", path="s3://bucket/key")
    if issubclass(kind, InvalidRequestError):
        return kind("wrong", field="result.a")
    return kind("a message")


@pytest.mark.parametrize("kind", error_classes(), ids=lambda kind: kind.__name__)
def test_an_error_comes_whole_from_another_process(kind: type[StateSyncError]) -> None:
    error = raised(kind)
    error.add_note("of the worker")
    copies = (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error)))  # noqa: S301
    for each in copies:
        assert type(each) is kind
        assert (str(each), vars(each)) == (str(error), vars(error))


def test_the_pipe_is_the_three_steps() -> None:
    with fresh(CountingStore()):
        base = {"execution_id": EXECUTION, "current_state": {"a": 1}}
        result = {"execution_result": {"current_state": {"b": 2}}}
        delta = package.flatten_result(result)
        merged = package.optimize_and_offload(package.merge_logic(base, delta))
        piped = package.universal_sync_core(base, result)
    assert piped["current_state"] == merged["current_state"] == {"a": 1, "b": 2}
    assert piped.keys() - merged.keys() == {"state_revision", "last_update_time", "next_action"}


@pytest.mark.parametrize("value", [None, 0, "text", [1], {"a": [2**70]}, ["x" * 900] * 900])
def test_a_value_stored_is_loaded_as_it_was(value: Any) -> None:
    with fresh(CountingStore()):
        pointer = store_to_s3(value, CONTEXT)
        assert load_from_s3(pointer["__s3_path"]) == value


def test_storing_a_pointer_gives_it_back() -> None:
    with fresh(CountingStore()):
        pointer = store_to_s3({"a": 1}, CONTEXT)
        assert store_to_s3(pointer, CONTEXT) is pointer


def test_a_key_is_that_of_the_values_own_json() -> None:
    with fresh(CountingStore()):
        key = generate_s3_key("text", EXECUTION)
        pointer = store_to_s3("text", CONTEXT)
        assert pointer["__s3_path"] == f"s3://{BUCKET}/{key}"
        assert key.endswith(hashlib.sha256(to_frame(b'"text"')).hexdigest())
        with pytest.raises(InvalidRequestError):
            generate_s3_key("text", "")


def test_the_size_is_what_step_functions_counts() -> None:
    assert calculate_payload_size({"ä": [1, "😀"]}) == len('{"ä":[1,"😀"]}'.encode())


def test_a_hydrator_takes_a_retry_strategy_of_the_callers() -> None:
    class Once(RetryStrategy):
        calls = 0

        def execute(self, func: Any, /, *args: Any, **kwargs: Any) -> Any:
            Once.calls += 1
            return func(*args, **kwargs)

    inner = CountingStore()
    with fresh(inner):
        path = store_to_s3("value", CONTEXT)["__s3_path"]
    with fresh(FlakyStore(inner, fail=1)), pytest.raises(StoreUnavailableError):
        StateHydrator(Once()).load_from_s3(path)
    assert Once.calls == 1
    patient = ExponentialBackoffRetry(max_retries=3, base_delay=0.0)
    with fresh(FlakyStore(inner, fail=3)):
        assert StateHydrator(patient).load_from_s3(path) == "value"


def test_a_hydrator_may_keep_what_it_loaded() -> None:
    store = CountingStore()
    with fresh(store):
        path = store_to_s3("value", CONTEXT)["__s3_path"]
        store.reset()
        keeping = StateHydrator(cache=ByteCache(1_000))
        assert [keeping.load_from_s3(path) for _ in range(3)] == ["value"] * 3
    assert len(store.gets) == 1


def test_usage_counts_what_was_asked_of_the_store() -> None:
    store = CountingStore()
    with fresh(store) as space:
        before = space.usage.snapshot()
        path = store_to_s3("x" * 1_000, CONTEXT)["__s3_path"]
        load_from_s3(path)
        used = space.usage.snapshot().since(before)
    assert (used.requests, used.objects_written, used.retries) == (2, 1, 0)
    assert used.bytes_written == used.bytes_read == len(to_frame(b'"%s"' % (b"x" * 1_000)))


def test_an_object_that_was_there_already_is_not_counted_as_written() -> None:
    store = CountingStore()
    for written in (1, 0):
        with fresh(store) as space:
            store_to_s3("value", CONTEXT)
            assert space.usage.snapshot().objects_written == written


def test_a_workspace_ends_with_its_block() -> None:
    with runtime.use(settings=Settings(bucket="one"), store=CountingStore()) as outer:
        with runtime.use(settings=Settings(bucket="two"), store=CountingStore()) as inner:
            assert runtime.current() is inner
        assert runtime.current() is outer
