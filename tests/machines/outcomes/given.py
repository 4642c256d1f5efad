"""The document that the rows begin with, and what they do with it."""

from typing import Any, Final

from tests.machines.building import Fields, machine, mapping, service, task
from tests.machines.outcomes.case import FILL, PAD, SENT, Case, answer

END: Final = {"Type": "Succeed"}
NO: Final = {"Type": "Fail", "Error": "No"}
LINES: Final = [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}]
# What the machines read in place comes from the definition, so that its size is known; the pad
# makes the order as a whole too large to stay.
ORDER: Final[Fields] = {
    "id": 7,
    "limit": 7,
    "note": "soon",
    "at": "2020-01-01T00:00:00Z",
    "json": '{"a": [1, 2]}',
    "queue": "https://queue",
    "lines": LINES,
    "orders": [{"lines": LINES}, {"lines": LINES}],
    "results": {},
    "kept": {},
    "pad": PAD,
}
GIVEN: Final[Fields] = {"Given": {"Type": "Pass", "Result": ORDER, "ResultPath": "$.order"}}
# A small answer of which more is to be feared: an offload has to stand before it.
FILLING: Final = task("fill", "$.order.id", ResultPath="$.fill")
FEARED: Final = {"answer_bytes": 4096, "seen_answers": {"Fill": 240_000}, "input_bytes": 32_768}


def send(message: str, **fields: Any) -> Fields:
    parameters = {"QueueUrl.$": "$.order.queue", "MessageBody.$": message}
    return service("sqs:sendMessage", parameters, **{"ResultPath": None, **fields})


def choice(variable: str, test: Fields, then: str, default: str) -> Fields:
    rule = {"Variable": variable, **test, "Next": then}
    return {"Type": "Choice", "Choices": [rule], "Default": default}


def row(states: dict[str, Fields], given: Fields = GIVEN, **fields: Any) -> Case:
    """Return a machine that has an order, fears an answer, and then does something with both."""
    mocks = fields.pop("mocks", {})
    sending = {name: SENT for name, state in _all(states) if "sqs" in str(state.get("Resource"))}
    return Case(
        definition=machine({**given, "Fill": FILLING, **states}),
        mocks={"Fill": answer(FILL), **sending, **mocks},
        assumed=FEARED,
        **fields,
    )


def asked(test: Fields, variable: str) -> Case:
    """Return a machine in which a Choice asks something that is so."""
    return row(
        {
            "Ask": choice(variable, test, "Yes", "No"),
            "Yes": send("$.order.note", Next="End"),
            "No": NO,
            "End": END,
        }
    )


def each(body: Fields, **fields: Any) -> Fields:
    return mapping(body, **{"ItemsPath": "$.order.lines", "ResultPath": "$.done", **fields})


def _all(states: dict[str, Fields]) -> list[tuple[str, Fields]]:
    found = []
    for name, state in states.items():
        found.append((name, state))
        for inner in [state.get("ItemProcessor"), *state.get("Branches", [])]:
            found += _all(inner["States"]) if inner else []
    return found
