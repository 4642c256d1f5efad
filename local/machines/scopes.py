"""The scopes of a definition: the machine, and what Maps and Parallels have inside."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import LocalCloudError

_JSON_PATH = "JSONPath"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """States that go on with each other.

    Attributes:
        place: says where they are.
        start: the one they start with.
        states: by their names.
        language: what a state speaks that does not say it.
        express: whether they run in child executions of the type EXPRESS.
    """

    place: str
    start: str
    states: Mapping[str, Mapping[str, Any]]
    language: str
    express: bool = False

    def language_of(self, state: Mapping[str, Any]) -> str:
        """Return the query language of a state: JSONPath or JSONata."""
        return str(state.get("QueryLanguage", self.language))


def scopes_of(definition: Mapping[str, Any]) -> Iterator[Scope]:
    """Yield every scope of a definition, outer ones first.

    Raises:
        LocalCloudError: there is something else where a state should be.
    """
    yield from _scopes("the state machine", definition, _JSON_PATH)


def _scopes(
    place: str, body: Mapping[str, Any], language: str, *, express: bool = False
) -> Iterator[Scope]:
    language = str(body.get("QueryLanguage", language))
    config = body.get("ProcessorConfig", {})
    scope = Scope(
        place=place,
        start=str(body.get("StartAt")),
        states=body.get("States", {}),
        language=language,
        express=config.get("ExecutionType", "EXPRESS" if express else "") == "EXPRESS",
    )
    yield scope
    for name, state in scope.states.items():
        if not isinstance(state, Mapping):
            raise LocalCloudError(f"{name!r} in {place} is {type(state).__name__}, not a state")
        for inner_place, inner in _inside(name, state):
            yield from _scopes(inner_place, inner, language, express=scope.express)


def _inside(name: str, state: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            yield f"the {field} of {name!r}", state[field]
    for number, branch in enumerate(state.get("Branches", ())):
        yield f"branch {number} of {name!r}", branch
