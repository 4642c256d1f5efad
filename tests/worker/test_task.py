"""`@state_task`: what a worker is given, what it may answer, and what becomes of it."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from enum import StrEnum
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools import Logger, Metrics, Tracer
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core import oracle
from tests.core.bags import CONTEXT, EXECUTION, TRIES, fresh, hydrated, synced
from tests.core.fakes import CountingStore, FlakyStore
from tests.core.test_lossless import TINY, results
from tests.worker.conftest import DOCUMENTS, HISTORY, STATE
from universal_sync_core import (
    State,
    calculate_payload_size,
    fork_branch,
    hydrate_state,
    offload_result,
    plain,
    state_task,
    universal_sync_core,
)
from universal_sync_core.errors import (
    InvalidRequestError,
    PointerNotAllowedError,
    StoreUnavailableError,
)
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.pointer import parse

INLINE = 60 * 1024
Json = Any


def event(bag: Json, **fields: Any) -> Json:
    return {"action": "run_segment", "state_data": bag, **fields}


def item_event(item: Json) -> Json:
    return {"action": "run_segment", "execution_id": EXECUTION, "item": item, "index": 7}


def run(worker: Any, bag: Json, **options: Any) -> Json:
    return state_task(**options)(worker)(event(bag), None)


def test_a_worker_reads_plain_values_and_returns_them(
    store: CountingStore, bag: dict[str, Any]
) -> None:
    @state_task(needs=["current_state.documents", "state_history[-20:]"])
    def handler(state: State[Any], context: object) -> Json:
        assert context == "the context"
        documents, recent = state["current_state"]["documents"], state["state_history"]
        assert (documents, recent) == (DOCUMENTS, HISTORY[-20:])
        return {"status": "CONTINUE", "current_state": {"count": len(documents)}}

    with fresh(store):
        answer = handler(event(bag), "the context")
    assert answer == {"status": "CONTINUE", "current_state": {"count": 90}}


def test_the_decorator_needs_no_options(store: CountingStore, bag: dict[str, Any]) -> None:
    @state_task
    def handler(state: State[Any], _context: object) -> Json:
        """Say what it does."""
        return {"title": state["current_state"]["documents"][4]["title"]}

    with fresh(store):
        assert handler(event(bag), None) == {"title": "document 4"}
        assert handler(event({"state_data": {"state_data": bag}}), None)["title"] == "document 4"
    assert handler.__name__ == "handler"
    assert handler.__doc__ == "Say what it does."
    assert not inspect.iscoroutinefunction(handler)


@pytest.mark.parametrize("size", [0, INLINE, INLINE + 1, 300_000])
def test_a_result_is_inline_up_to_sixty_kilobytes_and_a_pointer_beyond(size: int) -> None:
    result = {"t": "x" * (size - len('{"t":""}'))}
    with fresh(CountingStore()):
        answer = run(lambda *_: result, {"execution_id": EXECUTION})
        assert calculate_payload_size(answer) <= INLINE
        assert (parse(answer) is None) == (size <= INLINE)
        bag = synced({"execution_id": EXECUTION}, answer)
        assert hydrated(bag)["t"] == result["t"]


def test_a_result_of_thirty_megabytes_is_stored_once() -> None:
    rows = [{"n": n, "text": f"{n:06} " * 1_000} for n in range(4_300)]
    store = CountingStore()
    with fresh(store):
        answer = run(lambda *_: {"current_state": {"rows": rows}}, {"execution_id": EXECUTION})
        assert calculate_payload_size(rows) > 30_000_000
        assert calculate_payload_size(answer) < 1_000
        stored = store.bytes_put
        bag = synced({"execution_id": EXECUTION}, answer)
        assert store.bytes_put - stored < 100_000
        assert hydrated(bag)["current_state"]["rows"] == rows


@pytest.mark.parametrize("value", [2**70, "\ud800"])
def test_what_a_json_library_on_the_way_might_alter_leaves_for_s3(value: Json) -> None:
    with fresh(CountingStore()):
        answer = run(lambda *_: {"current_state": {"v": value}}, {"execution_id": EXECUTION})
        assert parse(answer) is not None
        bag = synced({"execution_id": EXECUTION}, answer)
        assert hydrated(bag)["current_state"]["v"] == value


def test_parts_of_the_state_pass_through_a_result_unread(
    store: CountingStore, bag: dict[str, Any]
) -> None:
    def worker(state: State[Any], _context: object) -> Json:
        current = state["current_state"]
        return {
            "current_state": {
                "copy": current["documents"],
                "some": current["documents"][2:4],
                "order": current["order"],
                "odd": current["odd"],
                "history": state["state_history"][-2:],
            }
        }

    with fresh(store) as space:
        answer = run(worker, bag)
        assert space.usage.snapshot().bytes_read < 200_000
        merged = hydrated(synced(bag, answer))["current_state"]
    assert merged == STATE | {
        "copy": DOCUMENTS,
        "some": DOCUMENTS[2:4],
        "order": STATE["order"],
        "history": HISTORY[-2:],
    }


class Colour(StrEnum):
    RED = "red"


class Kept(dict[str, Any]):
    pass


def test_what_the_runtime_would_have_made_json_of_is_json(store: CountingStore) -> None:
    result = {"pair": (1, (2,)), "colour": Colour.RED, "kept": Kept(a=1), "flag": True}
    with fresh(store):
        answer = run(lambda *_: result, {"execution_id": EXECUTION})
    assert answer == {"pair": [1, [2]], "colour": "red", "kept": {"a": 1}, "flag": True}
    assert type(answer["colour"]) is str


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", float("nan"), {1: 2}])
def test_what_is_no_json_is_refused_by_its_place(value: Json) -> None:
    with fresh(CountingStore()), pytest.raises(InvalidRequestError, match=r"result\.a\[0\]"):
        run(lambda *_: {"a": [value]}, {"execution_id": EXECUTION})


def numbers(count: int) -> Iterator[Json]:
    return ({"n": n, "text": "x" * 1_000} for n in range(count))


@pytest.mark.parametrize("count", [0, 3, 70, 20_000])
@pytest.mark.parametrize("sync", [False, True])
def test_a_generator_is_a_list_result(count: int, *, sync: bool) -> None:
    def worker(_state: State[Any], _context: object) -> Iterator[Json]:
        yield from numbers(count)

    bag = {"execution_id": EXECUTION}
    with fresh(CountingStore()):
        answer = run(worker, bag, sync=sync)
        after = answer["state_data"] if sync else synced(bag, answer)
        assert after["chunk_count"] == count
        assert hydrated(after)["distributed_outputs"] == list(numbers(count))


def test_a_long_generator_is_stored_once_and_never_held_whole() -> None:
    store = CountingStore()
    given_at_puts: list[int] = []

    def worker(_state: State[Any], _context: object) -> Iterator[Json]:
        for n, each in enumerate(numbers(30_000)):
            if len(store.puts) >= len(given_at_puts):
                given_at_puts.append(n)
            yield each

    with fresh(store):
        answer = run(worker, {"execution_id": EXECUTION}, sync=True)
        assert hydrated(answer["state_data"])["distributed_outputs"][-1]["n"] == 29_999
    held = [after - before for before, after in pairwise([*given_at_puts, 30_000])]
    assert 1_000 * max(held) < 10_000_000
    assert store.bytes_put < 1.05 * 30_000 * 1_025


def test_an_iterator_in_a_result_is_a_list(store: CountingStore) -> None:
    bag = {"execution_id": EXECUTION}
    with fresh(store):
        few, many = run(
            lambda *_: {"current_state": {"few": numbers(3), "many": {"rows": numbers(500)}}}, bag
        )["current_state"].values()
        assert few == list(numbers(3))
        assert parse(many["rows"]) is not None
        assert hydrated(synced(bag, {"m": many}))["m"]["rows"] == list(numbers(500))


def test_elements_of_a_generator_may_look_like_forms_of_ours(store: CountingStore) -> None:
    odd = {"__s3_offloaded": True, "text": "x" * 90_000}
    bag = {"execution_id": EXECUTION}
    with fresh(store):
        answer = run(lambda *_: {"rows": iter([odd, odd])}, bag)
        assert hydrated(synced(bag, answer))["rows"] == [odd, odd]


class OfTheUserError(Exception):
    pass


@pytest.mark.parametrize("sync", [False, True])
def test_errors_of_the_worker_pass_through_as_they_are(*, sync: bool) -> None:
    raised = OfTheUserError("of the user's")
    store = CountingStore()

    def at_once(*_: object) -> Json:
        raise raised

    def later(*_: object) -> Iterator[Json]:
        yield from numbers(100)
        raise raised

    async def awaiting(*_: object) -> Json:
        await asyncio.sleep(0)
        raise raised

    for worker in (at_once, later, awaiting):
        with fresh(store), pytest.raises(OfTheUserError) as caught:
            run(worker, {"execution_id": EXECUTION}, sync=sync)
        assert caught.value is raised
        assert (raised.__cause__, raised.__context__) == (None, None)
    assert not store.puts


def test_coroutines_and_asynchronous_generators_are_run(
    store: CountingStore, bag: dict[str, Any]
) -> None:
    loops = []

    @state_task(needs=["current_state.documents"], eager=True)
    async def coroutine(state: State[Any], _context: object) -> Json:
        loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return {"count": len(state["current_state"]["documents"])}

    @state_task
    async def generator(_state: State[Any], _context: object) -> AsyncIterator[Json]:
        for each in numbers(2_000):
            await asyncio.sleep(0)
            yield each

    with fresh(store):
        assert [coroutine(event(bag), None) for _ in range(2)] == [{"count": 90}] * 2
        assert hydrated(synced(bag, generator(event(bag), None)))["chunk_count"] == 2_000
    assert loops[0] is loops[1], "a client of one invocation works in the next"


def test_an_item_is_plain_whatever_it_looks_like(store: CountingStore) -> None:
    item = {"service": "s3", "__s3_offloaded": True, "rows": [{"a": 1}]}

    @state_task(needs=["current_state.documents"])
    def handler(state: State[Any], _context: object) -> Json:
        assert (state.kind, state["index"], state["execution_id"]) == ("item", 7, EXECUTION)
        assert type(state["item"]["rows"]) is list
        return {"described": state["item"]}

    with fresh(store):
        assert handler(item_event(item), None) == {"described": item}


@pytest.mark.parametrize("sync", [False, True])
def test_the_result_of_an_item_is_no_bag(store: CountingStore, *, sync: bool) -> None:
    with fresh(store):
        handler = state_task(sync=sync)(lambda state, _: {"big": state["item"] * 90_000})
        answer = handler(item_event("x"), None)
        assert parse(answer) is not None
        assert hydrate_state({"r": answer}, context=CONTEXT)["r"] == {"big": "x" * 90_000}


def test_a_branch_is_told_apart_and_has_its_branch(bag: dict[str, Any]) -> None:
    store = CountingStore()
    with fresh(store):
        forked = fork_branch(
            {"execution_id": EXECUTION}, {"branch_id": "left", "total_segments": 2}
        )
        handler = state_task(needs=[], sync=True)(
            lambda state, _: {"current_state": {state["branch"]["branch_id"]: state.kind}}
        )
        after = handler(event(forked), None)["state_data"]
    assert after["current_state"] == {"left": "branch"}
    assert (after["segment_to_run"], after["loop_counter"]) == (1, 1)
    assert bag["execution_id"] == EXECUTION


def test_syncing_answers_the_bag_that_the_sync_action_would(
    store: CountingStore, bag: dict[str, Any]
) -> None:
    result = {"current_state": {"tags": ["a"], "approved": False}, "state_history": [{"n": 300}]}
    options: dict[str, Any] = {
        "merge_strategy": {"current_state.tags": "append"},
        "keep_inline": ["approved"],
    }
    with fresh(store):
        expected = synced(bag, result, CONTEXT | {"action": "sync"} | options)
        answer = state_task(sync=True, **options)(lambda *_: result)(event(bag), None)
        of_event = {"merge_strategy": {"current_state.tags": "nonsense"}}
        with pytest.raises(InvalidRequestError, match="unknown merge strategy"):
            state_task(sync=True, **options)(lambda *_: result)(event(bag, **of_event), None)
    after = answer.pop("state_data")
    assert not answer
    assert oracle.same(after | {"last_update_time": None}, expected | {"last_update_time": None})


@settings(max_examples=100, deadline=None)
@given(st.lists(results, max_size=4), results)
def test_syncing_is_running_and_then_syncing(sequence: list[Json], result: Json) -> None:
    with runtime.use(settings=TINY, store=MemoryStore()):
        bag: dict[str, Any] = {"execution_id": EXECUTION}
        for each in sequence:
            bag = universal_sync_core(bag, each, CONTEXT)

        def worker(state: State[Any], _context: object) -> Json:
            return {"current_state": {"seen": state, "result": result}}

        answers = [state_task(sync=sync)(worker)(event(bag), None) for sync in (False, True)]
        merged = universal_sync_core(bag, answers[0], {"action": "sync"})
        two = [hydrate_state(each) for each in (merged, answers[1]["state_data"])]
        for each in two:
            del each["last_update_time"]
            each.pop("payload_size_kb")
        assert oracle.same(*two)
        assert oracle.same(two[0]["current_state"]["seen"], hydrate_state(bag))


def test_a_worker_that_syncs_answers_the_result_where_that_is_awaited(
    store: CountingStore, bag: dict[str, Any]
) -> None:
    handler = state_task(sync=True)(lambda *_: {"a": 1})
    with fresh(store):
        assert handler(event(bag, sync=False), None) == {"a": 1}
        for awaited in (event(bag), event(bag, sync=True)):
            assert handler(awaited, None)["state_data"]["a"] == 1


def test_retries_end_with_the_invocation(bag: dict[str, Any]) -> None:
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 1_000)
    down = FlakyStore(fail=float("inf"))
    with fresh(down) as space, pytest.raises(StoreUnavailableError):
        state_task(lambda state, _: state.read("current_state.documents"))(event(bag), context)
    assert space.usage.snapshot().retries < TRIES - 1
    assert space.seconds_left() == float("inf")


@pytest.mark.parametrize("given", [None, [], {}, {"state_data": None}, {"state_data": []}])
def test_an_event_without_bag_or_item_is_refused(given: Json) -> None:
    with fresh(CountingStore()), pytest.raises(InvalidRequestError, match="the event must"):
        state_task(lambda *_: None)(given, None)


@pytest.mark.parametrize(
    "options",
    [{"needs": ["a..b"]}, {"needs": ["a[:2]", "a[0]"]}, {"eager": True}, {"model": dict, "at": ""}],
)
def test_options_that_cannot_be_used_are_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        state_task(**options)


def test_a_pointer_that_leads_elsewhere_is_no_result(bag: dict[str, Any]) -> None:
    with fresh(CountingStore()):
        elsewhere = offload_result("x" * 90_000, {"execution_id": "another"})
        with pytest.raises(PointerNotAllowedError):
            run(lambda *_: {"a": [elsewhere] * 900}, bag)


def test_the_decorators_of_powertools_stand_on_either_side(
    store: CountingStore, bag: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "worker")
    logger = Logger(service="worker")
    metrics = Metrics(namespace="Worker")
    tracer = Tracer(service="worker", disabled=True)
    context = SimpleNamespace(
        function_name="f",
        memory_limit_in_mb=1,
        invoked_function_arn="arn",
        aws_request_id="1",
        get_remaining_time_in_millis=lambda: 60_000,
    )

    @logger.inject_lambda_context(correlation_id_path="state_data.execution_id")
    @tracer.capture_lambda_handler
    @state_task
    def inside(state: State[Any], context: Any) -> Json:
        return {
            "title": state["current_state"]["documents"][1]["title"],
            "f": context.function_name,
        }

    @state_task
    @metrics.log_metrics
    @logger.inject_lambda_context
    def outside(state: State[Any], context: Any) -> Json:
        metrics.add_metric("Documents", "Count", len(state["current_state"]["documents"]))
        return {
            "title": state["current_state"]["documents"][1]["title"],
            "f": context.function_name,
        }

    with fresh(store):
        for handler in (inside, outside):
            assert handler(event(bag), context) == {"title": "document 1", "f": "f"}
    assert logger.get_correlation_id() == EXECUTION


def test_a_worker_can_be_tested_by_itself() -> None:
    @state_task
    def handler(state: Any, _context: object) -> Json:
        return {"doubled": state["number"] * 2}

    worker: Any = handler
    assert worker.__wrapped__({"number": 4}, None) == {"doubled": 8}
    assert plain({"a": [1]}) == {"a": [1]}
