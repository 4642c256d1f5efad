"""The order in which states can be reached."""

from statebag.machines.model.states import Scope, State


def order_of(scope: Scope) -> list[State]:
    """Return the states that can be reached, each before those behind it where there is no loop."""
    seen = {scope.start}
    finished: list[State] = []
    pending = [(scope.states[scope.start], _targets(scope.states[scope.start]))]
    while pending:
        state, targets = pending[-1]
        if targets:
            name = targets.pop()
            if name not in seen:
                seen.add(name)
                found = scope.states[name]
                pending.append((found, _targets(found)))
        else:
            finished.append(state)
            pending.pop()
    return finished[::-1]


def has_loop(scope: Scope) -> bool:
    """Tell whether a state can be reached from itself."""
    position = {state.name: index for index, state in enumerate(order_of(scope))}
    return any(
        position[exit_.target] <= position[name]
        for name, state in scope.states.items()
        if name in position
        for exit_ in state.exits
        if exit_.target is not None
    )


def _targets(state: State) -> list[str]:
    return [exit_.target for exit_ in reversed(state.exits) if exit_.target is not None]
