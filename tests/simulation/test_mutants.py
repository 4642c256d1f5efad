"""The simulation finds the failures it was made for, where their mends are taken out."""

from typing import Final

import pytest

from tests.marks import some_in_ci
from tests.simulation.mutants import MUTANTS
from tests.simulation.running import run_seed

SEEDS = range(400)
STEPS = 150
# How state that is lost or wrong shows.
LOSSES: Final = (
    "broken state",
    "another state",
    "no conflict",
    "wrong error MergeConflictError",
    "wrong error MissingObjectError",
)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", some_in_ci(MUTANTS, len(MUTANTS) - 1))
def test_failure_is_found_again_without_its_mend(name: str) -> None:
    with MUTANTS[name]():
        found = next(filter(None, (run_seed(seed, STEPS) for seed in SEEDS)), None)
    assert found is not None
    assert found.error.kind in LOSSES
