"""What an offload can break, one row each: a naive insertion does, and an adopted machine does not.

A naive insertion puts an offload behind every task, map and parallel, and asks nobody what is read.
"""

import json
from typing import Any, Final

import pytest

from local.outcomes.outcome import OutcomesDifferError
from local.outcomes.same_outcome import SameOutcome
from tests.machines.outcomes.case import Case, naive, tightened, wordless
from tests.machines.outcomes.fanning import FANNING, JSONATA, LOOPS
from tests.machines.outcomes.formatting import FORMATTING
from tests.machines.outcomes.reading import CALLS, INTRINSICS, READING
from tests.machines.outcomes.writing import HARMLESS, PLACES, WRITING

# A local cloud, and each machine some times on it.
pytestmark = pytest.mark.slow

ROWS: Final = {
    **WRITING, **READING, **INTRINSICS, **CALLS, **FANNING, **LOOPS, **JSONATA, **FORMATTING,
    **PLACES,
}  # fmt: skip
ALL: Final = ROWS | HARMLESS
USUAL: Final = 64 * 1024


def run(compare: SameOutcome, case: Case, after: Any, **options: Any) -> None:
    options = {"decorated": case.decorated, **options}
    compare(case.definition, after, case.input, dict(case.mocks), **options)


@pytest.mark.parametrize("case", ALL.values(), ids=ALL)
def test_adopted_machine_does_the_same_and_goes_on_where_the_first_ends(
    compare: SameOutcome, case: Case
) -> None:
    after = case.adopted()

    assert '"offload"' in json.dumps(after)
    run(compare, case, tightened(after, case.tight), inflate=False)
    run(compare, case, after, inflate=case.inflate)


@pytest.mark.parametrize("case", ROWS.values(), ids=ROWS)
def test_naive_insertion_breaks_it(compare: SameOutcome, case: Case) -> None:
    def both() -> None:
        run(compare, case, naive(case.definition, case.tight), inflate=False, decorated=())
        run(compare, case, naive(case.definition, USUAL), inflate=case.inflate, decorated=())

    with pytest.raises(OutcomesDifferError):
        both()


WORDS: Final = {name: case for name, case in ROWS.items() if case.words and name not in PLACES}


@pytest.mark.parametrize("case", WORDS.values(), ids=WORDS)
def test_adopted_machine_that_asks_no_reader_breaks_it(compare: SameOutcome, case: Case) -> None:
    after = wordless(tightened(case.adopted(), case.tight))

    with pytest.raises(OutcomesDifferError):
        run(compare, case, after, inflate=False)
