"""What a worker may answer: JSON of any kind, generators, values of any size."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from contextvars import ContextVar
from enum import StrEnum
from itertools import pairwise
from typing import Any

import pytest

from tests.core.bags import EXECUTION, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from tests.worker.conftest import DOCUMENTS, HISTORY, STATE
from tests.worker.running import INLINE, Json, numbers, run
from universal_sync_core import (
    State,
    calculate_payload_size,
    state_task,
)
from universal_sync_core.errors import (
    InvalidRequestError,
)
from universal_sync_core.values.pointer import parse


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


@pytest.mark.parametrize("count", [3, 300], ids=["inline", "in pages"])
@pytest.mark.parametrize("tags", [[], ()], ids=["plain", "converted"])
def test_what_is_yielded_counts_as_it_is_at_that_moment(count: int, tags: Json) -> None:
    def worker(_state: State[Any], _context: object) -> Iterator[Json]:
        row: dict[str, Any] = {"text": "x" * 1_000, "inner": {}, "tags": tags}
        for n in range(count):
            row["inner"]["n"] = row["n"] = n
            yield row

    bag = {"execution_id": EXECUTION}
    with fresh(CountingStore()):
        outputs = hydrated(synced(bag, run(worker, bag)))["distributed_outputs"]
    assert [(each["n"], each["inner"]) for each in outputs] == [(n, {"n": n}) for n in range(count)]


@pytest.mark.parametrize("where", ["the result", "a field"])
def test_a_generator_that_also_returns_a_value_is_refused(where: str) -> None:
    def rows(*_: object) -> Any:
        yield 1
        return {"status": "COMPLETE"}

    worker = rows if where == "the result" else lambda *_: {"rows": rows()}
    with fresh(CountingStore()), pytest.raises(InvalidRequestError, match="also returns a value"):
        run(worker, {"execution_id": EXECUTION})
    with fresh(CountingStore()):
        assert run(lambda *_: map(str, rows()), {"execution_id": EXECUTION}) == ["1"]


SPAN: ContextVar[str] = ContextVar("SPAN", default="none")


@pytest.mark.parametrize("last", [3, {1}], ids=["to its end", "refused on the way"])
def test_an_asynchronous_generator_runs_in_one_context_and_is_closed(last: Any) -> None:
    seen = []

    async def worker(*_: object) -> AsyncIterator[Json]:
        token = SPAN.set("open")
        try:
            for item in (1, last, 4):
                yield item
                seen.append(SPAN.get())
        finally:
            await asyncio.sleep(0)
            SPAN.reset(token)
            seen.append("closed")

    with fresh(CountingStore()), suppress(InvalidRequestError):
        run(worker, {"execution_id": EXECUTION})
    assert seen == ["open"] * (3 if last == 3 else 1) + ["closed"]
    assert SPAN.get() == "none"


def test_an_asynchronous_generator_runs_in_one_task() -> None:
    async def worker(*_: object) -> AsyncIterator[Json]:
        task = asyncio.current_task()
        for _number in range(3):
            yield asyncio.current_task() is task

    with fresh(CountingStore()):
        assert run(worker, {"execution_id": EXECUTION}) == [True, True, True]


@pytest.mark.parametrize("waits", [True, False], ids=["in the generator", "between two items"])
def test_a_timeout_around_asynchronous_items_ends_them(*, waits: bool) -> None:
    async def worker(*_: object) -> AsyncIterator[Json]:
        async with asyncio.timeout(None) as timeout:
            yield 1
            timeout.reschedule(0)
            if waits:
                await asyncio.Event().wait()
            yield 2
            yield 3

    with fresh(CountingStore()), pytest.raises(TimeoutError):
        run(worker, {"execution_id": EXECUTION})


def test_asynchronous_iterators_may_be_in_each_other() -> None:
    async def numbered(first: int) -> AsyncIterator[Json]:
        async with asyncio.timeout(60):
            yield first
            await asyncio.sleep(0)
            yield first + 1

    async def worker(*_: object) -> AsyncIterator[Json]:
        yield numbered(1)
        yield numbered(3)

    with fresh(CountingStore()):
        assert run(worker, {"execution_id": EXECUTION}) == [[1, 2], [3, 4]]


def test_an_error_of_an_asynchronous_generator_passes_through() -> None:
    async def worker(*_: object) -> AsyncIterator[Json]:
        yield 1
        raise LookupError("half way")

    with fresh(CountingStore()), pytest.raises(LookupError, match="half way"):
        run(worker, {"execution_id": EXECUTION})


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


async def _async_handler(_state: Any, _context: object) -> Any:
    return {"status": "COMPLETE"}


async def _async_rows(_state: Any, _context: object) -> Any:
    yield {"n": 1}


@pytest.mark.parametrize("worker", [_async_handler, _async_rows])
def test_async_handler_in_a_notebook_is_told_how_to_be_called(worker: Any) -> None:
    handler = state_task(worker)

    async def cell() -> None:
        with pytest.raises(InvalidRequestError, match=r"await asyncio\.to_thread\(handler, event"):
            handler({"state_data": {"execution_id": EXECUTION}}, None)

    asyncio.run(cell())
