"""Whether a state machine goes on where an earlier execution stopped, if it is started from there.

It does where its first state takes the bag up and all else is for the bag to route: then what has
succeeded is not entered again. A machine that keeps states of its own begins with the first of
them, whatever the bag says.
"""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

from statebag.account.aws import Cloud
from statebag.account.deployment import definition_of
from statebag.errors import RefusedError
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.workflow.continuation import RESUME_FROM

States = Mapping[str, JsonObject]

# Actions of the manager that only keep state, and may be made again.
BOOKKEEPING: Final = frozenset(
    {
        "aggregate_branches",
        "aggregate_distributed",
        "complete_branch",
        "create_snapshot",
        "decompress",
        "fork_branch",
        "hand_over",
        "hydrate",
        "init",
        "merge_async",
        "merge_callback",
        "offload",
        "record_end",
        "record_failure",
        "request_callback",
        "restore_snapshot",
        "stage_items",
        "store_result",
        "sync",
        "sync_branch",
        "update_and_compress",
    }
)
# How a definition says that `init` gets the input of the execution.
_WHOLE_INPUT: Final = {
    ("input.$", "$"),
    ("input.$", "$$.Execution.Input"),
    ("input", "{% $states.input %}"),
    ("input", "{% $states.context.Execution.Input %}"),
}
_ROUTED_BY: Final = "next_action"
_THIS_MACHINE: Final = "$$.StateMachine.Id"


def require_restartable(cloud: Cloud, machine_arn: str, execution_arn: str) -> None:
    """Refuse to start a machine from the state of an execution where steps would run twice.

    Args:
        cloud: where it runs.
        machine_arn: the machine that would be started.
        execution_arn: the execution to go on from.

    Raises:
        RefusedError: the machine keeps states of its own.
    """
    if not can_restart(cloud, machine_arn):
        message = (
            f"{machine_arn} has states of its own, and a new execution would run them all again"
        )
        hint = f"Let Step Functions go on at the failed state: {redrive_command(execution_arn)}"
        raise RefusedError(message, hint=hint)


def can_restart(cloud: Cloud, machine_arn: str) -> bool:
    """Tell whether a state machine goes on from a state, as it is deployed now."""
    return goes_on_from_state(definition_of(cloud, machine_arn))


def redrive_command(execution_arn: str) -> str:
    """Return the command that has Step Functions go on at the state that failed."""
    return f"aws stepfunctions redrive-execution --execution-arn {shlex.quote(execution_arn)}"


def goes_on_from_state(definition: JsonObject) -> bool:
    """Tell whether a machine's first state takes a bag up, and the bag routes all that follows."""
    first = definition["States"][definition["StartAt"]]
    manager = _manager_of(first)
    if manager is None:
        return False
    router = _router(definition["States"], first.get("Next"), manager)
    return router is not None and _is_routed(definition["States"], manager, router)


def _manager_of(state: JsonObject) -> str | None:
    """Return the function of a state that takes the execution's input up, or None."""
    arguments = _arguments(state)
    payload = arguments.get("Payload")
    function = arguments.get("FunctionName")
    if type(payload) is not dict or not isinstance(function, str) or "InputPath" in state:
        return None
    takes_all = any(payload.get(name) == value for name, value in _WHOLE_INPUT)
    return function if payload.get("action") == "init" and takes_all else None


def _router(states: States, name: Json, manager: str) -> str | None:
    """Return the Choice on the bag's next action that comes before all work, or None."""
    seen: set[str] = set()
    while isinstance(name, str) and name not in seen:
        seen.add(name)
        state = states[name]
        if state["Type"] == "Choice":
            return name if _reads_next_action(state) else None
        if _does_work(state, manager):
            return None
        name = state.get("Next")
    return None


def _is_routed(states: States, manager: str, router: str | None) -> bool:
    """Tell whether at most one state does work between two visits of the router.

    The body of a Map may have none: then one state of it works, and may go round.
    """
    for name, state in states.items():
        if not _has_routed_bodies(state, manager):
            return False
        after = _after(states, name, router) - ({name} if router is None else set())
        works = _does_work(state, manager)
        if works and any(_does_work(states[each], manager) for each in after):
            return False
    return True


def _has_routed_bodies(state: JsonObject, manager: str) -> bool:
    """Tell the same of what is inside a Map, or of a Parallel of which one branch works."""
    working = [body for body in _bodies(state) if _any_work(body["States"], manager)]
    return len(working) <= 1 and all(
        _is_routed(body["States"], manager, _router(body["States"], body["StartAt"], manager))
        for body in working
    )


def _after(states: States, name: str, router: str | None) -> set[str]:
    """Return the states that may follow one, as far as the next visit of the router."""
    found: set[str] = set()
    waiting = list(_next_of(states[name]))
    while waiting:
        each = waiting.pop()
        if each != router and each not in found:
            found.add(each)
            waiting += _next_of(states[each])
    return found


def _next_of(state: JsonObject) -> Iterator[str]:
    """Yield the states that may follow where this one does not fail."""
    for way in (state, *state.get("Choices", ())):
        yield from (way[key] for key in ("Next", "Default") if key in way)


def _does_work(state: JsonObject, manager: str) -> bool:
    """Tell whether entering a state again may do something again."""
    if state["Type"] != "Task":
        return any(_any_work(body["States"], manager) for body in _bodies(state))
    arguments = _arguments(state)
    if _goes_on_itself(arguments):
        return False
    payload = arguments.get("Payload")
    action = payload.get("action") if type(payload) is dict else None
    return arguments.get("FunctionName") != manager or action not in BOOKKEEPING


def _goes_on_itself(arguments: JsonObject) -> bool:
    """Tell whether a task starts the machine itself from a bag, which routes what follows."""
    given = arguments.get("Input")
    is_itself = arguments.get("StateMachineArn.$") == _THIS_MACHINE
    return is_itself and type(given) is dict and f"{RESUME_FROM}.$" in given


def _any_work(states: States, manager: str) -> bool:
    return any(_does_work(state, manager) for state in states.values())


def _bodies(state: JsonObject) -> Iterator[JsonObject]:
    """Yield the machines inside a Map or a Parallel."""
    bodies = (state.get("ItemProcessor"), state.get("Iterator"), *state.get("Branches", ()))
    yield from filter(None, bodies)


def _arguments(state: JsonObject) -> JsonObject:
    found: Any = state.get("Parameters", state.get("Arguments"))
    return found if type(found) is dict else {}


def _reads_next_action(value: Any) -> bool:
    """Tell whether a Choice compares the next action of the bag."""
    if type(value) is dict:
        return any(
            _names_next_action(item)
            if key in ("Variable", "Condition")
            else _reads_next_action(item)
            for key, item in value.items()
        )
    return type(value) is list and any(map(_reads_next_action, value))


def _names_next_action(text: Any) -> bool:
    return isinstance(text, str) and f"state_data.{_ROUTED_BY}" in text
