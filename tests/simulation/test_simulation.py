"""Any actions, in any weather, on containers of any age: nothing is lost, and every error is true.

`python -m tests.simulation --seed N` replays a seed that has failed here with a trace, and
`--shrink N` drops the steps without which it fails too.
"""

from collections import Counter

import pytest

from tests.marks import some_in_ci
from tests.simulation.counters import Counters
from tests.simulation.reader import FORMS
from tests.simulation.running import run_seed
from tests.simulation.weather import KINDS, can_hit

SHORT = range(34)
SHORT_STEPS = 80
LONG = [range(first, first + 10) for first in range(1_000, 1_120, 10)]
LONG_STEPS = 200
# Where the long run leaves something out that is rare.
MORE = range(5_000, 5_100)


def run(seeds: range, steps: int, sought: frozenset[tuple[str, str]] = frozenset()) -> Counters:
    """Run seeds, of which none may fail."""
    counters = Counters(sought=sought)
    failures = [run_seed(seed, steps, counters=counters) for seed in seeds]
    assert [f"seed {failed.seed}: {failed.error}" for failed in failures if failed] == []
    return counters


@pytest.fixture(scope="module")
def short() -> Counters:
    return run(SHORT, SHORT_STEPS)


def test_nothing_is_lost_in_any_weather(short: Counters) -> None:
    assert short.steps.total() > len(SHORT) * SHORT_STEPS / 2
    assert short.attempts > short.steps.total()


def test_every_kind_of_fault_and_every_stored_form_occurs(short: Counters) -> None:
    assert {kind for _, kind in short.faults} == set(KINDS)
    assert set(FORMS) - set(short.forms) <= {"zstd"}


def test_a_seed_is_the_same_every_time() -> None:
    first, second = Counters(), Counters()
    run_seed(7, 40, counters=first)
    run_seed(7, 40, counters=second)
    assert first == second
    assert first.faults


LONG_COUNTERS: dict[range, Counters] = {}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seeds", some_in_ci(LONG, 2), ids=str)
def test_nothing_is_lost_in_the_long_run(seeds: range) -> None:
    LONG_COUNTERS[seeds] = run(seeds, LONG_STEPS)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_every_kind_of_fault_hits_every_action_that_it_can_hit() -> None:
    faults: Counter[tuple[str, str]] = Counter()
    forms: Counter[str] = Counter()
    for counters in LONG_COUNTERS.values():
        faults += counters.faults
        forms += counters.forms
    for seed in MORE:
        sought = frozenset(pair for pair in can_hit() if not faults[pair])
        if not sought and all(forms[form] for form in FORMS):
            break
        counters = run(range(seed, seed + 1), LONG_STEPS, sought)
        faults += counters.faults
        forms += counters.forms
    assert [pair for pair in can_hit() if not faults[pair]] == []
    assert [form for form in FORMS if not forms[form]] == []
