"""The actions through the handler: all of them the same pipe, and their round trips."""

import json
from typing import Any

import pytest

import app
from services import clients
from tests.function.expected import load
from tests.function.fakes import FakeEventBus, FakeStepFunctions
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core import calculate_payload_size
from universal_sync_core.errors import (
    InvalidRequestError,
    StateTooLargeError,
    StoreUnavailableError,
)
from universal_sync_core.settings import Settings
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.runtime import use
from universal_sync_core.storage.store import Location

BAG: dict[str, Any] = load("sync_inline")["state_data"]
BAG_BOUND = 150 * 1024
HUGE = [{"service": f"service-{number}", "words": "ä" * 200} for number in range(2_000)]


def act(action: str, **fields: Any) -> Any:
    return app.lambda_handler({"action": action, **fields}, FakeLambdaContext())


def hydrated(state: dict[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = act("hydrate", state_data=state)["state_data"]
    return whole


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "event",
    [
        {"action": "init", "execution_id": "e1", "input": {"found": HUGE}},
        {"action": "sync", "execution_result": {"found": HUGE}},
        {"action": "sync_branch", "execution_result": {"found": HUGE}},
        {"action": "update_and_compress", "execution_result": {"found": HUGE}},
        {"action": "merge_callback", "callback_result": {"found": HUGE}},
        {"action": "merge_async", "async_result": {"found": HUGE}},
        {"action": "fork_branch", "branch": {"branch_id": "rank", "found": HUGE}},
        {"action": "aggregate_branches", "branches": [{"found": HUGE}, {"other": 1}]},
        {"action": "aggregate_distributed", "execution_result": HUGE},
        {"action": "create_snapshot", "snapshot_type": "pre", "state_data": BAG | {"found": HUGE}},
    ],
    ids=lambda event: event["action"],
)
def test_every_action_bounds_its_bag_and_loses_nothing(event: dict[str, Any]) -> None:
    brought = {} if event["action"] == "init" else {"state_data": BAG}
    bag = app.lambda_handler(brought | event, FakeLambdaContext())["state_data"]
    assert calculate_payload_size(bag) <= BAG_BOUND
    whole = hydrated(bag)
    assert HUGE in (
        whole.get("found"),
        whole.get("distributed_outputs"),
        (whole.get("branch") or {}).get("found"),
    )


class DeadStore(MemoryStore):
    """A store that takes nothing."""

    def put(self, *_: object, **__: object) -> bool:
        raise StoreUnavailableError("no answer")


@pytest.mark.parametrize("name", ["callback_result", "async_result", "execution_result"])
def test_action_fails_rather_than_lose_what_it_could_not_store(
    settings: Settings, name: str
) -> None:
    action = {"execution_result": "sync"}.get(name, f"merge_{name.removesuffix('_result')}")
    with use(settings=settings, store=DeadStore()), pytest.raises(StoreUnavailableError):
        app.lambda_handler(
            {"action": action, "state_data": BAG, name: {"found": HUGE}},
            FakeLambdaContext(seconds_left=1),
        )


@pytest.mark.usefixtures("store")
def test_first_bag_counts_its_segments() -> None:
    bag = act("init", execution_id="e1", input={"segments": [{}, {}], "loop_limit": 7})
    counters = {"execution_id": "e1", "total_segments": 2, "loop_limit": 7, "segment_to_run": 0}
    assert bag["state_data"].items() >= (counters | {"next_action": "CONTINUE"}).items()


@pytest.mark.usefixtures("store")
def test_execution_id_of_the_event_serves_a_bag_without_one() -> None:
    answer = act("sync", state_data={}, execution_result={"found": HUGE}, execution_id="e1")
    assert answer["state_data"]["found"]["__s3_path"].startswith("s3://state-bucket/v1/e1/")


@pytest.mark.usefixtures("store")
def test_branch_forks_runs_ends_as_a_pointer_and_joins() -> None:
    parent = BAG | {"pending_branches": [{"branch_id": "rank"}]}
    forked = act("fork_branch", state_data=parent, branch={"branch_id": "rank"})
    worked = act(
        "sync_branch",
        branch_state=forked["state_data"],
        execution_result={"status": "COMPLETE", "current_state": {"largest": HUGE}},
    )
    ended = act("complete_branch", **worked)["branch"]
    assert calculate_payload_size(ended) < 1024
    assert ended["branch_id"] == "rank"
    assert ended["status"] == "COMPLETE"
    joined = act("aggregate_branches", state_data=parent, branches=[ended])["state_data"]
    assert hydrated(joined)["current_state"]["largest"] == HUGE


@pytest.mark.usefixtures("store")
def test_branch_may_end_with_a_status_of_its_own() -> None:
    answer = act("complete_branch", state_data=BAG, status="FAILED")
    assert answer["branch"]["status"] == "FAILED"


@pytest.mark.usefixtures("store")
def test_no_branch_ends_with_a_status_that_there_is_not() -> None:
    with pytest.raises(InvalidRequestError, match=r"branch\.status"):
        act("complete_branch", state_data=BAG, status="x" * 200_000)


@pytest.mark.usefixtures("store")
def test_a_branch_ends_as_a_small_pointer_whatever_it_is_called() -> None:
    forked = act("fork_branch", state_data=BAG, branch={"branch_id": "x" * 60_000})
    ended = act("complete_branch", **forked)["branch"]
    assert calculate_payload_size(ended) < 1024
    told = {"Error": "E" * 100_000, "Cause": "C" * 100_000}
    failed = act("record_failure", **forked, failure=told, stage="branch")["failure"]
    assert calculate_payload_size(failed) < 2048


def test_staged_items_are_a_json_array_in_the_bucket(store: MemoryStore) -> None:
    items = act("stage_items", state_data=BAG | {"distributed_items": HUGE})["items"]
    body = store.get(Location(items["bucket"], items["key"])).body
    assert items["count"] == 2_000
    assert json.loads(body) == HUGE


@pytest.mark.usefixtures("store")
def test_result_of_an_item_comes_back_from_its_pointer() -> None:
    outputs = [
        act("store_result", execution_id=BAG["execution_id"], index=index, execution_result=result)
        for index, result in enumerate([{"status": "COMPLETE", "found": HUGE}, "plain"])
    ]
    results = [output["result"] for output in outputs]
    assert calculate_payload_size(results) < 1024
    bag = act("aggregate_distributed", state_data=BAG, execution_result=results)["state_data"]
    assert hydrated(bag)["distributed_outputs"] == [{"status": "COMPLETE", "found": HUGE}, "plain"]


@pytest.mark.usefixtures("store")
def test_snapshot_gives_the_bag_back() -> None:
    bag = act("sync", state_data=BAG, execution_result={"found": HUGE})["state_data"]
    after = act("create_snapshot", state_data=bag, snapshot_type="pre")["state_data"]
    restored = act("restore_snapshot", s3_path=after["pre_snapshot_s3_path"])["state_data"]
    assert restored | {"payload_size_kb": 0} == bag | {"payload_size_kb": 0}


@pytest.mark.usefixtures("store")
def test_value_that_fits_compressed_stays_in_the_bag() -> None:
    event = load("update_and_compress_large_value")
    catalogue = event["execution_result"]["current_state"]["catalogue"]
    bag = act(**event)["state_data"]
    packed = bag["current_state"]["catalogue"]
    assert calculate_payload_size(packed) < calculate_payload_size(catalogue)
    assert act("decompress", compressed_data=packed)["value"] == catalogue


@pytest.mark.usefixtures("store")
def test_hydrated_state_that_is_no_answer_is_refused() -> None:
    bag = act("sync", state_data=BAG, execution_result={"found": HUGE * 8})["state_data"]
    with pytest.raises(StateTooLargeError) as refused:
        act("hydrate", state_data=bag)
    assert refused.value.size > refused.value.limit == 6 * 1024 * 1024
    part = act("hydrate", state_data=bag, paths=["found[15999].service"])
    assert "service-1999" in json.dumps(part)


@pytest.mark.usefixtures("store")
def test_answer_of_any_size_finds_its_way_into_the_bag(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks, bus = FakeStepFunctions(), FakeEventBus()
    monkeypatch.setattr(clients, "stepfunctions", lambda: tasks)
    monkeypatch.setattr(clients, "events", lambda: bus)
    requested = act("request_callback", state_data=BAG, task_token="t", callback_type="human")  # noqa: S106
    answer = {"current_state": {"approval": {"approved": True}}, "found": HUGE}
    act(
        "submit_callback",
        **requested,
        execution_id=BAG["execution_id"],
        outcome="success",
        output=answer,
    )
    output = tasks.taken[0][1]["output"]
    assert len(output.encode()) < 60 * 1024
    bag = act("merge_callback", state_data=BAG, callback_result=json.loads(output))["state_data"]
    whole = hydrated(bag)
    assert whole["found"] == HUGE
    assert whole["current_state"]["approval"] == {"approved": True}
    assert whole["current_state"]["services"] == BAG["current_state"]["services"]
