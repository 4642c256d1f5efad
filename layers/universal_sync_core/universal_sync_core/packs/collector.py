"""Python's garbage collector of cycles, paused while JSON is decoded."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector of cycles, unless it is already off.

    Decoding makes tens of thousands of dicts and lists, and none of them is part of a cycle. The
    collector visits all of them again and again, which takes as long as decoding.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
