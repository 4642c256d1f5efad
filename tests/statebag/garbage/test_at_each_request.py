"""Executions take up a state at any request of gc or forget: what they are given, they can read."""

from collections.abc import Callable
from io import StringIO
from itertools import count
from typing import Any
from unittest import mock

import pytest

from tests.core.meanwhile import At
from tests.statebag.cloud import BUCKET, FakeCloud, arn_of
from tests.statebag.conftest import ran
from tests.statebag.garbage.gc_runs import DELETE, Bag, versions
from tests.statebag.states import snapshot_of
from universal_sync_core import first_bag, hydrate_state, record_failure, restore_snapshot
from universal_sync_core.errors import InvalidRequestError, MissingObjectError
from universal_sync_core.retention.members import closed
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime

pytestmark = pytest.mark.usefixtures("today")

FIRST, LIVING, RESUMED = arn_of("first"), arn_of("living"), arn_of("resumed")
Delete = Callable[[pytest.CaptureFixture[str], FakeCloud], bool]
TakeUp = Callable[[FakeCloud, str, str], Bag]


def container(cloud: FakeCloud) -> Any:
    """Work in a container that knows nothing yet."""
    return runtime.use(settings=Settings(bucket=BUCKET), store=cloud.memory)


def prepared() -> tuple[FakeCloud, str, str]:
    """Return a cloud where an execution failed long ago, with its snapshot and its record."""
    cloud = FakeCloud()
    with container(cloud):
        bag, snapshot = snapshot_of(versions(FIRST, 2)[-1])
        told = record_failure(bag, {"Error": "E", "Cause": "c"}, {"execution_id": FIRST})
    cloud.states.add("first", "FAILED", days_ago=200, input={}, cause=told["cause"])
    cloud.states.add("living", "RUNNING", days_ago=0, input={})
    return cloud, snapshot, told["record_s3_path"]


def restore(cloud: FakeCloud, snapshot: str, _: str) -> Bag:
    """Take up the snapshot; besides the mark nothing tells that the execution does."""
    with container(cloud):
        return restore_snapshot(snapshot, {"execution_id": LIVING})


def resume(cloud: FakeCloud, _: str, record: str) -> Bag:
    start = {"resume_from": record}
    cloud.states.add("resumed", "RUNNING", days_ago=0, input=start)
    with container(cloud):
        return first_bag(start, {"execution_id": RESUMED, "action": "init"})


def forget(capsys: pytest.CaptureFixture[str], cloud: FakeCloud) -> bool:
    """Erase the state, unless an execution needs it; return whether it was erased."""
    with mock.patch("sys.stdin", StringIO("first\n")):
        ran_so = ran(capsys, "forget", FIRST, "--bucket", BUCKET, "--erase", connect=cloud.connect)
    assert ran_so.code in (0, 7), ran_so.err
    return ran_so.code == 0


def collect(capsys: pytest.CaptureFixture[str], cloud: FakeCloud) -> bool:
    options = () if cloud.inventory.versioned else ("--unversioned",)
    more = ("--keep-snapshots", "0", *options)
    assert ran(capsys, *DELETE, *more, connect=cloud.connect).code == 0
    return False


@pytest.mark.parametrize("delete", [collect, forget])
@pytest.mark.parametrize("take_up", [restore, resume])
@pytest.mark.parametrize("versioned", [True, False])
def test_who_takes_up_a_state_can_read_it(
    capsys: pytest.CaptureFixture[str], delete: Delete, take_up: TakeUp, *, versioned: bool
) -> None:
    for number in count():
        cloud, *paths = prepared()
        cloud.inventory.versioned = versioned
        given: list[Bag] = []

        def happen(cloud: FakeCloud = cloud, paths: Any = paths, given: Any = given) -> None:
            try:
                given.append(take_up(cloud, *paths))
            except (InvalidRequestError, MissingObjectError):
                cloud.states.add("resumed", "FAILED", days_ago=0, input={})

        at = At(number, happen)
        at.notice(cloud.store, "put", "get", "exists")
        at.notice(cloud.inventory, "objects", "folders", "head", "delete", "undelete")
        at.notice(cloud.states, "describe_execution", "_list_executions", "_list_state_machines")
        at.notice(cloud.versions, "erase")

        is_erased = delete(capsys, cloud)

        if at.asked <= number:
            break
        with container(cloud):
            for bag in given:
                assert len(hydrate_state(bag)["current_state"]["items"]) == 3_000
        if is_erased:
            assert not given
        else:
            assert closed(Settings(bucket=BUCKET), FIRST) not in cloud.memory.objects
    assert number
