"""Mocks of states: what answers instead of a service, by the name of the state.

The forms are those of AWS's own tools and a function in Python:
https://docs.aws.amazon.com/step-functions/latest/apireference/API_MockInput.html
https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import LocalCloudError, MockedError

Mock = Callable[[Any], Any] | Mapping[str, Any] | Sequence[Mapping[str, Any]]

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_FORMS = (
    'a function of what the state gives the service, {"result": ...}, '
    '{"errorOutput": {"error": ..., "cause": ...}}, a list of these, or '
    '{"0": {"Return": ...}, "1-2": {"Throw": {"Error": ..., "Cause": ...}}}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a mock answers: a result, or an error with its cause."""

    result: Any = None
    error: str | None = None
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a mock is asked.

    Attributes:
        given: what the state gives the service.
        attempt: 0, and one more with each retry.
        visit: how many times the execution asked before.
    """

    given: Any
    attempt: int
    visit: int


Answers = Callable[[Asked], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """A mock with something before it and behind it.

    Attributes:
        mock: the mock.
        before: makes what the mock is given of what the state gives.
        behind: makes the result of what the state gives and what the mock answers.
    """

    mock: "Mock | Wrapped"
    before: Callable[[Any], Any] = lambda given: given
    behind: Callable[[Any, Any], Any] = lambda _given, result: result

    def answers(self, state: str) -> Answers:
        """Return what answers for a state."""
        inner = answers_of(state, self.mock)

        def answer(asked: Asked) -> Answer:
            try:
                answer = inner(replace(asked, given=self.before(asked.given)))
                if answer.error is not None:
                    return answer
                return Answer(result=self.behind(asked.given, answer.result))
            except MockedError as error:
                return Answer(error=error.error, cause=error.cause)

        return answer


def answers_of(state: str, mock: Mock | Wrapped) -> Answers:
    """Return what answers for a state.

    Raises:
        LocalCloudError: the mock has none of the forms.
    """
    if isinstance(mock, Wrapped):
        return mock.answers(state)
    if callable(mock):
        return lambda asked: _call(state, mock, asked.given)
    if isinstance(mock, Mapping):
        if mock and all(_RANGE.fullmatch(str(key)) for key in mock):
            return _by_attempt(state, mock)
        only = _answer(state, mock)
        return lambda _asked: only
    if isinstance(mock, list | tuple) and mock:
        listed = [_answer(state, each) for each in mock]
        return lambda asked: listed[min(asked.visit, len(listed) - 1)]
    raise _unknown(state, mock)


def _call(state: str, function: Callable[[Any], Any], given: Any) -> Answer:
    try:
        result = function(given)
    except MockedError as error:
        return Answer(error=error.error, cause=error.cause)
    return Answer(result=_json(state, result))


def _answer(state: str, mock: Any) -> Answer:
    """Read the form of TestState: results there are JSON as text."""
    match mock:
        case {"errorOutput": Mapping() as failed}:
            return Answer(error=str(failed.get("error", "")), cause=str(failed.get("cause", "")))
        case {"result": str() as text}:
            try:
                return Answer(result=json.loads(text))
            except ValueError as error:
                message = f"the mock of the state {state!r} has a result that is not JSON: {error}"
                raise LocalCloudError(f'{message}; a text is written as "\\"text\\""') from error
        case {"result": result}:
            return Answer(result=_json(state, result))
    raise _unknown(state, mock)


def _by_attempt(state: str, mock: Mapping[str, Any]) -> Answers:
    """Read the form of MockConfigFile: answers by the number of the attempt."""
    by_attempt: dict[int, Answer] = {}
    for attempts, response in mock.items():
        found = _RANGE.fullmatch(str(attempts))
        if found is None:
            raise _unknown(state, mock)
        first, last = int(found[1]), int(found[2] or found[1])
        answer = _response(state, response)
        by_attempt |= dict.fromkeys(range(first, last + 1), answer)

    def answer_of(asked: Asked) -> Answer:
        if asked.attempt in by_attempt:
            return by_attempt[asked.attempt]
        cause = f"the mock of the state {state!r} has no response for attempt {asked.attempt}"
        return Answer(error="States.Runtime", cause=cause)

    return answer_of


def _response(state: str, response: Any) -> Answer:
    match response:
        case {"Return": result}:
            return Answer(result=_json(state, result))
        case {"Throw": {"Error": error, **rest}}:
            return Answer(error=str(error), cause=str(rest.get("Cause", "")))
    raise _unknown(state, response)


def _json(state: str, result: Any) -> Any:
    try:
        return json.loads(json.dumps(result))
    except (TypeError, ValueError) as error:
        raise LocalCloudError(
            f"the mock of the state {state!r} does not return JSON: {error}"
        ) from error


def _unknown(state: str, mock: Any) -> LocalCloudError:
    kind = type(mock).__name__
    return LocalCloudError(
        f"the mock of the state {state!r} is {kind} in no known form; a mock is {_FORMS}"
    )
