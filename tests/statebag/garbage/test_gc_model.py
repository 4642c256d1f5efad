"""Worlds in which workflows live and go on while gc runs: nothing that is needed goes.

`python -m tests.statebag.garbage.gc_model` replays one by its seed, and shrinks it.
"""

import itertools

import pytest

from tests.marks import some_in_ci
from tests.statebag.garbage.gc_model import RULES, check, failure
from tests.statebag.garbage.gc_steps import shrunk, steps_of

MOMENTS = {"listed", "looked", "asked", "deleting", "deleted"}


@pytest.mark.parametrize("block", some_in_ci(range(4), 1))
def test_nothing_needed_is_deleted_and_garbage_goes(block: int) -> None:
    ran = [check(steps_of(seed)) for seed in range(15 * block, 15 * (block + 1))]

    assert sum(deleted for _, deleted in ran)


def test_worlds_have_something_happening_at_each_moment_of_gc() -> None:
    steps = itertools.chain.from_iterable(steps_of(seed) for seed in range(12))

    assert {at for step in steps for at, _ in step.meanwhile} == MOMENTS


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("block", range(4))
def test_thousands_of_collections_delete_nothing_needed(block: int) -> None:
    ran = [check(steps_of(seed)) for seed in range(1_000 + 50 * block, 1_050 + 50 * block)]

    assert sum(collections for collections, _ in ran) > 100


@pytest.mark.parametrize("rule", RULES)
def test_world_without_a_rule_loses_state(rule: str) -> None:
    failing = (seed for seed in range(150) if failure(steps_of(seed), rule))
    seed = next(failing, None)

    assert seed is not None, f"no world needs the rule: {rule}"
    assert failure(steps_of(seed)) is None
    few = shrunk(steps_of(seed), lambda part: failure(part, rule) is not None)
    assert len(few) < len(steps_of(seed)) / 2
