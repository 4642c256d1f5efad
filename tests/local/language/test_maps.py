"""Maps over lists and objects, in batches, and in children of both types."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.local.conftest import Failed

Outcome = Callable[..., Any]
BODY = {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}}
INPUT = {"list": [1, 2, 3], "object": {"a": 1, "b": [2]}, "text": "t", "two": 2}
PAIRS = [{"Key": "a", "Value": 1}, {"Key": "b", "Value": [2]}]
SELECTOR = {"k.$": "$$.Map.Item.Key", "item.$": "$$.Map.Item"}
SELECTED = [
    {"k": "a", "item": {"Index": 0, "Key": "a", "Value": 1, "Source": "STATE_DATA"}},
    {"k": "b", "item": {"Index": 1, "Key": "b", "Value": [2], "Source": "STATE_DATA"}},
]


def distributed(kind: str = "STANDARD", **inner: Any) -> dict[str, Any]:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": kind}
    return {**BODY, "ProcessorConfig": config, **inner}


@pytest.mark.parametrize("body", [BODY, distributed()], ids=["inline", "distributed"])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ItemsPath": "$.list"}, [1, 2, 3]),
        ({"ItemsPath": "$.object"}, PAIRS),
        ({"ItemsPath": "$.object", "ItemSelector": SELECTOR}, SELECTED),
        ({"ItemsPath": "$.text"}, Failed("States.Runtime")),
        ({"ItemsPath": "$.missing"}, Failed("States.Runtime")),
        ({"QueryLanguage": "JSONata", "Items": "{% $states.input.object %}"}, PAIRS),
    ],
)
def test_map_iterates_over_a_list_or_the_keys_of_an_object(
    outcome: Outcome, fields: dict[str, Any], expected: Any, body: dict[str, Any]
) -> None:
    states = {"Map": {"Type": "Map", "ItemProcessor": body, "End": True, **fields}}
    assert outcome(states, INPUT) == expected


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
@pytest.mark.parametrize(
    ("batcher", "more", "expected"),
    [
        ({"MaxItemsPerBatch": 2}, {}, [{"Items": [1, 2]}, {"Items": [3]}]),
        ({"MaxItemsPerBatchPath": "$.two"}, {}, [{"Items": [1, 2]}, {"Items": [3]}]),
        ({"MaxInputBytesPerBatch": 15}, {}, [{"Items": [1, 2]}, {"Items": [3]}]),
        (
            {"MaxItemsPerBatch": 9, "BatchInput": {"t.$": "$.text", "f": 1}},
            {"ItemSelector": {"v.$": "$$.Map.Item.Value"}},
            [{"BatchInput": {"t": "t", "f": 1}, "Items": [{"v": 1}, {"v": 2}, {"v": 3}]}],
        ),
    ],
)
def test_items_go_to_children_in_batches(
    outcome: Outcome, batcher: Any, more: dict[str, Any], expected: Any, kind: str
) -> None:
    states = {
        "Map": {
            "Type": "Map",
            "ItemsPath": "$.list",
            "ItemBatcher": batcher,
            "ItemProcessor": distributed(kind),
            "End": True,
            **more,
        }
    }
    assert outcome(states, INPUT) == expected


def test_batch_is_made_by_expressions_too(outcome: Outcome) -> None:
    batcher = {
        "MaxItemsPerBatch": "{% $states.input.two %}",
        "BatchInput": {"t": "{% $states.input.text %}"},
    }
    states = {
        "Map": {
            "Type": "Map",
            "Items": "{% $states.input.list %}",
            "ItemBatcher": batcher,
            "ItemProcessor": distributed(),
            "End": True,
        }
    }
    told = {"BatchInput": {"t": "t"}}
    expected = [{**told, "Items": [1, 2]}, {**told, "Items": [3]}]
    assert outcome(states, INPUT, QueryLanguage="JSONata") == expected


def test_batch_that_fails_counts_with_each_of_its_items(outcome: Outcome) -> None:
    fails = distributed(States={"Item": {"Type": "Fail", "Error": "Own"}})
    states = {
        "Map": {
            "Type": "Map",
            "ItemBatcher": {"MaxItemsPerBatch": 2},
            "ToleratedFailureCount": 1,
            "ItemProcessor": fails,
            "End": True,
        }
    }
    assert outcome(states, [1, 2]) == Failed("States.ExceedToleratedFailureThreshold")
    assert outcome(states, [1]) == []


def test_child_of_the_type_express_has_an_id_of_its_kind(outcome: Outcome) -> None:
    tells = {"Type": "Pass", "Parameters": {"id.$": "$$.Execution.Id"}, "End": True}
    body = distributed("EXPRESS", States={"Item": tells})
    states = {"Map": {"Type": "Map", "Label": "Mine", "ItemProcessor": body, "End": True}}
    (child,) = outcome(states, [1])
    assert ":express:machine-" in child["id"]
    assert "/Mine:" in child["id"]
