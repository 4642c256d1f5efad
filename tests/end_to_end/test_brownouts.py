"""S3 refuses more than half of the writes for some seconds, and dies; functions and workers die."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.brownout import IllStack, ill_stack
from tests.marks import some_in_ci

pytestmark = pytest.mark.local

SEEDS = (101, 102, 103)


@pytest.fixture(scope="module")
def stack() -> Iterator[IllStack]:
    with ill_stack(SEEDS[0]) as deployed:
        yield deployed


@pytest.mark.slow
@pytest.mark.parametrize("seed", some_in_ci(SEEDS, 1))
def test_nothing_is_lost_in_a_brownout(stack: IllStack, seed: int) -> None:
    outcome = stack.run(seed, kills=seed != SEEDS[0])
    assert outcome.refused > 0
