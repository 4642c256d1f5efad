"""Machines of a few states for tests, as definitions and as what is read of them."""

import json
from typing import Any, Final

from statebag.machines.flow.liveness import Liveness
from statebag.machines.flow.needs import under
from statebag.machines.model.reading import read_machine
from statebag.machines.model.states import Scope, State
from statebag.machines.planning.handlers import Decorated
from statebag.machines.planning.words import Words, words_of
from statebag.machines.text.source import read_text
from statebag.machines.values.paths import DOCUMENT

INVOKE: Final = "arn:aws:states:::lambda:invoke"
Fields = dict[str, Any]


def machine(states: dict[str, Fields], **others: Any) -> Fields:
    """Return a definition whose states follow each other, where they do not say otherwise."""
    names = list(states)
    linked: Fields = {}
    for position, (name, state) in enumerate(states.items()):
        is_last = position == len(names) - 1
        ends = {"Next", "End", "Default"} & state.keys() or state["Type"] in {"Succeed", "Fail"}
        onward: Fields = {"End": True} if is_last else {"Next": names[position + 1]}
        linked[name] = {**state, **({} if ends else onward)}
    return {"StartAt": names[0], "States": linked, **others}


def task(function: str = "Work", payload: str = "$", **others: Any) -> Fields:
    """Return a state that invokes a function."""
    parameters = {"FunctionName": function, "Payload.$": payload}
    return {"Type": "Task", "Resource": INVOKE, "Parameters": parameters, **others}


def service(name: str, parameters: Fields, **others: Any) -> Fields:
    """Return a state that calls another service, such as `sns:publish`."""
    resource = f"arn:aws:states:::{name}"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, **others}


def mapping(body: Fields, **others: Any) -> Fields:
    """Return an inline Map over a body."""
    return {"Type": "Map", "ItemProcessor": body, **others}


def read(definition: Fields) -> Scope:
    """Return a machine as it is read."""
    source = read_text(json.dumps(definition), name="test.asl.json")
    return read_machine(source, source.machines[0])


def state_of(scope: Scope, *path: str) -> State:
    """Return a state by the names down to it."""
    return next(state for state in scope.walk() if state.path == path)


def words_before(definition: Fields, *path: str, decorated: tuple[str, ...] = ()) -> Words:
    """Return what stays plain, listed and open before a state."""
    scope = read(definition)
    liveness = Liveness(scope, Decorated.named(decorated))
    return words_of(under(liveness.entries[state_of(scope, *path)], DOCUMENT))
