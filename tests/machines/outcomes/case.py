"""A machine with what answers for it, adopted as the command does and as a naive person would."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from statebag.machines.adopting.adoption import FUNCTION, Adoption, adopt
from statebag.machines.flow.bounds import LIMIT, Assumptions
from statebag.machines.planning.handlers import Decorated
from statebag.machines.text.source import read_text
from tests.machines.building import INVOKE, Fields

# Large enough that a document with it is over what a tight offload leaves.
PAD: Final = "p" * 3000
FILL: Final = "f" * 20_000
INPUT: Final[Fields] = {"text": "two of them"}
SENT: Final[Fields] = {"result": {}}


def with_long_text(value: Any, size: int) -> Any:
    return {**value, "text": "t" * size}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A machine and what answers for its tasks.

    Attributes:
        definition: the machine before.
        mocks: by the name of the state.
        decorated: states whose handlers are.
        input: of both.
        items: of a Map, at most.
        assumed: when it is adopted, beside that; by default an input as large as there can be.
        words: whether something breaks where an offload does not know what is read.
        inflate: how it becomes too large for the first machine.
        tight: bytes that an offload leaves where the data is small.
    """

    definition: Fields
    mocks: Mapping[str, Any]
    decorated: tuple[str, ...] = ()
    input: Any = field(default_factory=lambda: INPUT)
    items: int = 5
    assumed: Mapping[str, Any] = field(default_factory=lambda: {"input_bytes": LIMIT})
    words: bool = True
    inflate: bool | Callable[[Any, int], Any] = with_long_text
    tight: int = 3000

    def adoption(self, **assumed: Any) -> Adoption:
        """Return what `statebag adopt` makes of it."""
        source = read_text(json.dumps(self.definition, indent=2), name="test")
        given = {"input_bytes": LIMIT, "items": self.items, **self.assumed, **assumed}
        assumptions = Assumptions(**given)
        return adopt(source, assumptions, Decorated.named(self.decorated), FUNCTION)

    def adopted(self) -> Fields:
        """Return the machine with what it needs; nothing of it may be refused."""
        adoption = self.adoption()
        assert not [refused for each in adoption.machines for refused in each.planned.plan.refusals]
        return json.loads(adoption.text)  # type: ignore[no-any-return]


def answer(value: Any) -> Fields:
    return {"result": {"Payload": value}}


def tightened(value: Any, at_most: int) -> Any:
    """Return a machine whose offloads leave little, so that all leaves that may."""
    if isinstance(value, list):
        return [tightened(item, at_most) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: at_most if key == "at_most" else tightened(item, at_most)
        for key, item in value.items()
    }


def wordless(value: Any) -> Any:
    """Return a machine whose offloads stand where they did, and keep nothing for later states."""
    if isinstance(value, list):
        return [wordless(item) for item in value]
    if not isinstance(value, dict):
        return value
    is_offload = value.get("action") == "offload"
    words = {"open", "list", "plain"} if is_offload else set()
    return {key: wordless(item) for key, item in value.items() if key not in words}


def naive(scope: Fields, at_most: int, language: str = "JSONPath") -> Fields:
    """Return a machine that offloads behind whatever brings something in, and asks no reader."""
    language = scope.get("QueryLanguage", language)
    states: dict[str, Fields] = {}
    for name, state in scope["States"].items():
        own = state.get("QueryLanguage", language)
        inside = _bodies(state, at_most, own)
        if state["Type"] not in {"Task", "Map", "Parallel"}:
            states[name] = inside
            continue
        behind = f"Naive {name}"
        onward = {key: value for key, value in inside.items() if key in {"Next", "End"}}
        kept = {key: value for key, value in inside.items() if key not in onward}
        states[name] = {**kept, "Next": behind}
        states[behind] = {**_offload(at_most, is_jsonata=own == "JSONata"), **onward}
    return {**scope, "States": states}


def _bodies(state: Fields, at_most: int, language: str) -> Fields:
    changed: Fields = {}
    for key in ("ItemProcessor", "Iterator"):
        if key in state:
            changed[key] = naive(state[key], at_most, language)
    if "Branches" in state:
        changed["Branches"] = [naive(branch, at_most, language) for branch in state["Branches"]]
    return {**state, **changed}


def _offload(at_most: int, *, is_jsonata: bool) -> Fields:
    head = {"Type": "Task", "Resource": INVOKE}
    payload = {"action": "offload", "at_most": at_most}
    if is_jsonata:
        whole = {
            **payload,
            "document": "{% $states.input %}",
            "execution_id": "{% $states.context.Execution.Id %}",
        }
        return {
            **head,
            "QueryLanguage": "JSONata",
            "Arguments": {"FunctionName": FUNCTION, "Payload": whole},
            "Output": "{% $states.result.Payload.document %}",
        }
    whole = {**payload, "document.$": "$", "execution_id.$": "$$.Execution.Id"}
    return {
        **head,
        "Parameters": {"FunctionName": FUNCTION, "Payload": whole},
        "OutputPath": "$.Payload.document",
    }
