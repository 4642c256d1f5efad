"""What cannot run on the local cloud, or nowhere: found when a machine is made, state by state."""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from ..errors import LocalCloudError
from .expressions import ExpressionError, check, expression_of
from .resources import why_not
from .scopes import Scope, scopes_of

State = Mapping[str, Any]
_EVAL = "$eval("
# https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html
_TEMPLATES = ("Parameters", "ItemSelector", "ResultSelector", "Assign")
# https://states-language.net/spec.html#state-machine-structure
_NAME_CHARACTERS = 80
# https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
_RESERVED = "states"
# https://states-language.net/spec.html#state-type-table
_NEVER_CAUGHT = {"Pass", "Choice", "Wait", "Succeed", "Fail"}
_GOING_ON = {"Task", "Map", "Parallel", "Pass", "Wait"}
_PATH_OR_CALL = re.compile(r"\$.*|States\.\w+\(.*\)", re.DOTALL)
# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
_OF_DISTRIBUTED = ("ItemBatcher", "ItemReader", "ResultWriter")
_MOST_PERCENT = 100


def check_machine(
    name: str,
    definition: Mapping[str, Any],
    mocked: Collection[str],
    parse: Callable[[str], object],
) -> None:
    """Raise LocalCloudError where a machine cannot run, with every state and the reason.

    Args:
        name: of the machine.
        definition: its definition.
        mocked: states that have mocks.
        parse: reads a definition as the cloud does, or raises.
    """
    problems = list(_problems(definition, mocked))
    if not problems:
        problems = list(_unreadable(definition, parse))
    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise LocalCloudError(f"the state machine {name!r} cannot run here:\n{listed}")


def _problems(definition: Mapping[str, Any], mocked: Collection[str]) -> Iterator[str]:
    scopes = list(scopes_of(definition))
    times = Counter(name for scope in scopes for name in scope.states)
    yield from (f"{count} states are named {name!r}" for name, count in times.items() if count > 1)
    for scope in scopes:
        yield from _missing(scope)
        for name, state in scope.states.items():
            for problem in _of_state(name, state, scope, mocked):
                yield f"the state {name!r}: {problem}"


def _missing(scope: Scope) -> Iterator[str]:
    """Find what a scope goes to and does not have."""
    if scope.start not in scope.states:
        yield f"{scope.place} starts with {scope.start!r}, which is not a state of it"
    reached = _reached(scope)
    yield from (f"the state {name!r} is never reached" for name in scope.states.keys() - reached)
    for name, state in scope.states.items():
        for target in _targets(state):
            if target not in scope.states:
                yield (
                    f"the state {name!r} goes on to {target!r}, which is not a state of"
                    f" {scope.place}"
                )


def _reached(scope: Scope) -> set[str]:
    reached, pending = set(), [scope.start]
    while pending:
        name = pending.pop()
        if name not in reached and name in scope.states:
            reached.add(name)
            pending += _targets(scope.states[name])
    return reached


def _targets(state: State) -> Iterator[str]:
    named = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    rules = (each for each in named if isinstance(each, Mapping))
    yield from (rule["Next"] for rule in rules if isinstance(rule.get("Next"), str))
    if isinstance(state.get("Default"), str):
        yield state["Default"]


def _of_state(name: str, state: State, scope: Scope, mocked: Collection[str]) -> Iterator[str]:
    resource = state.get("Resource")
    if state.get("Type") == "Task" and isinstance(resource, str):
        if name not in mocked and (reason := why_not(resource)):
            yield f"{reason}; give it a mock"
        if scope.express and resource.endswith((".waitForTaskToken", ".sync", ".sync:2")):
            yield f"{resource} waits, which a child of the type EXPRESS cannot do"
    yield from _of_type(name, state)
    yield from _behind_all(state)
    yield from _of_map(state)
    for each in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        yield from _of_variables(each)
    if scope.language_of(state) == "JSONata":
        for expression in _expressions(state):
            try:
                check(expression)
            except ExpressionError as error:
                yield f"the expression {expression!r} {error}"
            if _EVAL in expression.replace(" ", ""):
                yield f"the expression {expression!r} calls $eval, which Step Functions refuses"
    else:
        for field in _TEMPLATES:
            yield from _without_path(state.get(field))


def _of_type(name: str, state: State) -> Iterator[str]:
    """Find a name that is none, and what a state of its type must have or cannot."""
    if not 0 < len(name) <= _NAME_CHARACTERS:
        yield f"its name has {len(name)} characters, not 1 to {_NAME_CHARACTERS}"
    kind = state.get("Type")
    if kind in _GOING_ON and not {"Next", "End"} & state.keys():
        yield "it has neither Next nor End"
    if kind in _NEVER_CAUGHT:
        yield from (f"a {kind} has no {field}" for field in ("Retry", "Catch") if field in state)


def _of_variables(assigning: Any) -> Iterator[str]:
    """Find what Assign names and no variable can be named."""
    assigned = assigning.get("Assign") if isinstance(assigning, Mapping) else None
    for key in assigned if isinstance(assigned, Mapping) else ():
        name = key.removesuffix(".$")
        if not name.isidentifier() or name == _RESERVED or len(name) > _NAME_CHARACTERS:
            yield (
                f"Assign names a variable {name!r}: a name has letters, digits and _, begins with"
                f" no digit, has up to {_NAME_CHARACTERS} characters, and is not {_RESERVED!r}"
            )


def _behind_all(state: State) -> Iterator[str]:
    """Find retriers and catchers that no error reaches.

    https://states-language.net/spec.html#errors
    """
    for field in ("Retry", "Catch"):
        if any("States.ALL" in each.get("ErrorEquals", ()) for each in state.get(field, ())[:-1]):
            yield f"States.ALL is in {field} before its last element"


def _of_map(state: State) -> Iterator[str]:
    """Find what an inline Map says and cannot do, and batches without a bound."""
    config = state.get("ItemProcessor", {}).get("ProcessorConfig", {})
    if state.get("Type") == "Map" and config.get("Mode") != "DISTRIBUTED":
        yield from (
            f"{field} is of a Map in the mode DISTRIBUTED, which its ProcessorConfig does not say"
            for field in _OF_DISTRIBUTED
            if field in state
        )
    percent = state.get("ToleratedFailurePercentage")
    if isinstance(percent, int | float) and not 0 <= percent <= _MOST_PERCENT:
        yield f"ToleratedFailurePercentage is {percent}, not 0 to {_MOST_PERCENT}"
    batcher = state.get("ItemBatcher")
    if isinstance(batcher, Mapping) and not any(each.startswith("Max") for each in batcher):
        yield "ItemBatcher has neither MaxItemsPerBatch nor MaxInputBytesPerBatch"


def _without_path(value: Any) -> Iterator[str]:
    """Find what a template names as a path or a call, and is neither."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            is_found = isinstance(item, str) and _PATH_OR_CALL.fullmatch(item)
            if key.endswith(".$") and not is_found:
                yield f"{key} is {item!r}, which is neither a JSONPath nor an intrinsic function"
            yield from _without_path(item)
    elif isinstance(value, list):
        for item in value:
            yield from _without_path(item)


def _expressions(value: Any) -> Iterator[str]:
    """Find the expressions of a state, without those of states inside it."""
    if isinstance(value, str):
        if (expression := expression_of(value)) is not None:
            yield expression
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in {"ItemProcessor", "Iterator", "Branches"}:
                yield from _expressions(item)
    elif isinstance(value, list):
        for item in value:
            yield from _expressions(item)


def _unreadable(definition: Mapping[str, Any], parse: Callable[[str], object]) -> Iterator[str]:
    """Find the states that the cloud's own parser refuses, inner ones first."""
    refused = _refusal(definition, parse)
    if refused is None:
        return
    for scope in reversed(list(scopes_of(definition))):
        for name, state in scope.states.items():
            alone = {"QueryLanguage": scope.language, "StartAt": name, "States": {name: state}}
            if reason := _refusal(alone, parse):
                yield f"the state {name!r}: {reason}"
                return
    yield refused


def _refusal(definition: Mapping[str, Any], parse: Callable[[str], object]) -> str | None:
    try:
        parse(json.dumps(definition))
    except Exception as error:  # noqa: BLE001 - moto's parser raises whatever it stumbles over
        return str(error) or type(error).__name__
    return None
