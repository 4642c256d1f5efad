"""Ratios: how they are measured, and a row of the table for each."""

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
        baseline: what it is measured against, in the same run.
        ratio: the one by the other; which by which, `at_least` says.
        target: what the ratio is to be, or None where it only informs.
        at_least: the baseline by ours, and a large ratio is good; else ours by the baseline.
        note: what explains the ratio.
    """

    scenario: str
    baseline: str
    ratio: float
    target: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the ratio is what it is to be."""
        if self.target is None:
            return True
        return self.ratio >= self.target if self.at_least else self.ratio <= self.target


def seconds(work: Callable[[], object]) -> float:
    """Give the wall time that `work` takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def median_of_pairs(
    ours: Callable[[], float], baseline: Callable[[], float], pairs: int = PAIRS
) -> float:
    """Give the median of ours by the baseline, measured in turns.

    On a machine with other work both halves of a pair meet the same of it, the median leaves out
    the pairs that did not.
    """
    ours(), baseline()  # the first of anything pays for connections and imports
    return statistics.median(ours() / baseline() for _ in range(pairs))
