"""The progress of the workflow: a live line on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.status import Status

from local.visits import StateVisit

MILESTONES = {
    "InitializeState": "the execution has its first bag",
    "CreatePreSnapshot": "the services are listed; a snapshot before the distributed map",
    "StageItems": "the services are staged for the map's item reader",
    "AggregateDistributed": "every service is described; their results are joined",
    "CreatePostSnapshot": "a snapshot after the distributed map",
    "ForkBranch": "the catalog is merged; the branches start",
    "AggregateBranches": "the branches are joined",
    "MergeCallback": "the person's answer is merged",
    "MergeAsync": "the job's answer is merged",
    "Complete": "the report is written",
}
ITEM_STATE = "StoreItemResult"

_PLAIN_LINE_SECONDS = 10.0


class Progress:
    """Prints milestones, and between them what is going on."""

    def __init__(self, console: Console) -> None:
        """Print to this console; seconds count from now."""
        self._console = console
        self._status = Status("", console=console)
        self._started = self._told = time.monotonic()
        self._reached: set[str] = set()
        self._visits = 0
        self._items = 0

    def __enter__(self) -> Self:
        """Start the live line."""
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the live line."""
        self._status.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to somebody else for a while."""
        self._status.stop()
        yield
        self._start()

    def _start(self) -> None:
        if self._console.is_terminal:
            self._status.start()

    def say(self, text: str) -> None:
        """Print a milestone."""
        self._told = time.monotonic()
        seconds = self._told - self._started
        line = f"{seconds:6.1f} s  {text}"
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def follow(self, visits: Sequence[StateVisit]) -> None:
        """Print what the visits since the last call mean."""
        for visit in visits[self._visits :]:
            self._items += visit.state == ITEM_STATE
            if visit.state in MILESTONES and visit.state not in self._reached:
                self._reached.add(visit.state)
                self.say(MILESTONES[visit.state])
        self._visits = len(visits)
        self._go_on(f"{self._visits} states visited, {self._items} services described")

    def _go_on(self, text: str) -> None:
        self._status.update(text)
        if not self._console.is_terminal and time.monotonic() - self._told > _PLAIN_LINE_SECONDS:
            self.say(text)
