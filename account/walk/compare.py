"""Both interpreters, case by case."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from account.findings import Finding

from .cases import Case, cases_of
from .outcomes import Outcome

_AT_ONCE = 16
_SHOWN = 300


class Interpreter(Protocol):
    """What tells what a state comes to."""

    def outcome(self, case: Case) -> Outcome:
        """Return what a case comes to."""


def walk(
    machine: Mapping[str, Any],
    here: Interpreter,
    there: Interpreter,
    report: Callable[[str], None],
) -> list[Finding]:
    """Return each case in which two interpreters of a machine differ.

    Args:
        machine: the definition, with nothing left to substitute.
        here: the local cloud.
        there: AWS.
        report: is told how many cases there are.
    """
    cases = list(cases_of(machine))
    report(f"{len(cases)} cases of {len({case.name for case in cases})} states")

    def compared(case: Case) -> Finding | None:
        return _compared(case, here.outcome(case), there.outcome(case))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [finding for finding in pool.map(compared, cases) if finding is not None]


def _compared(case: Case, here: Outcome, there: Outcome) -> Finding | None:
    if here == there:
        return None
    expected, seen = str(here), str(there)
    if expected == seen:
        expected, seen = str(here.output)[:_SHOWN], str(there.output)[:_SHOWN]
    return Finding(part="states", subject=str(case), expected=expected, seen=seen)
