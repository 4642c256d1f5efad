"""Python's garbage collector of cycles, which looks at each object once while JSON is decoded."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# After this many collections of new objects, the collector looks at older ones.
_NEVER: Final = 2**31 - 1


@contextmanager
def new_objects_only() -> Iterator[None]:
    """Let the collector of cycles look at new objects only, each of them once.

    Decoding makes tens of thousands of dicts and lists, and none of them is part of a cycle. The
    collector would visit all of them again and again, which takes as long as decoding. A single
    visit at the end would take longer than one soon after each is made, while it is in the
    processor's cache.
    """
    new, young, old = gc.get_threshold()
    if young == _NEVER:
        yield
        return
    gc.set_threshold(new, _NEVER, old)
    try:
        yield
    finally:
        gc.set_threshold(new, young, old)
