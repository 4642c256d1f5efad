"""A bag that is resumed: what runs again, and whose state is not taken up."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from tests.function.continuing import FIRST, SECOND, act, begun, recorded, resumed, synced, without
from universal_sync_core import hydrate_state
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    PointerNotAllowedError,
)
from universal_sync_core.retention.members import machine_of
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location

pytestmark = pytest.mark.usefixtures("store")


def test_resumed_bag_is_the_one_that_was_left() -> None:
    bag = synced(begun(segments=[{}, {}], words="w" * 40_000), current_state={"a": 1})
    after = resumed(recorded(bag)["record_s3_path"])
    assert without(after) == without(bag)
    assert after["execution_chain"] == [FIRST, SECOND]
    assert hydrate_state(after)["words"] == "w" * 40_000


@pytest.mark.parametrize("status", ["FAILED", "HALTED", "SIGKILL"])
def test_result_that_ended_the_workflow_is_asked_for_again(status: str) -> None:
    bag = synced(begun(segments=[{}, {}, {}]), status="CONTINUE")
    stopped = synced(bag, status=status)
    after = resumed(recorded(stopped)["record_s3_path"])
    assert (after["next_action"], after["segment_to_run"]) == ("CONTINUE", 1)
    assert "status" not in after


@pytest.mark.parametrize("action", ["merge_callback", "merge_async"])
def test_answer_that_ended_the_workflow_leaves_its_segment_to_be_run_again(action: str) -> None:
    waiting = synced(begun(segments=[{}, {}]), status="PAUSED_FOR_HITP")
    answer = {action.replace("merge", "").strip("_") + "_result": {"status": "FAILED"}}
    stopped = act(action, state_data=waiting, **answer)["state_data"]
    assert (stopped["next_action"], stopped["segment_to_run"]) == ("FAILED", 0)


@pytest.mark.parametrize("status", ["PARALLEL_GROUP", "DISTRIBUTED_MAP", "PAUSED_FOR_HITP"])
def test_group_map_or_wait_that_failed_is_entered_again(status: str) -> None:
    asked: dict[str, Any] = {"pending_branches": [], "distributed_items": []}
    bag = synced(begun(segments=[{}, {}]), status=status, **asked)
    assert resumed(recorded(bag)["record_s3_path"])["next_action"] == status


def test_fields_beside_resume_from_are_merged() -> None:
    bag = synced(begun(segments=[{}]), current_state={"a": 1, "b": {"c": 1}})
    path = recorded(bag)["record_s3_path"]
    after = resumed(path, loop_limit=9, current_state={"b": {"d": 2}})
    assert after["loop_limit"] == 9
    assert after["current_state"] == {"a": 1, "b": {"c": 1, "d": 2}}


def test_execution_that_had_not_begun_is_not_resumed() -> None:
    path = recorded({"execution_id": FIRST})["record_s3_path"]
    with pytest.raises(InvalidRequestError) as refused:
        resumed(path)
    assert refused.value.field == "input.resume_from"


def test_branch_is_not_resumed_without_its_workflow() -> None:
    parent = synced(begun(), status="PARALLEL_GROUP", pending_branches=[{"branch_id": "a"}])
    bag = act("fork_branch", state_data=parent, branch={"branch_id": "a"})["state_data"]
    failure = recorded(bag, stage="branch")
    assert (failure["branch_id"], failure["segments_run"]) == ("a", 0)
    with pytest.raises(InvalidRequestError) as refused:
        resumed(failure["record_s3_path"])
    assert refused.value.field == "input.resume_from"


def test_snapshot_of_another_execution_is_refused(store: MemoryStore) -> None:
    path = act("hand_over", state_data=begun())["next"]["resume_from"]
    forged = path.replace(quote(FIRST, safe=""), quote(SECOND, safe=""))
    store.objects[Location.parse(forged)] = store.objects[Location.parse(path)]
    with pytest.raises(MalformedPointerError):
        resumed(forged)


@pytest.mark.parametrize("action", ["sync", "hand_over", "hydrate", "stage_items"])
def test_a_bag_of_another_execution_than_the_event_is_refused(action: str) -> None:
    beside: dict[str, Any] = {"execution_result": {}} if action == "sync" else {}
    with pytest.raises(InvalidRequestError) as refused:
        act(action, state_data=begun(), execution_id=SECOND, **beside)
    assert refused.value.field == "state_data.execution_id"


OTHER_MACHINE = SECOND.replace(":catalog:", ":payroll:")


@pytest.mark.parametrize(
    "execution_id",
    [
        OTHER_MACHINE,
        SECOND.replace("eu-west-1", "us-east-1"),
        SECOND.replace("123456789012", "210987654321"),
    ],
)
def test_state_of_another_machine_is_not_taken_up(execution_id: str) -> None:
    paths = [
        recorded(begun())["record_s3_path"],
        act("create_snapshot", state_data=begun(), snapshot_type="pre")["state_data"][
            "pre_snapshot_s3_path"
        ],
        act("hand_over", state_data=begun())["next"]["resume_from"],
    ]
    for path in paths:
        with pytest.raises(PointerNotAllowedError, match="another state machine") as refused:
            resumed(path, execution_id)
        assert refused.value.field == "input.resume_from"


def test_state_of_a_machine_that_a_setting_names_is_taken_up(
    store: MemoryStore, settings: Settings
) -> None:
    path = recorded(begun(a=1))["record_s3_path"]
    named = replace(settings, resumable_machines=(machine_of(FIRST) or "",))
    with runtime.use(settings=named, store=store):
        assert resumed(path, OTHER_MACHINE)["a"] == 1


def named(name: str) -> str:
    return FIRST.replace("first", name)


@pytest.mark.parametrize(
    ("owner", "other", "is_taken"),
    [
        ("acme.1", "acme.2", True),
        ("acme.1", "acme.1.resumed", True),
        ("acme.1", "acme2.1", False),
        ("acme.1", "evil.acme.1", False),
        ("acme.1", "acme", False),
        ("acme", "acme.1", False),
        ("acme", "acme-resumed", False),
        (".1", ".2", False),
        ("acme.1", "ACME.1", False),
    ],
)
def test_state_of_another_tenant_is_not_taken_up(
    store: MemoryStore,
    settings: Settings,
    owner: str,
    other: str,
    is_taken: bool,  # noqa: FBT001
) -> None:
    with runtime.use(settings=replace(settings, tenant_separator="."), store=store):
        bag = act("init", execution_id=named(owner), input={"a": 1})["state_data"]
        path = recorded(bag)["record_s3_path"]
        if is_taken:
            assert resumed(path, named(other))["a"] == 1
            return
        with pytest.raises(PointerNotAllowedError, match="another tenant") as refused:
            resumed(path, named(other))
        assert owner not in str(refused.value)


@pytest.mark.parametrize(("tenant", "fits"), [("a" * 62, True), ("a" * 63, False)])
def test_workflow_is_handed_over_within_its_tenant(
    store: MemoryStore, settings: Settings, tenant: str, *, fits: bool
) -> None:
    with runtime.use(settings=replace(settings, tenant_separator="."), store=store):
        first = named(f"{tenant}.{'x' * 16}")
        bag = act("init", execution_id=first, input={"a": 1})["state_data"]
        if not fits:
            with pytest.raises(InvalidRequestError, match="tenant"):
                act("hand_over", state_data=bag)
            return
        started = act("hand_over", state_data=bag)["next"]
        assert resumed(started["resume_from"], named(started["name"]))["a"] == 1


def test_record_that_somebody_laid_among_the_inputs_is_not_taken_up(store: MemoryStore) -> None:
    path = recorded(begun(secret=1))["record_s3_path"]
    location = Location.parse(path)
    forged = Location(location.bucket, f"inputs/{location.key}")
    store.put(forged, store.get(location).body)
    with pytest.raises(PointerNotAllowedError) as refused:
        resumed(str(forged))
    assert refused.value.field == "input.resume_from"
