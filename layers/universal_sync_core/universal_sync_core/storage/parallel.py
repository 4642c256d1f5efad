"""Bounded parallelism for requests."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import cache
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_REQUESTS_AT_ONCE: Final = 32


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads of this process; they start as they are needed and stay."""
    return ThreadPoolExecutor(MAX_REQUESTS_AT_ONCE, thread_name_prefix="store")


def in_parallel(func: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Return `func` of each item, in the order of the items.

    At most 32 run at once; `func` must not call this function. The first error cancels what has
    not begun and is raised.
    """
    if len(items) < 2:  # noqa: PLR2004 - one needs no thread
        return [func(item) for item in items]
    futures = [_pool().submit(func, item) for item in items]
    done, waiting = wait(futures, return_when=FIRST_EXCEPTION)
    for future in waiting:
        future.cancel()
    for future in futures:
        if future in done:
            future.result()  # raises the first error there is
    return [future.result() for future in futures]
