"""Where an error of an inserted state goes: where one of its neighbour goes, if it can."""

from collections.abc import Callable
from typing import TypeAlias

from statebag.machines.adopting.retries import TRANSIENT
from statebag.machines.flow.liveness import Liveness
from statebag.machines.flow.needs import under
from statebag.machines.model.states import Edge, Exit, Scope, State
from statebag.machines.rewriting.layout import value_of
from statebag.machines.text.nodes import Kind
from statebag.machines.values.expressions import WHOLE_DOCUMENT, Written
from statebag.machines.values.paths import DOCUMENT, Path
from universal_sync_core.values.codec import Json, JsonObject

# Gives the name that an edge to a state has to have now.
Target: TypeAlias = Callable[[str], str]


def catch_before(state: State, target: Target) -> list[Json]:
    """Return the Catch of a state for one before it: the document is the same there."""
    caught = state.node.get("Catch")
    if caught is None or any(node.kind is Kind.UNKNOWN for node in caught.walk()):
        return []
    return [_redirected(value_of(catcher), target) for catcher in caught.items]


def going_on(state: State, caught: list[Json]) -> list[Json]:
    """Return a Catch with which a document that no try could offload goes on as it is.

    Whether it then passes the limit is seen there: an outage of S3 alone keeps no compensation from
    running. Other errors, such as keys beside a pointer, end the execution where nobody catches
    them.
    """
    if any(type(catcher) is dict and _catches_all(catcher) for catcher in caught):
        return caught
    unchanged: JsonObject = (
        {"Output": "{% $states.input %}"} if state.is_jsonata else {"ResultPath": None}
    )
    return [*caught, {"ErrorEquals": [*TRANSIENT], **unchanged, "Next": state.name}]


def _catches_all(catcher: JsonObject) -> bool:
    errors = catcher.get("ErrorEquals")
    return type(errors) is list and "States.ALL" in errors


def catch_at_end(
    ending: list[State], scope: Scope, liveness: Liveness, target: Target
) -> list[Json]:
    """Return the Catch of the one state that ends a scope, or none.

    Its handlers see the document before the state; behind it they would see what it has written, so
    they must not read that.
    """
    if len(ending) != 1:
        return []
    (state,) = ending
    written = _written_by(state)
    handlers = [exit_ for exit_ in state.exits if exit_.edge is Edge.CATCH]
    if written is None or any(_reads(exit_, written, scope, liveness) for exit_ in handlers):
        return []
    return catch_before(state, target)


def _written_by(state: State) -> Path | None:
    """Return where a state writes into its document, or None where it replaces it."""
    outputs = [exit_.output for exit_ in state.exits if exit_.target is None]
    for output in outputs:
        if isinstance(output, Written) and output.base == WHOLE_DOCUMENT:
            return output.path
    return None


def _reads(handler: Exit, written: Path, scope: Scope, liveness: Liveness) -> bool:
    if handler.target is None:
        return True
    needs = under(liveness.entries.get(scope.states[handler.target], {}), DOCUMENT)
    return any(path[: len(written)] == written or written[: len(path)] == path for path in needs)


def _redirected(catcher: Json, target: Target) -> Json:
    if type(catcher) is not dict:
        return catcher
    return {
        key: target(value) if key == "Next" and isinstance(value, str) else value
        for key, value in catcher.items()
    }
