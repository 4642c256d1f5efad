"""A cloud that stays up until somebody interrupts it, and says how to use it."""

import signal
import time
from collections.abc import Callable, Iterable
from types import FrameType
from typing import TypeAlias

from ..cloud import LocalCloud

Say: TypeAlias = Callable[[str], None]

_SECONDS_BETWEEN_LOOKS = 0.5


def end_when_interrupted() -> None:
    """Raise KeyboardInterrupt at each signal that asks this process to end.

    A shell starts what runs in its background with SIGINT ignored.
    """
    for sent in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sent, _interrupt)


def tell(cloud: LocalCloud, say: Say, more: Iterable[str] = ()) -> None:
    """Tell how the cloud is reached, and what is on it.

    Args:
        cloud: a running one.
        say: prints a line.
        more: lines to add.
    """
    say("\nThe stack is up. For the AWS CLI, an SDK or statebag:\n")
    for name, value in cloud.environment.items():
        say(f"  export {name}={value}")
    say("\nIts outputs:\n")
    for name, value in cloud.outputs.items():
        say(f"  {name}: {value}")
    for line in more:
        say(line)
    say(f"\nLog files are in {cloud.logs_dir}. Ctrl-C stops it.")


def stay(looks: Iterable[Callable[[], None]] = ()) -> None:
    """Do nothing but look at what may change, until KeyboardInterrupt is raised."""
    every = list(looks)
    # Not signal.pause(): it would sleep through a signal that came just before it.
    while True:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
        for look in every:
            look()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
