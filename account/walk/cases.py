"""What is tried with each state: that it succeeds, each Catch, each Retry until it is exhausted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .documents import input_of, inputs_of_choice, result_of

_ANY, _ANY_TASK = "States.ALL", "States.TaskFailed"
# No Retry and no Catch names it.
_UNHEARD_OF = "UnheardOfError"
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
_DEFAULT_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that is tried with one state.

    Attributes:
        name: of the state.
        state: its definition.
        label: what is tried.
        document: input of the state.
        result: what is mocked that it calls gives; None if nothing or an error is mocked.
        error: name of the error that is mocked.
        retrier: index of the Retry that matches the error.
        retried: how often that has been tried again.
    """

    name: str
    state: Mapping[str, Any]
    label: str
    document: Any
    result: Any = None
    error: str | None = None
    retrier: int | None = None
    retried: int = 0

    @property
    def mocked(self) -> bool:
        """Whether something is mocked: Task and Map states call something."""
        return self.state["Type"] in {"Task", "Map", "Parallel"}

    @property
    def exhausted(self) -> bool:
        """Whether the Retry that matches the error tries no more."""
        return self.retrier is None or self.retried >= attempts_of(
            self.state["Retry"][self.retrier]
        )

    def __str__(self) -> str:
        return f"{self.name}, {self.label}"


def cases_of(machine: Mapping[str, Any]) -> Iterator[Case]:
    """Yield what is tried with the states of a machine, those inside its maps included."""
    for name, state in machine["States"].items():
        yield from _cases(name, state)
        if "ItemProcessor" in state:
            yield from cases_of(state["ItemProcessor"])


def attempts_of(retrier: Mapping[str, Any]) -> int:
    """Return how often a Retry tries again."""
    return int(retrier.get("MaxAttempts", _DEFAULT_ATTEMPTS))


def targets_of(state: Mapping[str, Any]) -> set[str]:
    """Return the names of all states that may come after a state."""
    rules = [*state.get("Catch", ()), *state.get("Choices", ()), state]
    found = {rule["Next"] for rule in rules if "Next" in rule}
    return found | ({state["Default"]} if "Default" in state else set())


def _cases(name: str, state: Mapping[str, Any]) -> Iterator[Case]:
    if state["Type"] == "Choice":
        for target, document in inputs_of_choice(state):
            yield Case(name=name, state=state, label=f"to {target}", document=document)
        return
    plain = Case(name=name, state=state, label="passes", document=input_of(state))
    if not plain.mocked:
        yield plain
        return
    yield replace(plain, label="succeeds", result=result_of(state))
    yield from _caught(plain)
    yield from _retried(plain)


def _caught(plain: Case) -> Iterator[Case]:
    """Give each Catch an error of its own; a Retry that matches it is exhausted."""
    earlier: set[str] = set()
    catchers = plain.state.get("Catch", ())
    for catcher in catchers:
        error = _error_of(catcher["ErrorEquals"], earlier)
        earlier |= set(catcher["ErrorEquals"])
        retrier = _retrier_of(plain.state, error)
        retried = 0 if retrier is None else attempts_of(plain.state["Retry"][retrier])
        label = f"catches {error}"
        yield replace(plain, label=label, error=error, retrier=retrier, retried=retried)
    if not catchers:
        yield replace(plain, label="catches nothing", error=_UNHEARD_OF)


def _retried(plain: Case) -> Iterator[Case]:
    for index, retrier in enumerate(plain.state.get("Retry", ())):
        error, attempts = _error_of(retrier["ErrorEquals"], set()), attempts_of(retrier)
        counts = {"retries": 0, "exhausts the retries of": attempts} if attempts else {}
        for label, retried in counts.items():
            told = f"{label} {error}"
            yield replace(plain, label=told, error=error, retrier=index, retried=retried)


def _error_of(names: list[str], earlier: set[str]) -> str:
    """Return an error that a Retry or Catch matches, and none of the names before it."""
    own = [each for each in names if each not in earlier]
    return _UNHEARD_OF if own[0] in {_ANY, _ANY_TASK} else own[0]


def _retrier_of(state: Mapping[str, Any], error: str) -> int | None:
    for index, retrier in enumerate(state.get("Retry", ())):
        names = retrier["ErrorEquals"]
        of_task = _ANY_TASK in names and error != "States.Timeout"
        if error in names or _ANY in names or of_task:
            return index
    return None
