"""Bounded parallelism for requests."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from functools import cache
from math import inf
from typing import Any, Final, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_REQUESTS_AT_ONCE: Final = 32


def _pool() -> ThreadPoolExecutor:
    """Return the thread pool of this process; threads start as needed and stay."""
    return _pool_of(os.getpid(), "store")


@cache
def _pool_of(_process: int, name: str) -> ThreadPoolExecutor:
    """Return a thread pool of a process: one that was forked off has no threads of its parent."""
    return ThreadPoolExecutor(MAX_REQUESTS_AT_ONCE, thread_name_prefix=name)


def in_time(func: Callable[[], Result], seconds: float) -> Result:
    """Return the result of `func`, or raise TimeoutError if it takes longer than `seconds`.

    What takes longer goes on in a thread. These threads are others than those of `in_parallel`,
    whose calls may call this function.
    """
    if seconds == inf:
        return func()
    return _pool_of(os.getpid(), "request").submit(func).result(max(0.0, seconds))


class SideBySide:
    """Calls in threads, at most 32 at once; none is left when the block ends.

    At the end of the block, those that have not begun never do, and those that run are awaited.
    """

    def __init__(self) -> None:
        """Begin nothing yet."""
        self._unfinished: set[Future[Any]] = set()

    def begin(self, func: Callable[[Item], Result], items: Sequence[Item]) -> list[Future[Result]]:
        """Begin `func` for all items, and return the results to wait for, in their order.

        `func` must not begin others and wait for them.
        """
        futures = [_pool().submit(func, item) for item in items]
        self._unfinished.update(futures)
        for future in futures:
            future.add_done_callback(self._unfinished.discard)
        return futures

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Cancel what has not begun, and wait for the rest."""
        unfinished = list(self._unfinished)
        for future in unfinished:
            future.cancel()
        wait(unfinished)


def in_parallel(func: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Return the results of `func` for all items, in their order.

    At most 32 run at once; `func` must not call this function. An error cancels the calls that have
    not begun, and is raised when all others have ended: nothing goes on behind the caller's back.
    """
    if len(items) < 2:  # noqa: PLR2004 - a single item needs no thread
        return [func(item) for item in items]
    with SideBySide() as calls:
        futures = calls.begin(func, items)
        wait(futures, return_when=FIRST_EXCEPTION)
    return [future.result() for future in futures if not future.cancelled()]
