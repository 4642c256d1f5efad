"""Running coroutines and asynchronous generators although Lambda calls a plain function."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import suppress
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
    import asyncio  # noqa: PLC0415 - slow to import, and most workers are plain functions

    with suppress(RuntimeError):
        asyncio.get_running_loop()
        coroutine.close()
        message = (
            "an event loop already runs in this thread, as in a notebook: call the handler as"
            " `await asyncio.to_thread(handler, event, None)`"
        )
        raise InvalidRequestError(message)
    return _runner().run(coroutine, context=copy_context())


def drained(items: AsyncIterator[T]) -> Generator[T]:
    """Yield the items of an asynchronous iterator, and close it at the end.

    All its steps run in one context, as in one `async for`: a context variable that it sets before
    a `yield` has that value after it, and a span or token that it opened can be closed.
    """
    context = copy_context()

    async def following() -> T:
        return await anext(items)

    try:
        while True:
            try:
                item = _runner().run(following(), context=context)
            except StopAsyncIteration:
                return
            yield item
    finally:
        if isinstance(items, AsyncGenerator):
            _runner().run(_closed(items), context=context)


async def _closed(items: AsyncGenerator[Any]) -> None:
    await items.aclose()


def _runner() -> Runner:
    import asyncio  # noqa: PLC0415 - slow to import, and most workers are plain functions

    if not hasattr(_of_thread, "runner"):
        _of_thread.runner = asyncio.Runner()
    runner: Runner = _of_thread.runner
    return runner
