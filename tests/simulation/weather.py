"""What may go wrong with a request, drawn for each attempt of an action.

A fault strikes before the effect, after it, or in the middle of it; a kill ends the container.
"""

import zlib
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal, TypeAlias

from tests.simulation.clock import Clock

Operation: TypeAlias = Literal["put", "get", "head", "call"]

BEFORE, AFTER, THROTTLE, CONFLICT = "before", "after", "throttle", "conflict"
MID, FLIP, SHORT, MISSING = "mid", "flip", "short", "missing"
DENIED, SLOW, KILL, KILL_AFTER = "denied", "slow", "kill", "kill_after"
KINDS: Final = (
    BEFORE,
    AFTER,
    THROTTLE,
    CONFLICT,
    MID,
    FLIP,
    SHORT,
    MISSING,
    DENIED,
    SLOW,
    KILL,
    KILL_AFTER,
)
_ANY: Final[tuple[Operation, ...]] = ("put", "get", "head", "call")
_CAN_HIT: Final[dict[str, tuple[Operation, ...]]] = {
    BEFORE: _ANY,
    AFTER: ("put", "get", "call"),
    THROTTLE: _ANY,
    CONFLICT: ("put",),
    MID: ("get",),
    FLIP: ("get",),
    SHORT: ("get",),
    MISSING: ("get", "head"),
    DENIED: _ANY,
    SLOW: _ANY,
}
# What each action asks: `p` creates objects, `g` reads them, `c` calls another service.
_ASKS: Final = {
    "aggregate_branches": "gp",
    "aggregate_distributed": "gp",
    "at once": "gp",
    "complete_branch": "p",
    "create_snapshot": "gp",
    "daily deletion": "gp",
    "fork_branch": "gp",
    "hand_over": "p",
    "hydrate": "g",
    "hydrate (document)": "g",
    "init": "gp",
    "job_ended": "gpc",
    "large_payloads": "gp",
    "merge_async": "gp",
    "merge_callback": "gp",
    "offload": "gp",
    "old events again": "gp",
    "open_bag": "gp",
    "record_end": "pc",
    "record_failure": "p",
    "request_callback": "pc",
    "restore_snapshot": "g",
    "run_segment": "g",
    "stage_items": "gp",
    "store_result": "p",
    "submit_callback": "pc",
    "sync": "gp",
    "sync_branch": "gp",
    "update_and_compress": "gp",
    "worker(sync=False)": "gp",
    "worker(sync=True)": "gp",
}
# What an action may fail with, by what has hit it.
_RAISES: Final = {
    BEFORE: ("StoreUnavailableError",),
    AFTER: ("StoreUnavailableError",),
    THROTTLE: ("StoreThrottledError",),
    CONFLICT: ("StoreUnavailableError",),
    MID: ("StoreUnavailableError",),
    FLIP: ("ChecksumMismatchError",),
    SHORT: ("ChecksumMismatchError",),
    MISSING: ("MissingObjectError",),
    DENIED: ("StoreAccessDeniedError",),
}
RETRYABLE: Final = ("StoreUnavailableError", "StoreThrottledError")

Climate: TypeAlias = dict[str, float]
CLIMATES: Final[dict[str, Climate]] = {
    "calm": {},
    "flaky": dict.fromkeys((BEFORE, AFTER, THROTTLE, CONFLICT, MID, FLIP, SHORT, SLOW), 0.03),
    "storm": dict.fromkeys((BEFORE, AFTER, THROTTLE, CONFLICT, MID, FLIP), 0.09) | {SLOW: 0.05},
    "lost answers": {AFTER: 0.6, CONFLICT: 0.1},
    "dead": {BEFORE: 1.0},
    "throttled": {THROTTLE: 0.7},
    "rotten reads": {MID: 0.25, FLIP: 0.3, SHORT: 0.2},
    "stale reads": {MISSING: 0.4},
    "denied": {DENIED: 0.5},
    "slow": {SLOW: 0.5, BEFORE: 0.1},
    "partial": {},
    "brownout": {},
}
# Of one kind alone, where that kind is sought.
_SOUGHT: Final = 0.5
_LIKELY: Final = {"calm": 6, "flaky": 4, "partial": 3, "brownout": 3}
_KILL_SHARE: Final = 0.15


def can_hit() -> list[tuple[str, str]]:
    """Return the kinds of faults that can hit each action, as (action, kind)."""
    letters = {"p": "put", "g": "get", "c": "call"}
    return [
        (action, kind)
        for action, asks in _ASKS.items()
        for kind, operations in {**_CAN_HIT, KILL: _ANY, KILL_AFTER: ("put",)}.items()
        if any(letters[each] in operations for each in asks)
    ]


class KilledError(BaseException):
    """The container is gone; nothing in it goes on."""


@dataclass(kw_only=True)
class Weather:
    """The weather of one attempt.

    Attributes:
        action: that is attempted, for the table.
        draw: decides.
        clock: that passes while a request is slow.
        climate: the name of what is likely.
        hits: what has hit the attempt.
        table: what has hit all attempts, by action.
        kill_at: the request in which the container is killed.
        deadline: seconds of the clock at which Lambda ends the container.
    """

    action: str
    draw: Random
    clock: Clock
    climate: str = "calm"
    hits: Counter[str] = field(default_factory=Counter)
    table: Counter[tuple[str, str]] = field(default_factory=Counter)
    kill_at: int | None = None
    deadline: float = float("inf")
    requests: int = 0
    dead: bool = False
    share: float = 0.5
    until: float = 0.0

    @classmethod
    def drawn(
        cls,
        action: str,
        draw: Random,
        clock: Clock,
        table: Counter[tuple[str, str]],
        sought: Collection[str] = (),
    ) -> "Weather":
        """Return the weather of an attempt, which may be any.

        Args:
            action: that is attempted.
            draw: decides.
            clock: that passes.
            table: to count in.
            sought: kinds of which one is made likely.
        """
        climates = tuple(CLIMATES)
        climate = draw.choices(climates, [_LIKELY.get(name, 1) for name in climates])[0]
        weather = cls(action=action, draw=draw, clock=clock, climate=climate, table=table)
        weather.share = draw.uniform(0.3, 0.7)
        weather.until = clock.seconds + draw.uniform(1, 20)
        if draw.random() < _KILL_SHARE:
            weather.kill_at = draw.choice((1, 1, 2, 2, 3, 4, 5, 6, 8, 12, 20))
        if sought:
            weather._seek(draw.choice(sorted(sought)))
        return weather

    def _seek(self, kind: str) -> None:
        if kind in (KILL, KILL_AFTER):
            self.climate, self.kill_at = "calm", self.draw.choice((1, 2, 3))
        else:
            self.climate, self.kill_at = kind, None

    def fault(self, operation: Operation, key: str) -> str | None:
        """Return what befalls a request, or None; raises where the container is gone."""
        self.requests += 1
        if self.dead or self.clock.seconds > self.deadline:
            self.die()
        if self.requests == self.kill_at:
            if operation == "put" and self.draw.random() < 0.5:
                return self._note(KILL_AFTER)
            self._note(KILL)
            self.die()
        kind = self._kind(operation, key)
        if kind == SLOW:
            self.clock.sleep(self.draw.uniform(0.5, 8))
        return None if kind is None else self._note(kind)

    def die(self) -> None:
        """End the container; every further request in it ends the same way."""
        self.dead = True
        raise KilledError

    def may_raise(self) -> set[str]:
        """Return the names of the errors that what has hit the attempt allows."""
        return {name for kind in self.hits for name in _RAISES.get(kind, ())}

    def _kind(self, operation: Operation, key: str) -> str | None:
        if self.climate == "partial":
            # Some keys cannot be reached throughout, the others can.
            is_ill = zlib.crc32(key.encode()) % 100 < 100 * self.share
            return BEFORE if is_ill and operation in ("put", "call") else None
        if self.climate == "brownout":
            is_ill = self.clock.seconds < self.until and operation == "put"
            return THROTTLE if is_ill and self.draw.random() < self.share else None
        for kind, likely in CLIMATES.get(self.climate, {self.climate: _SOUGHT}).items():
            if operation in _CAN_HIT[kind] and self.draw.random() < likely:
                return kind if _is_fair(kind, key) else None
        return None

    def _note(self, kind: str) -> str:
        self.hits[kind] += 1
        self.table[self.action, kind] += 1
        return kind


def _is_fair(kind: str, key: str) -> bool:
    """Tell whether a fault can be noticed: only state objects carry their digest in their name.

    An object about a callback or a job, or the mark of an execution, that is said not to be there
    counts as none, which no store says that has it.
    """
    if kind in (FLIP, SHORT):
        return "/packs/" in key
    unnoticed = ("/callbacks/", "/executions/", "jobs/")
    return kind != MISSING or not any(folder in key for folder in unnoticed)
