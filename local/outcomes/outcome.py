"""The outcome of an execution: how it ended, with what, and what its services were given."""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..machines.runs import MockedCall

DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"

# What AWS's answers say of their request differs with each.
_OF_REQUEST = frozenset({"SdkHttpMetadata", "SdkResponseMetadata"})
# An owner for a function, which its code does not see as its event.
_BESIDE_PAYLOAD = "ClientContext"


class OutcomesDifferError(AssertionError):
    """Two state machines do not have the same outcome; the message says where they differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an execution ended.

    Attributes:
        status: SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
        output: hydrated; None unless the execution succeeded.
        error: the error name, if it failed.
        cause: the cause, if it failed.
        calls: what the mocks were given, in that order; hydrated if their state reads pointers.
        arn: of the execution.
    """

    status: str
    output: Any
    error: str | None
    cause: str | None
    calls: Sequence[MockedCall] = field(repr=False)
    arn: str

    @property
    def over_the_limit(self) -> bool:
        """Whether it ended because a payload was too large."""
        return self.error == DATA_LIMIT_EXCEEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How two outcomes are compared.

    Attributes:
        ignored: keys whose values may differ from run to run.
    """

    ignored: Collection[str]

    def require_same(self, before: Outcome, after: Outcome, situation: str) -> None:
        """Raise OutcomesDifferError where two outcomes are not the same."""
        ended_before, ended_after = (before.status, before.error), (after.status, after.error)
        if ended_before != ended_after:
            causes = f"first: {before.cause}; second: {after.cause}"
            raise _differ(situation, "how they end", ended_before, ended_after, causes)
        outputs = [self._comparable(each.output, each) for each in (before, after)]
        if outputs[0] != outputs[1]:
            raise _differ(situation, "the output", *outputs)
        calls = [self._calls(each) for each in (before, after)]
        for state in sorted(calls[0].keys() | calls[1].keys()):
            first, second = (each.get(state, Counter()) for each in calls)
            if first != second:
                what = f"what they gave the service of the state {state!r}"
                raise _differ(situation, what, list(first - second), list(second - first))

    def _calls(self, outcome: Outcome) -> dict[str, Counter[str]]:
        """Return what each state gave, in any order: iterations and branches run side by side."""
        found: dict[str, Counter[str]] = {}
        for call in outcome.calls:
            given = call.given
            if isinstance(given, dict) and "FunctionName" in given:
                given = {key: value for key, value in given.items() if key != _BESIDE_PAYLOAD}
            text = json.dumps(self._comparable(given, outcome), sort_keys=True)
            if call.task_token is not None:
                text = text.replace(call.task_token, "<task token>")
            found.setdefault(call.state, Counter())[text] += 1
        return found

    def _comparable(self, value: Any, outcome: Outcome) -> Any:
        """Return a value without what names this execution or this request."""
        machine = outcome.arn.split(":")[-2]
        text = json.dumps(_without(value, _OF_REQUEST | set(self.ignored)))
        return json.loads(text.replace(machine, "<machine>"))


def _without(value: Any, keys: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, keys) for key, item in value.items() if key not in keys}
    return [_without(item, keys) for item in value] if isinstance(value, list) else value


def _differ(
    situation: str, what: str, first: Any, second: Any, more: str = ""
) -> OutcomesDifferError:
    lines = [f"{situation}, the two differ in {what}", f"first:  {first}", f"second: {second}"]
    return OutcomesDifferError("\n".join([*lines, *([more] if more else [])]))
