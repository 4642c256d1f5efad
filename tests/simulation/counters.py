"""What has happened in the worlds of all seeds."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Counters:
    """Counts of what has happened.

    Attributes:
        faults: by action and kind.
        steps: that were done, by action.
        forms: that were read.
        errors: that came out and were handled.
        attempts: with and without an answer.
        collected: objects that gc has deleted.
        sought: actions and kinds of faults that are made likely to meet.
    """

    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    collected: int = 0
    sought: frozenset[tuple[str, str]] = frozenset()
