"""Two state machines have the same outcome, and the second where the first is too large."""

import itertools
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..clients import ACCOUNT, REGION
from ..executions import Execution
from ..limits import PAYLOAD_BYTES, payload_bytes
from ..machines.definitions import filled, placeholders
from ..machines.mocks import Mock, Wrapped
from ..machines.runs import MockedCall
from ..machines.scopes import scopes_of
from .growth import Grow, Growing, grown_result, ways_to_grow
from .hydration import as_function, custom_of, hydrate_document, offload_document
from .outcome import Comparison, Outcome, OutcomesDifferError

if TYPE_CHECKING:
    from ..cloud import LocalCloud

Definition = str | Path | Mapping[str, Any]
Inflate = bool | Grow

# Sizes of what grows, in bytes; the last leaves room in an input for what AWS adds.
_SIZES = (16_000, 32_000, 64_000, 128_000, 192_000, 250_000)
_INVOKE = ":states:::lambda:invoke"
_FUNCTION = re.compile(r"arn:[^:]+:lambda:")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What `same_outcome` has seen.

    Attributes:
        before: outcome of the first machine on the given input.
        after: outcome of the second machine on the given input.
        grew: what was inflated until the first machine ended in States.DataLimitExceeded; None if
            nothing was to be inflated.
        grown_bytes: its size then.
        after_grown: outcome of the second machine at that size.
    """

    before: Outcome
    after: Outcome
    grew: str | None = None
    grown_bytes: int | None = None
    after_grown: Outcome | None = None


@dataclass(frozen=True, slots=True)
class _Machine:
    definition: Definition
    substitutions: Mapping[str, str]
    decorated: Collection[str] = ()
    enveloped: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """An input and mocks, of which one may have grown."""

    name: str
    size: int
    value: Any
    mocks: Mapping[str, Any]


class SameOutcome:
    """Runs two state machines on the local cloud and compares them."""

    def __init__(self, cloud: "LocalCloud", timeout: float = 60) -> None:
        """Compare on a cloud; no execution takes longer than the timeout, in seconds."""
        self._cloud = cloud
        self._timeout = timeout

    def __call__(  # noqa: PLR0913 - options, each with a default
        self,
        before: Definition,
        after: Definition,
        input: Any,  # noqa: A002 - what an execution calls it
        mocks: Mapping[str, Mock] | None = None,
        *,
        substitutions: Mapping[str, str] | None = None,
        inflate: Inflate = True,
        ignored: Collection[str] = (),
        decorated: Collection[str] = (),
    ) -> Outcomes:
        """Require that two state machines have the same outcome.

        Both have to end in the same way, with the same output (hydrated) or error, after giving
        their services the same. Then the input, or else what a mock answers, grows until the first
        machine ends in `States.DataLimitExceeded`. At that size the second has to do what the first
        would do if payloads had no limit.

        Args:
            before: the first state machine: an ASL file, JSON or YAML, or the definition itself.
            after: the second state machine.
            input: of both.
            mocks: what answers instead of services, by the name of the state, in both machines. If
                a state names only a function in the first machine and is a `lambda:invoke` in the
                second, its mock answers what the function does.
            substitutions: values of `${placeholders}`. The stack's own already have values; any
                other without a value is the ARN of a function of that name.
            inflate: whether to go on to large data; or how the input grows there: a function that
                takes the input and a number of bytes.
            ignored: keys of objects whose values differ from run to run.
            decorated: states whose function has the decorator `large_payloads` in the second
                machine: the mock is given values, and a large answer leaves as pointers. Every
                other service needs values from the machine.

        Returns:
            The outcomes, and what grew to which size.

        Raises:
            OutcomesDifferError: an AssertionError that says where they differ, or that the first
                machine never became too large.
            LocalCloudError: a definition, a mock or an input is not what it should be.
        """
        comparison = Comparison(ignored=ignored)
        first, second = (self._machine(each, substitutions or {}) for each in (before, after))
        second = replace(second, decorated=decorated, enveloped=_enveloped(first, second))
        trial = _Trial(name="as given", size=0, value=input, mocks=mocks or {})
        outcome, after_outcome = self._run(first, trial), self._run(second, trial)
        comparison.require_same(outcome, after_outcome, "on the input as it is given")
        if inflate is False:
            return Outcomes(before=outcome, after=after_outcome)
        large = self._too_large(first, trial, inflate)
        whole = self._run(first, large, limited=False)
        after_large = self._run(second, large)
        comparison.require_same(whole, after_large, f"with {large.name} at {large.size:,} bytes")
        return Outcomes(
            before=outcome,
            after=after_outcome,
            grew=large.name,
            grown_bytes=large.size,
            after_grown=after_large,
        )

    def _too_large(self, before: _Machine, trial: _Trial, inflate: Inflate) -> _Trial:
        """Return the smallest trial at which the first machine is too large."""
        tried = []
        for at_size in _growing(trial, inflate):
            largest = at_size(_SIZES[-1])
            tried.append(largest.name)
            if self._run(before, largest).over_the_limit:
                for size in _SIZES[:-1]:
                    if self._run(before, at_size(size)).over_the_limit:
                        return at_size(size)
                return largest
        grew = "; ".join(tried) or "nothing can grow"
        raise OutcomesDifferError(
            "the first machine never ended in States.DataLimitExceeded, so this says"
            f" nothing about large data; tried: {grew}. Give `inflate` a function that"
            " makes a large input, give mocks that answer more, or pass inflate=False"
        )

    def _run(self, machine: _Machine, trial: _Trial, *, limited: bool = True) -> Outcome:
        name = f"same-outcome-{next(_numbers)}"
        mocks = self._mocks(machine, trial, name)
        arn = self._cloud.create_state_machine(
            name,
            machine.definition,
            machine.substitutions,
            mocks,
            limited=limited,
        )
        run = self._cloud.start_execution(trial.value, "run", arn).wait(self._timeout)
        for error in self._cloud.mock_errors(run):
            raise error
        succeeded = run.status == "SUCCEEDED"
        return Outcome(
            status=run.status,
            output=self._hydrated(run.output, name) if succeeded else None,
            error=run.error,
            cause=run.cause,
            calls=self._calls(run, name, machine.decorated),
            arn=run.arn,
        )

    def _mocks(self, machine: _Machine, trial: _Trial, name: str) -> dict[str, Any]:
        mocks = dict(trial.mocks)
        for state in mocks.keys() & set(machine.enveloped):
            mocks[state] = Wrapped(mock=mocks[state], behind=_in_envelope)
        # A function that is deployed reads and answers pointers by itself.
        for state in mocks.keys() & set(machine.decorated):
            mocks[state] = self._decorated(mocks[state], name)
        return mocks

    def _calls(self, run: Execution, machine: str, decorated: Collection[str]) -> list[MockedCall]:
        calls = [call for call in self._cloud.mocked_calls if call.execution_arn == run.arn]
        return [
            replace(call, given=self._hydrated(call.given, machine))
            if call.state in decorated
            else call
            for call in calls
        ]

    def _decorated(self, mock: Mock, machine: str) -> Wrapped:
        """Return a mock that reads and answers as a function with `large_payloads` does."""

        def behind(given: Any, result: Any) -> Any:
            custom = custom_of(given.get("ClientContext"))
            if not custom.get("execution_id"):
                return result
            s3, settings = self._cloud.client("s3"), self._cloud.settings
            with as_function():
                payload = offload_document(settings, s3, result["Payload"], custom)
            return {**result, "Payload": payload}

        def before(given: Any) -> Any:
            with as_function():
                return self._hydrated(given, machine)

        return Wrapped(mock=mock, before=before, behind=behind)

    def _hydrated(self, value: Any, machine: str) -> Any:
        return hydrate_document(self._cloud.settings, self._cloud.client("s3"), value, machine)

    def _machine(self, definition: Definition, values: Mapping[str, str]) -> _Machine:
        """Return a machine; a placeholder without a value is the ARN of a function."""
        known = self._cloud.substitutions | dict(values)
        missing = placeholders(definition) - known.keys()
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
        return _Machine(definition, {**known, **{name: arn + name for name in missing}})


def _enveloped(first: _Machine, second: _Machine) -> set[str]:
    """Return the states that named a function alone, and now invoke it: their answer is wrapped."""
    before, after = (_resources(each) for each in (first, second))
    return {
        state
        for state, resource in after.items()
        if resource.endswith(_INVOKE) and _FUNCTION.match(before.get(state, ""))
    }


def _resources(machine: _Machine) -> dict[str, str]:
    definition = json.loads(filled(machine.definition, machine.substitutions))
    return {
        name: str(state.get("Resource", ""))
        for scope in scopes_of(definition)
        for name, state in scope.states.items()
    }


def _in_envelope(_given: Any, result: Any) -> dict[str, Any]:
    return {"ExecutedVersion": "$LATEST", "Payload": result, "StatusCode": 200}


def _growing(trial: _Trial, inflate: Inflate) -> Iterator[Callable[[int], _Trial]]:
    """Yield all that can grow, each as a function of a size: first the input, then each mock."""
    ways = ways_to_grow(trial.value)
    if callable(inflate):
        ways = iter([Growing(name="the input", grow=inflate)])
    for way in ways:
        if payload_bytes(way.grow(trial.value, _SIZES[-1])) <= PAYLOAD_BYTES:
            yield _of_input(trial, way)
    if not callable(inflate):
        for state in trial.mocks:
            yield _of_mock(trial, state)


def _of_input(trial: _Trial, way: Growing) -> Callable[[int], _Trial]:
    def at_size(size: int) -> _Trial:
        value = way.grow(trial.value, size)
        return replace(trial, name=f"{way.name} of the input", size=size, value=value)

    return at_size


def _of_mock(trial: _Trial, state: str) -> Callable[[int], _Trial]:
    def at_size(size: int) -> _Trial:
        larger = Wrapped(
            mock=trial.mocks[state], behind=lambda _, result: grown_result(result, size)
        )
        mocks = {**trial.mocks, state: larger}
        return replace(trial, name=f"what {state!r} is answered", size=size, mocks=mocks)

    return at_size
