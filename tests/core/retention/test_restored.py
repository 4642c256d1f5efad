"""A snapshot that another execution restores: what it points to is kept for that one."""

from typing import Any

import pytest

from tests.core.retention.world import MACHINE, World, arn_of
from universal_sync_core import create_snapshot, hydrate_state, restore_snapshot
from universal_sync_core.errors import InvalidRequestError, PointerNotAllowedError
from universal_sync_core.retention.members import closed
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime

LARGE: dict[str, Any] = {
    "text": "x" * 300,
    "map": {f"key-{index}": "y" * 30 for index in range(40)},
}


def snapshot_of(world: World, name: str = "first", machine: str = MACHINE) -> str:
    """Run an execution that leaves a snapshot, and return its path."""
    run = world.start(name, machine=machine, **LARGE)
    path = str(create_snapshot(run.bag, "pre")["pre_snapshot_s3_path"])
    world.end(run)
    return path


def test_restored_snapshot_hydrates_after_the_daily_deletion_of_the_one_that_made_it(
    world: World,
) -> None:
    path = snapshot_of(world)
    world.pass_days(80)
    second = world.restore("second", path, LARGE)
    world.pass_days(11)
    assert world.daily().kept == {arn_of("first"): "another execution went on from it"}
    world.require_whole(second)
    world.sync(second, more="z" * 300)
    world.require_whole(second)

    world.end(second)
    world.pass_days(89)
    assert world.daily().workflows == []
    world.pass_days(2)
    assert world.daily().workflows == [arn_of("first")]
    assert world.stored() == []


def test_own_snapshot_leaves_no_mark(world: World) -> None:
    run = world.start("one", **LARGE)
    path = str(create_snapshot(run.bag, "pre")["pre_snapshot_s3_path"])
    before = world.stored()
    for context in (None, {"execution_id": run.arn}):
        assert hydrate_state(restore_snapshot(path, context))["current_state"] == LARGE
    assert world.stored() == before


def test_snapshot_that_is_restored_once_its_state_is_being_deleted_is_refused(world: World) -> None:
    path = snapshot_of(world)
    world.store.put(closed(world.settings, arn_of("first")), b"{}")
    with pytest.raises(InvalidRequestError) as refused:
        restore_snapshot(path, {"execution_id": arn_of("second")})
    assert refused.value.field == "s3_path"


def test_snapshot_of_another_machine_is_refused_and_not_marked(world: World) -> None:
    path = snapshot_of(world, machine=MACHINE.replace("catalog", "another"))
    before = world.stored()
    with pytest.raises(PointerNotAllowedError) as refused:
        restore_snapshot(path, {"execution_id": arn_of("second")})
    assert refused.value.field == "s3_path"
    assert world.stored() == before


def test_snapshot_of_another_tenant_is_refused(world: World) -> None:
    path = snapshot_of(world, "a.first")
    tenants = Settings(bucket="state-bucket", tenant_separator=".")
    with runtime.use(settings=tenants, store=world.store):
        assert restore_snapshot(path, {"execution_id": arn_of("a.second")})
        with pytest.raises(PointerNotAllowedError):
            restore_snapshot(path, {"execution_id": arn_of("b.second")})


@pytest.mark.parametrize("taken_up_by", ["another", f"{MACHINE}/Items:1", ""])
def test_who_is_no_execution_reads_its_own_alone(world: World, taken_up_by: str) -> None:
    path = snapshot_of(world)
    before = world.stored()
    with pytest.raises((PointerNotAllowedError, InvalidRequestError)):
        restore_snapshot(path, {"execution_id": taken_up_by})
    assert world.stored() == before
