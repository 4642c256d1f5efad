"""A merge and what comes of it: one row for each rule."""

from dataclasses import dataclass, field
from typing import Any

OLD, NEW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


@dataclass(frozen=True, kw_only=True)
class Merge:
    """One merge.

    Attributes:
        rule: what it shows.
        base: the bag.
        delta: what comes in.
        merged: the bag after.
        strategies: the context's `merge_strategy`.
    """

    rule: str
    base: dict[str, Any]
    delta: dict[str, Any]
    merged: dict[str, Any]
    strategies: dict[str, Any] = field(default_factory=dict)


def state(base: Any, delta: Any, merged: Any, rule: str, **strategies: Any) -> Merge:
    return Merge(
        rule=rule,
        base={"current_state": base},
        delta={"current_state": delta},
        merged={"current_state": merged},
        strategies=strategies,
    )


def history(base: Any, delta: Any, merged: Any, rule: str) -> Merge:
    return Merge(
        rule=rule,
        base={"state_history": base},
        delta={"state_history": delta},
        merged={"state_history": merged},
    )


def tags(strategy: Any, base: Any, delta: Any, merged: Any, rule: str) -> Merge:
    return Merge(
        rule=rule,
        base={"tags": base},
        delta={"tags": delta},
        merged={"tags": merged},
        strategies={"tags": strategy},
    )


BY_ID = {"strategy": "merge_by_key", "key": "id"}
NOTHING: list[Any] = [None, "", [], {}]
