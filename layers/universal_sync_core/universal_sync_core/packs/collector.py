"""Python's collector of cycles, paused while JSON is decoded."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector of cycles, unless it is off already.

    Decoding makes maps and lists by the ten thousand, and none of them is part of a cycle. The
    collector looks at all of them again and again, which takes as long as decoding itself.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
