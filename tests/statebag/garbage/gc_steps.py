"""What happens in a world of workflows and gc, drawn from a seed.

A step names what it is about by numbers, which are taken modulo what there is, so that any part of
a list can be run by itself: that is how a failing one is shrunk.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.statebag.garbage.gc_executions import CONTAINERS
from tests.statebag.garbage.gc_workflows import VALUES


@dataclass(frozen=True)
class Step:
    """Something that happens: its name, the numbers it is about, and what happens during it."""

    name: str
    numbers: tuple[int, ...]
    meanwhile: tuple[tuple[str, "Step"], ...] = ()


# How many numbers each step takes, and how often it happens.
_STEPS: Final = {
    "start": (1, 6),
    "sync": (4, 20),
    "time_out": (4, 8),
    "snapshot": (2, 3),
    "borrow": (3, 3),
    "lend": (1, 3),
    "fork": (2, 3),
    "branch": (4, 5),
    "join": (2, 4),
    "map": (2, 4),
    "item": (3, 6),
    "join_map": (2, 3),
    "callback": (3, 1),
    "fail": (2, 6),
    "abort": (1, 4),
    "succeed": (1, 4),
    "redrive": (1, 4),
    "resume": (3, 8),
    "restore": (3, 4),
    "continue": (2, 3),
}
_MOMENTS: Final = ("listed", "looked", "asked", "deleting", "deleted")


# The newest of what there is.
_LAST: Final = -1


def steps_of(seed: int, count: int = 60) -> list[Step]:
    """Return what happens in the world of a seed."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    steps = [Step("start", (0,))]
    if chance.random() < 0.2:
        steps += _loan(chance)
    while len(steps) < count:
        drawn = chance.random()
        if drawn < 0.1:
            steps.append(Step("advance", (chance.choice((1, 3, 8, 15, 20, 40, 100)),)))
        elif drawn < 0.18:
            steps.append(_collection(chance))
        elif drawn < 0.22:
            steps += _comeback(chance)
        else:
            steps.append(_drawn(chance))
    return steps


def _loan(chance: random.Random) -> list[Step]:
    """Return the story of a workflow that is over, while an execution elsewhere reads of it."""
    return [
        Step("sync", (_LAST, 0, 1, 0)),
        Step("lend", (_LAST,)),
        Step("succeed", (0,)),
        Step("advance", (20,)),
        _collection(chance),
    ]


def _comeback(chance: random.Random) -> list[Step]:
    """Return the story of a workflow that fails, is long forgotten, and goes on."""
    container, value = chance.randrange(CONTAINERS), chance.randrange(len(VALUES))
    return [
        Step("start", (chance.randrange(2),)),
        *(_drawn(chance) for _ in range(chance.randrange(2))),
        Step("sync", (_LAST, 0, value + 1, container)),
        Step(chance.choice(("time_out", "sync")), (_LAST, 0, value, container)),
        Step("sync", (_LAST, 0, value + 2, container)),
        Step("fail", (_LAST, container)),
        Step("advance", (chance.choice((15, 20, 40)),)),
        _collection(chance),
        Step("resume", (_LAST, chance.randrange(2), container)),
        Step("sync", (_LAST, 0, value, container)),
    ]


def _collection(chance: random.Random) -> Step:
    """Return a run of gc, with what happens at some moments of it."""
    during = [(chance.choice(_MOMENTS), _drawn(chance)) for _ in range(chance.randrange(4))]
    if chance.random() < 0.5:  # somebody goes on with an old workflow just then
        moment, container = chance.choice(_MOMENTS), chance.randrange(CONTAINERS)
        during.append((moment, Step("resume", (_LAST, chance.randrange(2), container))))
        for _ in range(2):
            value = chance.randrange(len(VALUES))
            during.append((moment, Step("sync", (_LAST, 0, value, container))))
        if chance.random() < 0.5:
            during.append((moment, Step("succeed", (_LAST,))))
    during.sort(key=lambda item: _MOMENTS.index(item[0]))
    return Step("gc", (chance.choice((14, 30)), chance.randrange(2)), tuple(during))


def _drawn(chance: random.Random) -> Step:
    name = chance.choices(list(_STEPS), [weight for _, weight in _STEPS.values()])[0]
    return Step(name, tuple(chance.randrange(100) for _ in range(_STEPS[name][0])))


def shrunk(steps: Sequence[Step], fails: Callable[[Sequence[Step]], bool]) -> list[Step]:
    """Return a part of steps that fails, and of which nothing can be left out."""
    left = list(steps)
    size = max(1, len(left) // 2)
    while size:
        at = 0
        while at < len(left):
            without = left[:at] + left[at + size :]
            if fails(without):
                left = without
            else:
                at += size
        size //= 2
    return left
