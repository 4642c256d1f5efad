"""`@state_task`: what a worker is given, what it may answer, and what becomes of it."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools import Logger, Metrics, Tracer
from hypothesis import given, settings
from hypothesis import strategies as st

from local.played.lambda_context import LambdaContext
from tests.core import oracle
from tests.core.bags import CONTEXT, EXECUTION, TRIES, fresh, hydrated, synced
from tests.core.fakes import CountingStore, FlakyStore
from tests.core.test_lossless import TINY, results
from tests.worker.conftest import DOCUMENTS, HISTORY
from tests.worker.running import Json, event, item_event, numbers, run
from universal_sync_core import (
    State,
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


def test_a_method_is_told_that_only_functions_are_decorated() -> None:
    workers: Any = type("Workers", (), {"method": state_task(lambda *_: {})})()
    with pytest.raises(InvalidRequestError, match="type Workers; decorate a function") as caught:
        workers.method(event({}), None)
    assert "not a method" in str(caught.value)


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
    context = LambdaContext(function_name="f")

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
