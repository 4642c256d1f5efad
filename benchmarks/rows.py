"""Rows of the table: what was measured, and what it is to be."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

# Odd, so that the median is a pair that was measured.
PAIRS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        scenario: what is measured.
        baseline: what a ratio is measured against, in the same run.
        measured: a ratio, or an amount where there is a unit.
        target: what it is to be, or None where it only informs.
        at_least: the baseline by ours, and a large ratio is good; else ours by the baseline.
        unit: of an amount, such as `bytes`, `requests` or `$`; of a ratio it is empty.
        note: what explains the figure.
    """

    scenario: str
    baseline: str = ""
    measured: float
    target: float | None = None
    at_least: bool = False
    unit: str = ""
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether it is what it is to be."""
        if self.target is None:
            return True
        return self.measured >= self.target if self.at_least else self.measured <= self.target

    def amount(self, number: float) -> str:
        """Return a number with the unit of this row."""
        if self.unit == "$":
            return f"${number:.3f}"
        return f"{number:,.0f} {self.unit}" if self.unit else f"{number:.2f}"

    @property
    def target_text(self) -> str:
        """The target as it is printed, or nothing where there is none."""
        sign = ">=" if self.at_least else "<="
        return "" if self.target is None else f"{sign} {self.amount(self.target)}"


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time until the result of `work` is there; giving it up does not count."""
    begun = time.perf_counter()
    result = work()
    taken = time.perf_counter() - begun
    del result
    return taken


def processor_seconds(work: Callable[[], object]) -> float:
    """Return the processor time that `work` takes, in all threads of this process."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def median_of_pairs(
    ours: Callable[[], float], baseline: Callable[[], float], pairs: int = PAIRS
) -> float:
    """Return the median of our time divided by the baseline's, measured in alternation.

    On a machine with other work both halves of a pair meet the same of it, the median leaves out
    the pairs that did not.
    """
    ours(), baseline()  # the first of anything pays for connections and imports
    return statistics.median(ours() / baseline() for _ in range(pairs))
