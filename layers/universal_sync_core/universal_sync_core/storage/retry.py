"""Retries: how often, how long in between, and for which errors."""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, ParamSpec, TypeVar

from universal_sync_core.errors import (
    ChecksumMismatchError,
    StoreThrottledError,
    StoreUnavailableError,
)

P = ParamSpec("P")
T = TypeVar("T")

# A mismatch may have happened in transit, so it is worth a second read.
RETRYABLE: Final = (StoreThrottledError, StoreUnavailableError, ChecksumMismatchError)
MAX_DELAY_SECONDS: Final = 20.0


def _no_deadline() -> float:
    return float("inf")


class RetryStrategy(ABC):
    """Calls a function until it succeeds or a retry cannot help."""

    @abstractmethod
    def execute(self, func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `func` returns, or raise its last error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentialBackoffRetry(RetryStrategy):
    """Doubles the delay with each retry, with full jitter.

    Attributes:
        max_retries: the most tries after the first.
        base_delay: the longest first delay, in seconds.
        seconds_left: returns the seconds until the caller is cut off; no delay lasts longer.
        on_retry: called before each retry.
    """

    max_retries: int = 3
    base_delay: float = 1.0
    seconds_left: Callable[[], float] = _no_deadline
    on_retry: Callable[[], None] = field(default=lambda: None)
    sleep: Callable[[float], None] = time.sleep
    # From the system, since containers restored from one snapshot share the state of `random`.
    jitter: Callable[[], float] = random.SystemRandom().random

    def execute(self, func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `func` returns, or raise its last error."""
        for attempt in range(self.max_retries):
            try:
                return func(*args, **kwargs)
            except RETRYABLE:
                delay = self.jitter() * min(MAX_DELAY_SECONDS, self.base_delay * 2**attempt)
                if delay >= self.seconds_left():
                    raise
                self.on_retry()
                self.sleep(delay)
        return func(*args, **kwargs)
