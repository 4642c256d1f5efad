"""A clock that moves only when somebody waits, and jumps when it is told to."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from types import ModuleType
from typing import Any, Final

_PRODUCT: Final = {
    "universal_sync_core",
    *("actions", "app", "callbacks", "contract", "executions", "jobs", "measures", "services"),
}


class Clock:
    """Two clocks: one that only goes forward, and the one on the wall, which may be set back.

    Attributes:
        seconds: since the start.
        wall: what time it is said to be.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.wall = datetime(2025, 6, 1, 12, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds)

    def jump(self, seconds: float) -> None:
        """Set the clock on the wall, as a host whose clock is corrected."""
        self.wall += timedelta(seconds=seconds)

    def time(self) -> float:
        """Stand in for `time.time`."""
        return self.wall.timestamp()

    def monotonic(self) -> float:
        """Stand in for `time.monotonic`."""
        return self.seconds


def product_modules() -> list[ModuleType]:
    """Return the modules of the package and of the function that are loaded."""
    return [module for name, module in list(sys.modules.items()) if name.split(".")[0] in _PRODUCT]


@contextmanager
def ticking(clock: Clock) -> Iterator[None]:
    """Let the product live by `clock`: its modules' own `datetime` and `time` are replaced."""

    class Moment(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock.wall.astimezone(tz)

    stand_in: Any = ModuleType("time")
    vars(stand_in).update(vars(time), monotonic=clock.monotonic, sleep=clock.sleep, time=clock.time)
    replaced: dict[int, Any] = {
        id(datetime): Moment,
        id(time): stand_in,
        id(time.monotonic): clock.monotonic,
        id(time.sleep): clock.sleep,
        id(time.time): clock.time,
    }
    before: list[tuple[ModuleType, str, Any]] = []
    for module in product_modules():
        for name, value in list(vars(module).items()):
            if id(value) in replaced:
                before.append((module, name, value))
                setattr(module, name, replaced[id(value)])
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
