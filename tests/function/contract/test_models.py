"""The shape of each event: what is refused, and that the state inside passes unread."""

from typing import Any

import pytest

from contract import models
from contract.base import ActionEvent, StateEvent
from contract.callback_models import RequestCallbackEvent, SubmitCallbackEvent
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.validation import validate

CALLBACK_ID = "0" * 64
BAG: dict[str, Any] = {"state_data": {"execution_id": "e1"}}
SUBMIT = {"callback_id": CALLBACK_ID, "execution_id": "e1"}
REQUEST = BAG | {"task_token": "t", "callback_type": "human"}


@pytest.mark.parametrize(
    ("model", "fields", "wrong"),
    [
        (models.InitEvent, {"input": {}}, "execution_id"),
        (models.InitEvent, {"input": {}, "execution_id": ""}, "execution_id"),
        (models.InitEvent, {"execution_id": "e1"}, "input"),
        (models.InitEvent, {"execution_id": "e1", "input": []}, "input"),
        (models.SyncEvent, {"execution_result": 1}, "state_data"),
        (models.SyncEvent, {"execution_result": 1, "state_data": None}, "state_data"),
        (models.SyncEvent, {"execution_result": 1, "state_data": "{}"}, "state_data"),
        (models.SyncEvent, BAG, "execution_result"),
        (models.SyncEvent, BAG | {"execution_result": 1, "reslt": 2}, "reslt"),
        (models.SyncEvent, BAG | {"execution_result": 1, "keep_inline": "a"}, "keep_inline"),
        (models.SyncEvent, BAG | {"execution_result": 1, "keep_inline": [1]}, "keep_inline.0"),
        (models.SyncEvent, BAG | {"execution_result": 1, "merge_strategy": []}, "merge_strategy"),
        (models.SyncBranchEvent, {"execution_result": 1}, "state_data"),
        (
            models.SyncBranchEvent,
            BAG | {"execution_result": 1, "branch_state": {}},
            "branch_state",
        ),
        (models.ForkBranchEvent, BAG, "branch"),
        (models.CompleteBranchEvent, BAG | {"status": 1}, "status"),
        (models.AggregateBranchesEvent, BAG | {"branches": {}}, "branches"),
        (models.StoreResultEvent, {"execution_result": 1}, "execution_id"),
        (
            models.StoreResultEvent,
            {"execution_result": 1, "execution_id": "e1", "index": "0"},
            "index",
        ),
        (models.AggregateDistributedEvent, BAG | {"execution_result": {}}, "execution_result"),
        (models.AggregateDistributedEvent, BAG | {"execution_result": "x"}, "execution_result"),
        (models.CallbackEvent, BAG, "callback_result"),
        (models.AsyncEvent, BAG, "async_result"),
        (models.CreateSnapshotEvent, BAG | {"snapshot_type": "mid"}, "snapshot_type"),
        (models.RestoreSnapshotEvent, {"s3_path": 1}, "s3_path"),
        (models.DecompressEvent, {}, "compressed_data"),
        (models.HydrateEvent, BAG | {"paths": "a"}, "paths"),
        (models.RunSegmentEvent, {}, "state_data"),
        (models.RunSegmentEvent, {"state_data": []}, "state_data"),
        (models.RunSegmentEvent, {"item": 1, "index": True}, "index"),
        (RequestCallbackEvent, REQUEST | {"task_token": ""}, "task_token"),
        (RequestCallbackEvent, REQUEST | {"callback_type": "fax"}, "callback_type"),
        (SubmitCallbackEvent, SUBMIT | {"outcome": "maybe"}, "outcome"),
        (SubmitCallbackEvent, SUBMIT | {"outcome": "success"}, "output"),
        (SubmitCallbackEvent, SUBMIT | {"outcome": "failure"}, "error"),
        (SubmitCallbackEvent, SUBMIT | {"outcome": "heartbeat", "output": 1}, "output"),
        (
            SubmitCallbackEvent,
            SUBMIT | {"outcome": "failure", "error": "E", "output": 1},
            "output",
        ),
        (
            SubmitCallbackEvent,
            SUBMIT | {"outcome": "failure", "error": "E" * 257},
            "error",
        ),
        (
            SubmitCallbackEvent,
            {"callback_id": "../x", "execution_id": "e1", "outcome": "heartbeat"},
            "callback_id",
        ),
    ],
)
def test_wrong_field_is_named(model: type[ActionEvent], fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        validate(model, {"action": "any"} | fields)
    assert refused.value.field == wrong
    assert str(refused.value).startswith(f"{wrong}: ")


def test_value_of_a_wrong_field_is_not_quoted() -> None:
    event = {"action": "any", "state_data": "secret", "execution_result": 1, "keep_inline": 7_411}
    with pytest.raises(InvalidRequestError) as refused:
        validate(models.SyncEvent, event)
    assert "secret" not in str(refused.value)
    assert "7411" not in str(refused.value)


def test_null_output_is_an_answer() -> None:
    event = {"action": "any", "outcome": "success", "output": None} | SUBMIT
    assert validate(SubmitCallbackEvent, event).output is None


@pytest.mark.parametrize("name", ["state_data", "branch_state"])
def test_branch_may_bring_its_bag_under_either_name(name: str) -> None:
    event = {"action": "any", "execution_result": 1, name: {"state_data": {"a": 1}}}
    assert validate(models.SyncBranchEvent, event).state_data == {"a": 1}


def test_state_inside_is_neither_copied_nor_altered() -> None:
    inside = {"deep": [{"er": (1, 2.0, None)}]}
    parsed = validate(StateEvent, {"action": "any", "state_data": {"x": inside}})
    assert parsed.state_data["x"] is inside


def test_event_is_frozen() -> None:
    parsed = validate(StateEvent, {"action": "any", "state_data": {}})
    with pytest.raises(ValueError, match="frozen"):
        parsed.state_data = {}  # type: ignore[misc]


def test_context_holds_what_is_set() -> None:
    event = {"action": "any", "state_data": {}, "keep_inline": ["a.b"]}
    assert validate(StateEvent, event).context == {"action": "any", "keep_inline": ["a.b"]}
    full = event | {"execution_id": "e1", "merge_strategy": {"tags": "append"}}
    assert validate(StateEvent, full).context == {
        "action": "any",
        "execution_id": "e1",
        "keep_inline": ["a.b"],
        "merge_strategy": {"tags": "append"},
    }
