"""A run of the daily deletion: rehearsed, cut off, failing in part, beside one that begins."""

from datetime import timedelta
from typing import Any

import pytest

from tests.core.retention.world import LARGE, Run, World, arn_of
from universal_sync_core import first_bag
from universal_sync_core.errors import (
    InvalidRequestError,
    StoreAccessDeniedError,
    StoreUnavailableError,
)
from universal_sync_core.storage.store import Location


def test_deletion_of_a_workflow_that_nobody_went_on_from_creates_one_object_and_the_runs_own(
    world: World,
) -> None:
    world.end(world.start("one", **LARGE))
    world.pass_days(91)
    before = len(world.store.modified)
    world.daily()
    assert len(world.store.modified) == before + 2


def test_dry_run_tells_what_a_run_deletes_and_changes_nothing(world: World) -> None:
    first = world.start("first", **LARGE)
    world.end(world.go_on(first, "second"))
    world.end(world.start("other", **LARGE))
    world.end(world.start("small"))
    world.pass_days(91)
    before = dict(world.store.objects)
    told = world.daily(dry_run=True)
    assert world.store.objects == before
    done = world.daily()
    assert sorted(told.workflows) == sorted(done.workflows) == [first.arn, arn_of("other")]
    assert (told.objects, told.size) == (done.objects, done.size)
    assert world.daily(dry_run=True, keep=timedelta(0)).workflows == []


def test_a_run_looks_at_so_many_and_the_next_goes_on(world: World) -> None:
    for number in range(5):
        world.end(world.start(f"run-{number}", **LARGE))
        world.pass_days(1)
    world.pass_days(91)
    outcomes = [world.daily(most=2) for _ in range(3)]
    assert [len(each.workflows) for each in outcomes] == [2, 2, 1]
    assert [each.is_cut_short for each in outcomes] == [True, True, False]
    assert world.stored() == []


@pytest.mark.parametrize("failing", range(4))
def test_run_that_is_cut_off_anywhere_is_taken_up_by_the_next(world: World, failing: int) -> None:
    first = world.start("first", **LARGE)
    world.end(world.go_on(first, "second"))
    world.pass_days(91)
    left = [failing]

    def cut_off(_: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise StoreUnavailableError("S3 failed: InternalError")

    world.inventory.before_delete = cut_off
    world.daily()
    world.inventory.before_delete = lambda _: None
    world.daily()
    assert world.stored() == []


def test_failure_of_one_leaves_the_others_to_be_deleted(world: World) -> None:
    ill, well = (world.start(name, **LARGE) for name in ("ill", "well"))
    world.end(ill)
    world.end(well)
    world.pass_days(91)

    def fail_for_one(locations: Any) -> None:
        if any("%3Aill/" in each.key for each in locations):
            raise StoreUnavailableError("S3 failed: InternalError")

    world.inventory.before_delete = fail_for_one
    outcome = world.daily()
    assert outcome.workflows == [well.arn]
    assert list(outcome.failed.values()) == ["StoreUnavailableError: S3 failed: InternalError"]


def test_end_that_cannot_be_recorded_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [world.start(name, **LARGE) for name in ("ill", "well", "also")]
    for run in runs:
        world.end(run, is_recorded=False)
    record = world.record

    def fail_for_one(execution_arn: str, owner: str) -> None:
        if execution_arn == runs[0].arn:
            raise StoreAccessDeniedError("denied")
        record(execution_arn, owner)

    monkeypatch.setattr(world, "record", fail_for_one)
    outcome = world.daily()
    assert set(outcome.recorded) == {run.arn for run in runs[1:]}
    assert outcome.failed == {runs[0].arn: "StoreAccessDeniedError: denied"}


def test_damaged_record_is_told_and_stops_nothing(world: World) -> None:
    name = f"ended/2026-01-01/000000-{'0' * 32}.json"
    world.store.put(Location("state-bucket", name), b'{"ended_record":1}')
    world.store.put(Location("state-bucket", "ended/readme.txt"), b"not ours")
    world.end(world.start("one", **LARGE))
    world.pass_days(91)
    outcome = world.daily()
    assert outcome.workflows == [arn_of("one")]
    assert list(outcome.failed) == [name]


def test_record_in_the_place_of_another_deletes_nothing_before_its_time(world: World) -> None:
    world.keep = timedelta(days=200)
    long, short = (world.start(name, **LARGE) for name in ("long", "short"))
    world.end(short)
    (name,) = world.stored("ended/")
    world.pass_days(100)
    world.end(long)
    (other,) = set(world.stored("ended/")) - {name}
    objects = world.store.objects
    objects[Location("state-bucket", name)] = objects[Location("state-bucket", other)]
    world.pass_days(150)
    outcome = world.daily()
    assert (outcome.workflows, list(outcome.failed)) == ([], [name])
    world.require_whole(long)


def _beginning(world: World, begun: list[Run], path: str, expected: Any) -> Any:
    """Return a look at an execution during which another goes on with its state."""
    standing = world.standing

    def looked(arn: str, since: Any) -> Any:
        found = standing(arn, since)
        if not begun:
            begun.append(world.resume("second", path, expected))
        return found

    return looked


def test_one_that_begins_while_the_deletion_looks_keeps_its_state(world: World) -> None:
    first = world.start("first", **LARGE)
    path = world.fail(first)
    world.pass_days(91)
    begun: list[Run] = []
    world.standing = _beginning(world, begun, path, LARGE)  # type: ignore[method-assign]
    assert world.daily().kept == {first.arn: "an execution is about to go on from it"}
    world.require_whole(begun[0])
    world.sync(begun[0], more=1)
    world.require_whole(begun[0])


def _cut_off(_: Any) -> None:
    raise StoreUnavailableError("S3 failed: InternalError")


@pytest.mark.parametrize("is_resumed", [True, False])
def test_kept_state_does_not_stay_closed_by_a_run_that_was_cut_off(
    world: World, *, is_resumed: bool
) -> None:
    first = world.start("first", **LARGE)
    path = world.fail(first)
    world.pass_days(91)
    begun: list[Run] = []
    if is_resumed:
        world.standing = _beginning(world, begun, path, LARGE)  # type: ignore[method-assign]
    world.inventory.before_delete = _cut_off
    assert world.daily().failed
    if not is_resumed:
        begun.append(world.start("first", **LARGE))  # the name may be given again by now
    world.inventory.before_delete = lambda _: None
    assert list(world.daily().kept) == [first.arn]
    world.require_whole(world.resume("third", world.fail(begun[0]), LARGE))


def test_one_that_begins_once_the_deletion_has_begun_is_refused(world: World) -> None:
    first = world.start("first", **LARGE)
    path = world.fail(first)
    world.pass_days(91)
    refused: list[InvalidRequestError] = []

    def begin(locations: Any) -> None:
        if not refused and any("/executions/" not in each.key for each in locations):
            with pytest.raises(InvalidRequestError) as caught:
                first_bag({"resume_from": path}, {"execution_id": arn_of("late")})
            refused.append(caught.value)

    world.inventory.before_delete = begin
    assert world.daily().workflows == [first.arn]
    assert refused[0].field == "input.resume_from"
