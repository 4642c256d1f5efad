"""Coroutines and asynchronous generators where Lambda calls a plain function."""

from __future__ import annotations

from contextvars import copy_context
from threading import local
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from asyncio import Runner
    from collections.abc import AsyncIterator, Coroutine, Iterator

T = TypeVar("T")

_of_thread = local()


def awaited(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns.

    Every one of a thread runs on the same event loop, so that a client that was made in one
    invocation still works in the next.

    Raises:
        RuntimeError: a loop runs in this thread already: await the coroutine there.
    """
    return _runner().run(coroutine, context=copy_context())


def drained(items: AsyncIterator[T]) -> Iterator[T]:
    """Yield what an asynchronous iterator yields."""

    async def following() -> T:
        return await anext(items)

    while True:
        try:
            item = awaited(following())
        except StopAsyncIteration:
            return
        yield item


def _runner() -> Runner:
    import asyncio  # noqa: PLC0415 - slow to import, and most workers are plain functions

    if not hasattr(_of_thread, "runner"):
        _of_thread.runner = asyncio.Runner()
    runner: Runner = _of_thread.runner
    return runner
