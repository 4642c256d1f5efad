"""The fixture `state_bag`: what the state machine does, without one."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from local import StateBag
from local.errors import PayloadTooLargeError
from local.limits import PAYLOAD_BYTES
from tests.packaging.conftest import ROOT
from universal_sync_core import fork_branch, hydrate_state, state_task
from universal_sync_core.storage import runtime
from universal_sync_core.values.pointer import parse

DEFINITION = ROOT / "statemachine" / "state_data_v3.asl.json"
SECTIONS = [{"number": number, "text": "x" * 500} for number in range(2_000)]
REPORT = {"sections": SECTIONS, "title": "All"}


def payload_of(states: Mapping[str, Any], name: str) -> set[str]:
    """Return the fields of the event that a task of the state machine sends."""
    return {field.removesuffix(".$") for field in states[name]["Parameters"]["Payload"]}


def test_events_are_those_of_the_state_machine(state_bag: StateBag) -> None:
    states = json.loads(DEFINITION.read_text(encoding="utf-8"))["States"]
    items = states["DistributedMapState"]["ItemProcessor"]["States"]
    rows = states["DistributedMapOfFiles"]["ItemProcessor"]["States"]
    assert payload_of(rows, "RunRows") == payload_of(items, "RunItem")
    assert state_bag.event(state_bag()).keys() == payload_of(states, "RunSegment")
    assert state_bag.item_event({"sku": 1}, 7).keys() == payload_of(items, "RunItem")
    assert state_bag.item_event({"sku": 1}, 7)["index"] == 7


def test_large_value_of_the_input_is_in_s3(state_bag: StateBag) -> None:
    bag = state_bag({"current_state": {"report": REPORT}}, total_segments=2)
    assert parse(bag["current_state"]) or parse(bag["current_state"]["report"])
    assert state_bag.hydrate(bag)["current_state"] == {"report": REPORT}
    assert (bag["total_segments"], bag["segment_to_run"]) == (2, 0)


def test_each_test_has_a_store_of_its_own(state_bag: StateBag) -> None:
    assert state_bag.usage.objects_written == 0
    state_bag({"current_state": {"report": REPORT}})
    assert state_bag.usage.objects_written > 0
    with StateBag.opened() as another:
        assert another.usage.objects_written == 0


def test_nothing_of_it_is_left_when_it_closes() -> None:
    before = runtime.current()
    with StateBag.opened():
        assert runtime.current() is not before
    assert runtime.current() is before


def test_usage_is_what_the_worker_read(state_bag: StateBag) -> None:
    @state_task(needs=["current_state.report.sections[3]"])
    def one(state: Any) -> Any:
        return {"text": state["current_state"]["report"]["sections"][3]["text"]}

    @state_task(needs=["current_state"])
    def everything(state: Any) -> Any:
        return {"sections": len(state["current_state"]["report"]["sections"])}

    bag = state_bag({"current_state": {"report": REPORT}})
    stored = state_bag.usage.bytes_written
    one(state_bag.event(bag))
    little = state_bag.usage.bytes_read
    everything(state_bag.event(bag))
    assert 0 < little < stored / 5
    assert state_bag.usage.bytes_read >= stored * 0.9


def test_answer_is_merged_and_the_next_segment_comes(state_bag: StateBag) -> None:
    bag = state_bag({"current_state": {"a": 1}}, total_segments=3)
    synced = state_bag.sync(bag, {"current_state": {"b": 2}})
    assert synced["current_state"] == {"a": 1, "b": 2}
    assert (synced["segment_to_run"], synced["next_action"]) == (1, "CONTINUE")
    assert bag["current_state"] == {"a": 1}


def test_answer_of_a_branch_is_merged_into_the_branch(state_bag: StateBag) -> None:
    branch = fork_branch(state_bag(), {"branch_id": "left", "total_segments": 1})
    synced = state_bag.sync(branch, {"current_state": {"left": 1}})
    assert (synced["branch_id"], synced["next_action"]) == ("left", "COMPLETE")


def test_answer_of_a_worker_that_syncs_is_the_bag(state_bag: StateBag) -> None:
    @state_task(sync=True)
    def worker(_state: Any) -> Any:
        return {"current_state": {"b": 2}}

    bag = state_bag({"current_state": {"a": 1}})
    synced = state_bag.sync(bag, worker(state_bag.event(bag)))
    assert hydrate_state(synced)["current_state"] == {"a": 1, "b": 2}
    assert synced["state_revision"] == bag["state_revision"] + 1


@pytest.mark.parametrize("answer", [{"state_data": {"at": datetime.now(UTC)}}, {"set": {1}}])
def test_answer_that_is_no_json_is_refused(state_bag: StateBag, answer: Any) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        state_bag.sync(state_bag(), answer)


def test_answer_that_does_not_fit_beside_the_bag_is_refused(state_bag: StateBag) -> None:
    bag = state_bag()
    with pytest.raises(PayloadTooLargeError, match=f"over the limit of {PAYLOAD_BYTES:,}"):
        state_bag.sync(bag, {"report": "x" * PAYLOAD_BYTES})


def test_event_is_a_copy(state_bag: StateBag) -> None:
    bag = state_bag({"current_state": {"a": {"b": 1}}})
    event = state_bag.event(bag)
    event["state_data"]["current_state"]["a"]["b"] = 2
    assert bag["current_state"] == {"a": {"b": 1}}
