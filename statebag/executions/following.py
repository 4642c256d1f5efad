"""Following an execution while it runs: what has happened since one looked last."""

from collections.abc import Iterator
from dataclasses import dataclass

from statebag.executions.executions import Executions
from statebag.executions.timeline import Course, Step


@dataclass(frozen=True, slots=True)
class Change:
    """A state that was entered, or left where it is over."""

    step: Step
    is_over: bool


class Follower:
    """Knows how far an execution has been read; each look reads only what is new."""

    def __init__(self, executions: Executions, arn: str) -> None:
        """Follow from the beginning."""
        self._executions = executions
        self._arn = arn
        self._course = Course(arn)
        self._seen = 0

    @property
    def open(self) -> list[Step]:
        """The innermost steps that were entered and not left."""
        steps = self._course.open
        around = {id(step.parent) for step in steps}
        return [step for step in steps if id(step) not in around]

    def changes(self) -> Iterator[Change]:
        """Yield what has happened since, oldest first."""
        for event in self._executions.events_after(self._arn, self._seen):
            self._seen = event["id"]
            known = len(self._course.open)
            over = self._course.take(event)
            if over is not None:
                over.let_go()
                yield Change(over, is_over=True)
            elif len(self._course.open) > known:
                yield Change(self._course.open[-1], is_over=False)
