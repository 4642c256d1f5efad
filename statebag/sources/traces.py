"""Stack traces, without what says nothing to whoever looks for a cause."""

import re
from collections.abc import Sequence
from typing import Final

from universal_sync_core import errors

# A recursion without end has a thousand frames.
_FIRST: Final = 10
_LAST: Final = 20
# Frames of this package, and of what is around the handlers of its function.
_OWN: Final = re.compile(r"[/\\](universal_sync_core|aws_lambda_powertools)[/\\]")
_IN_FUNCTION: Final = re.compile(r'app\.py", line \d+, in _handled\b')


def shown_of(error: object, frames: Sequence[str]) -> Sequence[str]:
    """Return the frames of a stack trace that say where to look.

    An error of this package says what it refuses, so only frames of others say more: those of the
    worker. The function has none. Of a long trace it is the beginning and the end.

    Args:
        error: name of the class of the error, as far as it is known.
        frames: a frame each, as a runtime of Lambda writes them.
    """
    if _is_own(error):
        is_function = any(_IN_FUNCTION.search(frame) for frame in frames)
        frames = [] if is_function else [each for each in frames if not _OWN.search(each)]
    left_out = len(frames) - _FIRST - _LAST
    if left_out <= 1:
        return frames
    return [*frames[:_FIRST], f"  ... {left_out:,} more frames ...", *frames[-_LAST:]]


def _is_own(name: object) -> bool:
    """Tell whether an error is one of this package, by the name of its class."""
    kind = getattr(errors, name, None) if isinstance(name, str) else None
    return isinstance(kind, type) and issubclass(kind, errors.StateSyncError)
