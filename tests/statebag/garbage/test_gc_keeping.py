"""What keeps the state of a workflow: those that run, wait for an answer, or went on with it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.statebag.cloud import BUCKET, MACHINE, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.garbage.gc_runs import (
    DELETE,
    GC,
    content,
    failed,
    finished,
    is_whole,
    running,
    snapshot_path,
    stored_at,
    told,
    versions,
)
from tests.statebag.histories import History
from tests.statebag.states import key_prefix, location_of
from universal_sync_core import store_result, universal_sync_core
from universal_sync_core.storage.store import MOST_RECORD_BYTES, Location

pytestmark = pytest.mark.usefixtures("today")


def test_stopped_map_keeps_what_its_children_have_stored(run: Run, cloud: FakeCloud) -> None:
    bag = versions(arn_of("run-1"), 1)[0]
    rows = [{"rows": [f"{n} {row}" * 20 for row in range(900)]} for n in range(3)]
    outputs = [store_result(each, {"execution_id": arn_of("run-1")}) for each in rows]
    history = History()
    history.enter("DistributedMapState", {"state_data": bag}, "Map")
    history.add("MapRunStarted")
    cloud.states.add("run-1", "ABORTED", days_ago=8, events=history.events, input={})

    run(*DELETE, "--keep-finished", "14")

    assert is_whole(cloud, {"outputs": outputs}, "run-1")


def test_open_callback_keeps_what_it_asks(run: Run, cloud: FakeCloud) -> None:
    bags = versions(arn_of("run-1"))
    cloud.states.add("run-1", days_ago=200)
    prompt = bags[1]["current_state"]["items"]
    location = Location(BUCKET, f"{key_prefix(arn_of('run-1'))}callbacks/{'a' * 64}.json")
    cloud.memory.put(location, json.dumps({"prompt": prompt}).encode())

    run(*DELETE)

    assert is_whole(cloud, bags[1], "run-1")
    assert not is_whole(cloud, bags[2], "run-1")
    assert location in cloud.memory.objects


@pytest.mark.parametrize("body", [b"[]", b"{}", b"", b"\xff", b'{"prompt": "[s3://'])
def test_callback_that_cannot_be_read_stops_nothing(
    run: Run, cloud: FakeCloud, body: bytes
) -> None:
    finished(cloud, "run-1", days_ago=200)
    location = Location(BUCKET, f"{key_prefix(arn_of('run-1'))}callbacks/{'a' * 64}.json")
    cloud.memory.put(location, body)

    assert run(*DELETE).code == 0
    assert content(cloud, "run-1") == set()
    assert location in cloud.memory.objects


def test_callback_that_is_larger_than_any_keeps_its_workflow_alone(
    run: Run, cloud: FakeCloud
) -> None:
    for name in ("run-1", "run-2"):
        finished(cloud, name, days_ago=200)
    location = Location(BUCKET, f"{key_prefix(arn_of('run-1'))}callbacks/{'a' * 64}.json")
    cloud.memory.put(location, b" " * (MOST_RECORD_BYTES + 1))
    before = content(cloud, "run-1")

    assert run(*DELETE).code == 0
    assert content(cloud, "run-1") == before
    assert content(cloud, "run-2") == set()


def test_execution_that_resumed_an_old_one_keeps_it(run: Run, cloud: FakeCloud) -> None:
    bag, record = failed(cloud, "run-1", days_ago=200)
    history = History()
    history.enter("RunSegment", {"state_data": bag})
    cloud.states.add("run-2", "RUNNING", input={"resume_from": record}, events=history.events)
    before = content(cloud, "run-1")

    run(*DELETE, "--keep-snapshots", "0")

    assert content(cloud, "run-1") == before


CALL = {"FunctionName": "f", "Payload": {"action": "init"}}
CALLING = {"States": {"A": {"Parameters": CALL}}}
IN_JSONATA = {"States": {"A": {"Arguments": CALL}}}


@pytest.mark.parametrize("definition", [CALLING, [CALLING], IN_JSONATA])
def test_execution_of_another_machine_keeps_what_it_resumed(
    run: Run, cloud: FakeCloud, definition: Any
) -> None:
    other = f"{MACHINE}-other"
    cloud.states.machines[other] = definition
    _, record = failed(cloud, "run-1", days_ago=200)
    cloud.states.add("run-2", "RUNNING", machine=other, input={"resume_from": record})

    assert told(run) == {"run-1": ("running", "it runs")}


def test_machine_that_has_nothing_to_do_with_state_is_not_looked_through(
    run: Run, cloud: FakeCloud
) -> None:
    cloud.states.machines[f"{MACHINE}-other"] = {"States": {"A": {"Type": "Pass"}}}
    cloud.states.add("run-2", "RUNNING", machine=f"{MACHINE}-other", input={})
    finished(cloud, "run-1", days_ago=200)

    run(*GC)

    assert "DescribeExecution" not in cloud.states.asked


@pytest.mark.parametrize(
    "given",
    [
        lambda path: {"resume_from": path},
        lambda path: {"input_s3_path": path},
        lambda path: {"nested": [{"state": {"s3_path": path}}]},
        lambda _: {"execution_id": arn_of("run-1")},
        lambda path: {"text": json.dumps({"path": path})},
        lambda path: {"text": json.dumps({"path": path}).replace("/", r"\/")},
        lambda path: {"text": json.dumps(json.dumps(path).replace("/", r"\u002F"))},
    ],
)
def test_execution_belongs_to_the_workflows_that_its_input_names(
    run: Run, cloud: FakeCloud, given: Callable[[str], Any]
) -> None:
    _, record = failed(cloud, "run-1", days_ago=200)
    cloud.states.add("run-2", "RUNNING", input=given(record))

    assert told(run)["run-1"] == ("running", "it runs")


def test_reference_from_an_old_snapshot_of_what_runs_is_followed(
    run: Run, cloud: FakeCloud
) -> None:
    theirs = finished(cloud, "run-1", days_ago=200)
    older = {**versions(arn_of("run-2"), 1)[0], "borrowed": theirs["current_state"]["items"]}
    snapshot_path(older)
    running(cloud, "run-2")

    run(*DELETE)

    assert is_whole(cloud, {"borrowed": older["borrowed"]}, "run-1")


@pytest.mark.parametrize("length", [2, 600], ids=["inline", "in S3"])
@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        (arn_of("run-9", MACHINE.replace("eu-west-1", "us-east-1")), "cannot be seen here"),
        ("somebody", "cannot be seen here"),
        (arn_of("run-9"), ""),
    ],
)
def test_workflow_that_went_on_where_nobody_can_look_is_kept(
    run: Run, cloud: FakeCloud, arn: str, reason: str, length: int
) -> None:
    bags = versions(arn_of("run-1"))
    cloud.states.add("run-1", days_ago=200)
    chain = [arn_of("run-1")] * (length - 1) + [arn]
    bag = universal_sync_core(bags[-1], {"execution_chain": chain}, {})
    assert (type(bag["execution_chain"]) is dict) is (length > 2)
    snapshot_path(bag)

    standing, because = told(run)["run-1"]

    assert standing == "over"
    assert reason in (because or "")
    assert bool(because) is bool(reason)


def test_chain_in_the_state_of_another_keeps_its_workflow(run: Run, cloud: FakeCloud) -> None:
    theirs = versions(arn_of("run-2"))[-1]["current_state"]["items"]
    cloud.states.add("run-1", days_ago=200)
    snapshot_path({**versions(arn_of("run-1"))[-1], "execution_chain": theirs})

    assert told(run)["run-1"] == ("over", "some of its state cannot be read")


@pytest.mark.parametrize("fault", ["damaged", "missing", "archived"])
def test_state_that_cannot_be_read_keeps_its_workflow(
    run: Run, cloud: FakeCloud, archive: Callable[[Location], None], fault: str
) -> None:
    bag, _ = failed(cloud, "run-1", days_ago=200)
    borrowed = finished(cloud, "run-2", days_ago=200)["current_state"]["items"]
    stored_at(cloud, "run-1", json.dumps({"unreferenced": borrowed}).encode())
    path = location_of(bag["current_state"]["items"]["__s3_path"])
    stored = cloud.memory.objects[path]
    if fault == "archived":
        archive(path)
    elif fault == "missing":
        del cloud.memory.objects[path]
    else:
        cloud.memory.objects[path] = replace(stored, body=bytes(byte ^ 1 for byte in stored.body))
    before = content(cloud, "run-1")

    assert told(run)["run-1"] == ("over", "some of its state cannot be read")
    run(*DELETE)
    assert content(cloud, "run-1") == before
    assert is_whole(cloud, {"borrowed": borrowed}, "run-2")
