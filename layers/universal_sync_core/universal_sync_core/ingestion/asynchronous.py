"""Running coroutines and asynchronous generators although Lambda calls a plain function."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import closing, suppress
from contextvars import copy_context
from threading import local
from typing import TYPE_CHECKING, Any, TypeVar

from universal_sync_core.errors import InvalidRequestError

if TYPE_CHECKING:
    from asyncio import Runner
    from collections.abc import AsyncIterator, Coroutine, Generator

T = TypeVar("T")

_of_thread = local()


def awaited(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine and return its result.

    All coroutines of a thread run on the same event loop, so that a client from one invocation
    still works in the next.

    Raises:
        InvalidRequestError: a loop is already running in this thread, as in a notebook.
    """
    with closing(coroutine):
        return _runner().run(coroutine, context=copy_context())


def drained(items: AsyncIterator[T]) -> Generator[T]:
    """Yield the items of an asynchronous iterator, and close it at the end.

    All its steps run in one task and one context, as in one `async for`: a timeout, a task group or
    a span that it opened before a `yield` goes on after it. It waits while an item is looked at.

    Raises:
        TimeoutError: a timeout of its own ended while it waited.
        InvalidRequestError: a loop is already running in this thread.
    """
    import asyncio  # noqa: PLC0415 - slow to import, and most workers are plain functions

    runner = _runner()
    given: asyncio.Queue[T | _End] = asyncio.Queue()
    turns: asyncio.Queue[None] = asyncio.Queue()

    async def giving() -> None:
        iterator = aiter(items)
        try:
            async for item in iterator:
                given.put_nowait(item)
                await turns.get()
        finally:
            try:
                if isinstance(iterator, AsyncGenerator):
                    await iterator.aclose()
            finally:
                given.put_nowait(_End())

    async def started() -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(giving(), context=copy_context())

    async def ended() -> None:
        with suppress(asyncio.CancelledError):
            await task

    task = runner.run(started(), context=copy_context())
    try:
        while not isinstance(item := runner.run(given.get()), _End):
            yield item
            turns.put_nowait(None)
        if task.cancelled():
            raise TimeoutError("an asynchronous iterator was cancelled between two items")
    finally:
        task.cancel()
        runner.run(ended())


class _End:
    """Follows the last item."""


def _runner() -> Runner:
    import asyncio  # noqa: PLC0415 - slow to import, and most workers are plain functions

    with suppress(RuntimeError):
        asyncio.get_running_loop()
        message = (
            "an event loop already runs in this thread, as in a notebook: call the handler as"
            " `await asyncio.to_thread(handler, event, None)`"
        )
        raise InvalidRequestError(message)
    if not hasattr(_of_thread, "runner"):
        _of_thread.runner = asyncio.Runner()
    runner: Runner = _of_thread.runner
    return runner
