"""The states that a plan asks for: names, and fields in the language of their place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from statebag.machines.adopting.catches import catch_at_end, catch_before, going_on
from statebag.machines.adopting.owners import Owners
from statebag.machines.adopting.retries import RETRIES
from statebag.machines.flow.needs import Needs, under
from statebag.machines.flow.order import order_of
from statebag.machines.flow.shapes import Shape, plain_size
from statebag.machines.model.states import Edge, Scope, State
from statebag.machines.planning.planning import Planned
from statebag.machines.planning.words import words_of
from statebag.machines.rewriting.partitions import invoke_in
from statebag.machines.text.source import Source
from statebag.machines.values.paths import DOCUMENT
from universal_sync_core.limits import KIB
from universal_sync_core.values.codec import JsonObject

COMMENT: Final = "Inserted by statebag adopt"
BEFORE: Final = "Offload before "
AFTER: Final = "Offload after "
# https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
_LONGEST_NAME: Final = 80
_TIMEOUT_SECONDS: Final = 330


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertion:
    """A state to insert.

    Attributes:
        name: of it.
        scope: that it stands in.
        state: before which it stands; of the end of a scope, the first that ends it.
        is_end: whether it stands at the end of its scope.
        at_most: bytes that the document is left at.
        body: its fields.
    """

    name: str
    scope: Scope
    state: State
    is_end: bool
    at_most: int
    body: JsonObject

    @property
    def is_caught(self) -> bool:
        """Whether an error in it is handled as one of its neighbour is."""
        return "Catch" in self.body


@dataclass(slots=True, kw_only=True)
class Insertions:
    """Makes the states of a plan.

    Attributes:
        planned: the plan, with the bounds that it leads to.
        machine: which it is for.
        source: the text that it stands in.
        function: that has the action `offload`.
        owners: tell whose objects are stored where.
    """

    planned: Planned
    machine: Scope
    source: Source
    function: str
    owners: Owners
    _names: dict[State, str] = field(default_factory=dict)

    def made(self) -> list[Insertion]:
        """Return them, those before states first."""
        taken = {state.name for state in self.machine.walk()}
        before = dict(self._before())
        for state in before:
            self._names[state] = _free_name(BEFORE, state.name, taken)
        made = [self._made_before(state, bound) for state, bound in before.items()]
        return [*made, *self._made_at_ends(taken)]

    def target(self, scope: Scope, name: str) -> str:
        """Return what an edge to a state leads to now."""
        return self._names.get(scope.states[name], name)

    def _before(self) -> Iterator[tuple[State, int]]:
        """Yield states and bounds; where a scope ends with a Succeed, that is the state."""
        yield from self.planned.plan.before.items()
        for scope, bound in self.planned.plan.ends.items():
            for state in order_of(scope):
                if state.kind == "Succeed" and state not in self.planned.plan.before:
                    yield state, bound

    def _made_before(self, state: State, bound: int) -> Insertion:
        scope = self.machine.scope_of(state)
        needs = under(self.planned.liveness.entries[state], DOCUMENT)
        document = self.planned.growth.entries[state][DOCUMENT]
        at_most = _rounded(max(bound, self._plain(document, needs)))
        body = self._body(state, f'before "{state.name}"', at_most, needs)
        caught = catch_before(state, partial(self.target, scope))
        body |= {"Catch": going_on(state, caught)}
        return Insertion(
            name=self._names[state],
            scope=scope,
            state=state,
            is_end=False,
            at_most=at_most,
            body=body | {"Next": state.name},
        )

    def _made_at_ends(self, taken: set[str]) -> Iterator[Insertion]:
        for scope, bound in self.planned.plan.ends.items():
            ending = [state for state in order_of(scope) if has_end(state)]
            if not ending:
                continue
            needs = self.planned.liveness.ends[scope]
            sizes = [
                values[DOCUMENT]
                for state in ending
                for exit_, values in self.planned.growth.outcomes[state].values
                if exit_.target is None
            ]
            at_most = _rounded(max([bound, *(self._plain(size, needs) for size in sizes)]))
            body = self._body(ending[0], "at the end", at_most, needs)
            target = partial(self.target, scope)
            caught = catch_at_end(ending, scope, self.planned.liveness, target)
            body |= {"Catch": caught} if caught else {}
            yield Insertion(
                name=_free_name(AFTER, ending[0].name, taken),
                scope=scope,
                state=ending[0],
                is_end=True,
                at_most=at_most,
                body=body | {"End": True},
            )

    def _body(self, beside: State, where: str, at_most: int, needs: Needs) -> JsonObject:
        """Return the fields of a state but for its edges, in the language of the one beside it."""
        language = beside.node.text("QueryLanguage")
        if beside.is_jsonata and not self.machine.is_jsonata:
            language = "JSONata"  # also where the state around it says so
        head: JsonObject = {
            "Type": "Task",
            "Comment": f"{COMMENT} {where}: stores large values in S3.",
            **({"QueryLanguage": language} if language else {}),
            "Resource": invoke_in(self.source, self.machine.node),
        }
        words = words_of(needs).to_json()
        call = _jsonata if beside.is_jsonata else _jsonpath
        owner = self.owners.of(beside.path, is_jsonata=beside.is_jsonata)
        return {
            **head,
            **call(self.function, owner, at_most, words),
            "TimeoutSeconds": _TIMEOUT_SECONDS,
            "Retry": [*RETRIES],
        }

    def _plain(self, document: Shape, needs: Needs) -> int:
        return plain_size(document, needs, self.planned.growth.assumed.items_of_any)


def has_end(state: State) -> bool:
    """Tell whether a state has `End`, as all but a Succeed have where their scope ends."""
    return any(exit_.edge is Edge.END and exit_.node is not None for exit_ in state.exits)


def _jsonpath(function: str, owner: str, at_most: int, words: JsonObject) -> JsonObject:
    payload: JsonObject = {
        "action": "offload",
        "execution_id.$": owner,
        "document.$": "$",
        "at_most": at_most,
        **words,
    }
    return {
        "Parameters": {"FunctionName": function, "Payload": payload},
        "OutputPath": "$.Payload.document",
    }


def _jsonata(function: str, owner: str, at_most: int, words: JsonObject) -> JsonObject:
    payload: JsonObject = {
        "action": "offload",
        "execution_id": f"{{% {owner} %}}",
        "document": "{% $states.input %}",
        "at_most": at_most,
        **words,
    }
    return {
        "Arguments": {"FunctionName": function, "Payload": payload},
        "Output": "{% $states.result.Payload.document %}",
    }


def _free_name(prefix: str, name: str, taken: set[str]) -> str:
    """Return a name that no state of the machine has; one that would be too long is cut."""
    wanted, number = f"{prefix}{name}", 1
    found = wanted[:_LONGEST_NAME]
    while found in taken:
        number += 1
        mark = f" ({number})"
        found = f"{wanted[: _LONGEST_NAME - len(mark)]}{mark}"
    taken.add(found)
    return found


def _rounded(size: int) -> int:
    return -(-size // KIB) * KIB
