"""Inputs and results that a state can take, made from the paths that it reads."""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from account.errors import AccountError

Json = Any

# A path of the input, `$.a.b`; `$$.` begins those of the context object.
_PATH = re.compile(r"(?<![$\w])\$\.([A-Za-z_][\w.]*)")
_READS = (
    "InputPath",
    "Parameters",
    "ItemsPath",
    "ItemReader",
    "ItemSelector",
    "ErrorPath",
    "CausePath",
    "TimestampPath",
)
_TEXT = "a text"
# No state waits for it any more.
_TIME = "2026-01-01T00:00:00Z"


def input_of(state: Mapping[str, Json]) -> Json:
    """Return an input that has everything that a state reads."""
    document: Json = {}
    for path in sorted(set(_paths([state.get(name) for name in _READS]))):
        put(document, path, _TEXT)
    if state["Type"] == "Map" and "ItemsPath" in state:
        put(document, state["ItemsPath"].removeprefix("$."), [{"item": 0}])
    if "TimestampPath" in state:
        put(document, state["TimestampPath"].removeprefix("$."), _TIME)
    return document


def result_of(state: Mapping[str, Json]) -> Json:
    """Return a result of what a state calls that has everything that its ResultSelector reads."""
    if state["Type"] == "Map":
        return [{"status": "SUCCEEDED"}]
    result: Json = {"StatusCode": 200} if "lambda:invoke" in state["Resource"] else {}
    for path in sorted(set(_paths([state.get("ResultSelector")]))):
        put(result, path, _TEXT)
    return result


def put(document: Json, path: str, value: Json) -> None:
    """Set what is at a dotted path; an object that is there already stays."""
    *parents, last = path.split(".")
    for name in parents:
        if not isinstance(document.get(name), dict):
            document[name] = {}
        document = document[name]
    if not isinstance(document.get(last), dict):
        document[last] = value


def _paths(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield from _PATH.findall(value)
    elif isinstance(value, Mapping):
        yield from _paths(list(value.values()))
    elif isinstance(value, list):
        for each in value:
            yield from _paths(each)


def inputs_of_choice(state: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Yield an input for each rule of a Choice and for its default, with where it leads."""
    rules = state["Choices"]
    base: Json = {}
    for path in _always_there(rules):
        put(base, path, _TEXT)
    for denied in _denied(rules):
        _satisfy(denied, base)
    for rule in rules:
        _part(rule, base)
    for rule in rules:
        document = copy.deepcopy(base)
        _satisfy(rule, document)
        yield rule["Next"], document
    if "Default" in state:
        yield state["Default"], base


def _satisfy(rule: Mapping[str, Json], document: Json) -> None:
    """Change a document so that a rule of a Choice holds for it."""
    match rule:
        case {"And": list(rules)}:
            for each in rules:
                _satisfy(each, document)
        case {"Or": [first, *_]}:
            _satisfy(first, document)
        case {"Not": inner}:
            _remove(document, next(_leaves([inner]))["Variable"].removeprefix("$."))
        case {"Variable": str(variable), **tests}:
            _pass(tests, variable.removeprefix("$."), document)


def _pass(tests: Mapping[str, Json], path: str, document: Json) -> None:
    match tests:
        case {"StringEquals": value}:
            put(document, path, value)
        case {"StringMatches": pattern}:
            put(document, path, pattern.replace("*", "matched"))
        case {"NumericGreaterThanEqualsPath": other}:
            put(document, path, 10)
            put(document, other.removeprefix("$."), 10)
        case {"NumericGreaterThan": low}:
            put(document, path, low + 1)
        case {"BooleanEquals": value} | {"NumericLessThanEquals": value}:
            put(document, path, value)
        case {"IsBoolean": True}:
            put(document, path, value=False)
        case {"IsNumeric": True}:
            put(document, path, 0)
        case {"IsTimestamp": True}:
            put(document, path, _TIME)
        case {"IsPresent": True} | {"IsString": True}:
            put(document, path, _TEXT)
        case _:
            names = ", ".join(sorted(tests.keys() - {"Comment", "Next"}))
            raise AccountError(f"no input is known for a rule of a Choice that tests {names}")


def _part(rule: Mapping[str, Json], document: Json) -> None:
    """Keep two numbers apart that a rule compares, so that it does not hold by itself."""
    for each in rule.get("And", [rule]):
        if "NumericGreaterThanEqualsPath" in each:
            put(document, each["Variable"].removeprefix("$."), 0)
            put(document, each["NumericGreaterThanEqualsPath"].removeprefix("$."), 10)


def _always_there(rules: Iterable[Mapping[str, Json]]) -> set[str]:
    """Return what rules read and never ask the presence of: without it a Choice fails."""
    leaves = list(_leaves(rules))
    asked = {each["Variable"] for each in leaves if "IsPresent" in each}
    return {each["Variable"].removeprefix("$.") for each in leaves if each["Variable"] not in asked}


def _leaves(rules: Iterable[Mapping[str, Json]]) -> Iterator[Mapping[str, Json]]:
    for rule in rules:
        if "Variable" in rule:
            yield rule
        inner = [*rule.get("And", ()), *rule.get("Or", ())]
        yield from _leaves([*inner, *([rule["Not"]] if "Not" in rule else [])])


def _denied(rules: Iterable[Mapping[str, Json]]) -> Iterator[Mapping[str, Json]]:
    """Yield what stands behind a Not, at any depth."""
    for rule in rules:
        if "Not" in rule:
            yield rule["Not"]
        yield from _denied([*rule.get("And", ()), *rule.get("Or", ())])


def _remove(document: Json, path: str) -> None:
    *parents, last = path.split(".")
    for name in parents:
        document = document[name]
    document.pop(last, None)
