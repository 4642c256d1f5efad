"""Children of a Distributed Map are told who owns what they store, where nobody else sees it."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.machines.adopting import OPTIONS, write
from tests.machines.building import Fields, machine, mapping, task, words_before
from tests.statebag.conftest import Run

BODY: Final = task("do", "$.order", OutputPath="$.Payload")
WHOLE: Final = task("do", "$", OutputPath="$.Payload")
SELECTOR: Final = {"order.$": "$.order", "n": 1}


def distributed(state: Fields, **fields: Any) -> Fields:
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    each = mapping({**machine({"Do": state}), **config}, ItemsPath="$.lines", ResultPath="$.done")
    return machine({"Each": {**each, **fields}, "End": {"Type": "Succeed"}})


def jsonata(state: Fields) -> Fields:
    body = {**machine({"Do": state}), "ProcessorConfig": {"Mode": "DISTRIBUTED"}}
    each = {
        "Type": "Map",
        "Items": "{% $states.input.lines %}",
        "ItemSelector": {"order": "{% $states.input.order %}"},
        "ItemProcessor": body,
    }
    return machine({"Each": each}, QueryLanguage="JSONata")


HANDED: Final[dict[str, tuple[Fields, str]]] = {
    "by an item selector": (
        distributed(BODY, ItemSelector=SELECTOR),
        "$$.Execution.Input.statebag_owner",
    ),
    "by the input of a batch": (
        distributed(
            task("do", "$.BatchInput.order", OutputPath="$.Payload"),
            ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"order.$": "$.order"}},
        ),
        "$$.Execution.Input.BatchInput.statebag_owner",
    ),
    "by a batch without an input": (
        distributed(
            task("do", "$.Items", OutputPath="$.Payload"), ItemBatcher={"MaxItemsPerBatch": 2}
        ),
        "$$.Execution.Input.BatchInput.statebag_owner",
    ),
    "in JSONata": (
        jsonata(
            {
                "Type": "Task",
                "Resource": BODY["Resource"],
                "Arguments": {"FunctionName": "do", "Payload": "{% $states.input.order %}"},
                "Output": "{% $states.result.Payload %}",
            }
        ),
        "$states.context.Execution.Input.statebag_owner",
    ),
}
LEFT: Final = {
    "there is no selector": distributed(BODY),
    "a handler takes the whole document": distributed(WHOLE, ItemSelector=SELECTOR),
    "the document is the answer": distributed(
        task("do", "$.order", ResultPath=None), ItemSelector=SELECTOR
    ),
    "the input of the execution is read": distributed(
        task("do", "$$.Execution.Input", OutputPath="$.Payload"), ItemSelector=SELECTOR
    ),
    "the context is read, and the input in it": distributed(
        task("do", "$$.Execution", OutputPath="$.Payload"), ItemSelector=SELECTOR
    ),
    "all of the context is": distributed(
        task("do", "$$", OutputPath="$.Payload"), ItemSelector=SELECTOR
    ),
    "the key is taken": distributed(BODY, ItemSelector={**SELECTOR, "statebag_owner": "me"}),
}


def adopted(run: Run, folder: Path, text: str) -> str:
    file, new = write(folder, "m.json", text), folder / "new.json"
    run("adopt", str(file), *OPTIONS, "-o", str(new), "--force")
    return new.read_text()


@pytest.mark.parametrize("indent", [None, 2], ids=["one line", "indented"])
@pytest.mark.parametrize(("definition", "owner"), HANDED.values(), ids=HANDED)
def test_children_are_told_their_owner(
    run: Run, folder: Path, definition: Fields, owner: str, indent: int | None
) -> None:
    text = json.dumps(definition, indent=indent)

    new = adopted(run, folder, text)

    each = json.loads(new)["States"]["Each"]
    handler = json.dumps(each["ItemProcessor"]["States"]["Do"])
    assert f"{owner}" in handler
    assert "Execution.Id" not in handler
    given = each.get("ItemBatcher", {}).get("BatchInput") or each["ItemSelector"]
    assert "Execution.Id" in next(iter(given.values()))
    assert adopted(run, folder, new) == new
    run("adopt", str(write(folder, "n.json", new)), "--undo", "-o", str(folder / "back.json"))
    assert (folder / "back.json").read_text() == text


@pytest.mark.parametrize("definition", LEFT.values(), ids=LEFT)
def test_child_owns_its_objects_where_a_key_would_be_seen(
    run: Run, folder: Path, definition: Fields
) -> None:
    each = json.loads(adopted(run, folder, json.dumps(definition)))["States"]["Each"]

    assert each.get("ItemSelector") == definition["States"]["Each"].get("ItemSelector")
    context = each["ItemProcessor"]["States"]["Do"]["Parameters"]["ClientContext.$"]
    assert context.endswith("$$.Execution.Id))")


def test_child_that_is_told_reads_pointers_and_another_needs_values() -> None:
    told = distributed(BODY, ItemSelector=SELECTOR)
    other = distributed(BODY, ItemSelector={**SELECTOR, "statebag_owner": "me"})

    assert words_before(told, "Each", decorated=("Do",)).plain == ()
    assert "order" in words_before(other, "Each", decorated=("Do",)).plain
