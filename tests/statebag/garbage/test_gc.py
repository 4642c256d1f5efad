"""What `statebag gc` deletes, and above all what it does not."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.statebag.bucket import NOW
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
    told,
    versions,
)
from tests.statebag.states import key_prefix
from universal_sync_core.storage.store import Location

pytestmark = pytest.mark.usefixtures("today")


def test_gc_deletes_only_what_is_unreachable(
    run: Run, cloud: FakeCloud, golden: Callable[[str], None]
) -> None:
    live = {name: running(cloud, name) for name in ("live-1", "live-2", "live-3")}
    recent = finished(cloud, "finished-recently", days_ago=3)
    finished(cloud, "finished-long-ago", days_ago=200)
    lost, _ = failed(cloud, "failed-long-ago", days_ago=200)
    kept = (*live, "finished-recently")
    before = {name: content(cloud, name) for name in kept}

    golden(run(*GC, "--delete", "--yes").out)

    assert {name: content(cloud, name) for name in kept} == before
    assert all(is_whole(cloud, bag, name) for name, bag in live.items())
    assert is_whole(cloud, recent, "finished-recently")
    assert is_whole(cloud, lost, "failed-long-ago")
    assert content(cloud, "finished-long-ago") == set()
    # Of the failed one the versions before the last have gone.
    assert {key.split("/")[1].rsplit("%3A", 1)[1] for key in cloud.inventory.deleted} == {
        "finished-long-ago",
        "failed-long-ago",
    }


def test_dry_run_deletes_nothing(run: Run, cloud: FakeCloud) -> None:
    finished(cloud, "run-1", days_ago=200)

    ran = run(*GC)

    assert ran.code == 0
    assert "--delete" in ran.err
    assert cloud.inventory.deleted == []
    assert cloud.store.puts == []


def test_deletion_is_asked_for(run: Run, cloud: FakeCloud) -> None:
    finished(cloud, "run-1", days_ago=200)

    assert run(*GC, "--delete", stdin="n\n").code == 130
    assert cloud.inventory.deleted == []


def test_nothing_new_is_deleted(run: Run, cloud: FakeCloud) -> None:
    finished(cloud, "run-1", days_ago=200)
    cloud.inventory.long_ago = NOW - timedelta(days=6)

    run(*DELETE)

    assert cloud.inventory.deleted == []


def test_snapshots_and_records_are_kept_until_it_is_said(run: Run, cloud: FakeCloud) -> None:
    bag, record = failed(cloud, "run-1", days_ago=200)
    snapshot = snapshot_path(bag)

    run(*DELETE)
    assert {record, snapshot} <= content(cloud, "run-1")
    assert is_whole(cloud, bag, "run-1")

    run(*DELETE, "--keep-snapshots", "100")
    assert content(cloud, "run-1") == set()


def test_what_step_functions_has_forgotten_goes_only_where_it_is_said(
    run: Run, cloud: FakeCloud
) -> None:
    bags = versions(arn_of("run-1"))
    path = snapshot_path(bags[0])
    before = content(cloud, "run-1")

    run(*DELETE)
    assert content(cloud, "run-1") == before

    run(*DELETE, "--forgotten")
    assert path in content(cloud, "run-1")
    assert is_whole(cloud, bags[0], "run-1")
    assert not is_whole(cloud, bags[1], "run-1")


def test_what_is_new_is_not_taken_for_forgotten(run: Run, cloud: FakeCloud) -> None:
    versions(arn_of("run-1"))
    cloud.inventory.long_ago = NOW - timedelta(days=60)

    assert told(run, "--forgotten") == {"run-1": ("forgotten", "it is new, and cannot be seen")}


@pytest.mark.parametrize(
    "machine",
    [
        MACHINE.replace("eu-west-1", "us-east-1"),
        MACHINE.replace("123456789012", "210987654321"),
        f"{MACHINE}-deleted",
        f"{MACHINE}/a-map-run",
    ],
)
def test_what_is_not_seen_here_is_kept(run: Run, cloud: FakeCloud, machine: str) -> None:
    versions(arn_of("run-1", machine))

    run(*DELETE, "--forgotten")

    assert cloud.inventory.deleted == []
    assert told(run, "--forgotten") == {"run-1": ("unseen", "its state machine is not seen here")}


@pytest.mark.parametrize("status", ["FAILED", "ABORTED", "TIMED_OUT"])
@pytest.mark.parametrize(("days", "is_kept"), [(3, True), (13.9, True), (14.1, False)])
def test_nothing_goes_of_what_may_be_redriven(
    run: Run, cloud: FakeCloud, status: str, days: float, *, is_kept: bool
) -> None:
    versions(arn_of("run-1"))
    cloud.states.add("run-1", status, days_ago=days, input={})

    run(*DELETE, "--keep-finished", "14")

    assert (not cloud.inventory.deleted) is is_kept


def test_keeping_for_less_than_a_redrive_takes_is_refused(run: Run) -> None:
    assert run(*GC, "--keep-finished", "13").code == 2


def test_bucket_without_versions_is_not_deleted_from_unless_it_is_said(
    run: Run, cloud: FakeCloud
) -> None:
    cloud.inventory.versioned = False
    finished(cloud, "run-1", days_ago=200)
    failed(cloud, "run-2", days_ago=200)
    resumable = content(cloud, "run-2")

    ran = run(*DELETE)
    assert (ran.code, cloud.inventory.deleted) == (7, [])
    assert "--unversioned" in ran.err

    assert run(*DELETE, "--unversioned").code == 0
    assert content(cloud, "run-1") == set()
    assert content(cloud, "run-2") == resumable


def test_objects_of_no_execution_are_left_alone(run: Run, cloud: FakeCloud) -> None:
    versions("a name of somebody's")
    # Percent-encoded, as ids are in keys, this name would be longer than a key may be.
    location = Location(BUCKET, f"v1/{'é' * 400}/packs/{'0' * 64}")
    cloud.memory.put(location, b"1")

    assert told(run) == {
        "a name of somebody's": ("unknown", "it is not an execution of Step Functions")
    }


def test_only_content_addressed_objects_are_deleted(run: Run, cloud: FakeCloud) -> None:
    finished(cloud, "run-1", days_ago=200)
    others = [
        Location(BUCKET, f"{key_prefix(arn_of('run-1'))}items/{'a' * 64}.json"),
        Location(BUCKET, "distributed/run-1/manifest.json"),
        Location(BUCKET, "mine.txt"),
    ]
    for location in others:
        cloud.memory.put(location, b"[]")

    run(*DELETE)

    assert cloud.inventory.deleted
    assert set(others) <= cloud.memory.objects.keys()
