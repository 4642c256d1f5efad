"""A definition as states: names and edges, and the refusal of invalid Amazon States Language."""

from typing import TYPE_CHECKING, Final

from statebag.errors import RefusedError
from statebag.machines.model.jsonata_state import jsonata_effects
from statebag.machines.model.jsonpath_state import jsonpath_effects
from statebag.machines.model.states import Scope, State
from statebag.machines.text.nodes import Kind, Node
from statebag.machines.text.source import Source

if TYPE_CHECKING:
    from statebag.machines.model.effects import Effects

_TYPES: Final = {"Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Map", "Parallel"}
_BODIES: Final = ("ItemProcessor", "Iterator")
_FIELDS_OF_JSONPATH: Final = (
    "CausePath", "ErrorPath", "HeartbeatSecondsPath", "InputPath", "ItemsPath",
    "MaxConcurrencyPath", "OutputPath", "Parameters", "ResultPath", "ResultSelector",
    "SecondsPath", "TimeoutSecondsPath", "TimestampPath",
)  # fmt: skip
_RULES_OF_JSONPATH: Final = ("And", "Not", "Or", "Variable")
_HINT: Final = "Step Functions would refuse this definition: fix it first."


def read_machine(source: Source, node: Node) -> Scope:
    """Return the machine of a definition.

    Raises:
        RefusedError: it is not valid Amazon States Language.
    """
    return _Reading(source).scope(node, (), is_jsonata=False)


class _Reading:
    """Reads scopes from the outside in."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def scope(self, node: Node, path: tuple[str, ...], *, is_jsonata: bool) -> Scope:
        """Return the scope of a machine, a body or a branch."""
        is_jsonata = _is_jsonata(node, inherited=is_jsonata)
        start, listed = node.text("StartAt"), node.mapping("States")
        if start is None or listed is None:
            raise self._refused(node, path, "needs StartAt and States")
        states = {
            str(key.value): self._state(str(key.value), value, path, is_jsonata=is_jsonata)
            for key, value in listed.entries
        }
        if len(states) != len(listed.entries):
            raise self._refused(node, path, "has two states with the same name")
        scope = Scope(path=path, node=node, start=start, states=states, is_jsonata=is_jsonata)
        self._check_edges(scope)
        return scope

    def _state(self, name: str, node: Node, around: tuple[str, ...], *, is_jsonata: bool) -> State:
        path = (*around, name)
        if node.kind is not Kind.MAPPING:
            raise self._refused(node, path, f"is {node.kind.name.lower()}, not a state")
        kind = node.text("Type")
        if kind not in _TYPES:
            raise self._refused(node, path, f"has no Type of {', '.join(sorted(_TYPES))}")
        own = _is_jsonata(node, inherited=is_jsonata) and not _speaks_jsonpath(node)
        state = State(name=name, path=path, kind=kind, node=node, is_jsonata=own)
        scopes = tuple(self._bodies(state, is_jsonata=own))
        effects: Effects = (jsonata_effects if own else jsonpath_effects)(node, kind, scopes)
        state.reads, state.made, state.call = effects.reads, effects.made, effects.call
        state.fan, state.exits = effects.fan, effects.exits
        if kind not in {"Choice", "Fail"} and not state.exits:
            raise self._refused(node, path, "has neither Next nor End")
        return state

    def _bodies(self, state: State, *, is_jsonata: bool) -> list[Scope]:
        if state.kind == "Parallel":
            branches = state.node.sequence("Branches")
            return [
                self.scope(branch, (*state.path, str(index)), is_jsonata=is_jsonata)
                for index, branch in enumerate(branches)
            ]
        if state.kind != "Map":
            return []
        body = next(filter(None, map(state.node.mapping, _BODIES)), None)
        if body is None:
            raise self._refused(state.node, state.path, "has no ItemProcessor")
        return [self.scope(body, state.path, is_jsonata=is_jsonata)]

    def _check_edges(self, scope: Scope) -> None:
        if scope.start not in scope.states:
            raise self._refused(
                scope.node, scope.path, f"StartAt names a state that does not exist: {scope.start}"
            )
        for state in scope.states.values():
            for exit_ in state.exits:
                if exit_.target is not None and exit_.target not in scope.states:
                    said = (
                        f"{exit_.edge.value} names a state that does not exist beside it:"
                        f" {exit_.target}"
                    )
                    raise self._refused(exit_.node or state.node, state.path, said)

    def _refused(self, node: Node, path: tuple[str, ...], said: str) -> RefusedError:
        place = " / ".join(path) or "the machine"
        line = self._source.line_of(node)
        return RefusedError(f"{self._source.name}, line {line}: {place} {said}", hint=_HINT)


def _is_jsonata(node: Node, *, inherited: bool) -> bool:
    language = node.text("QueryLanguage")
    return language == "JSONata" if language else inherited


def _speaks_jsonpath(node: Node) -> bool:
    """Tell whether a state inside one of JSONata goes on in JSONPath without saying so."""
    rules = (rule for rule in node.sequence("Choices") if rule.kind is Kind.MAPPING)
    return any(field in node for field in _FIELDS_OF_JSONPATH) or any(
        field in rule for rule in rules for field in _RULES_OF_JSONPATH
    )
