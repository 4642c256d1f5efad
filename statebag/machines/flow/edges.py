"""What is behind an edge: the document and the variables, as it leaves them."""

from statebag.machines.flow.planner import Values
from statebag.machines.flow.sizes import size_of
from statebag.machines.model.states import Edge, Exit, State
from statebag.machines.values.expressions import Ref
from statebag.machines.values.paths import DOCUMENT, ERROR, RESULT


def behind_edge(state: State, exit_: Exit, values: Values) -> Values:
    """Return the values behind an edge of a state."""
    return _through(exit_, _met(state, exit_, values))


def _met(state: State, exit_: Exit, values: Values) -> Values:
    """Return the values that an edge meets.

    An offload state is not judged by the outages in which its Catch lets a document go on as it is.
    """
    call = state.call
    if exit_.edge is not Edge.CATCH or call is None or call.service.most is None:
        return values
    if not isinstance(call.document, Ref) or call.document.path != (DOCUMENT,):
        return values
    return {**values, DOCUMENT: values[DOCUMENT].capped(call.service.most)}


def _through(exit_: Exit, values: Values) -> Values:
    made: Values = {name: size_of(each, values).moved() for name, each in exit_.assigns.items()}
    document = size_of(exit_.output, values).moved()
    kept = {root: shape for root, shape in values.items() if root not in {RESULT, ERROR}}
    return {**kept, **made, DOCUMENT: document}
