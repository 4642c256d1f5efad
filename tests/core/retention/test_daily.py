"""What ended long enough ago is deleted, and nothing that a workflow may still need."""

from datetime import timedelta
from typing import Any

import pytest

from tests.core.retention.world import MACHINE, Run, World, arn_of
from universal_sync_core import create_snapshot, first_bag, stage_items
from universal_sync_core.errors import InvalidRequestError, StoreUnavailableError
from universal_sync_core.storage.store import Location

LARGE: dict[str, Any] = {
    "text": "x" * 300,
    "map": {f"key-{index}": "y" * 30 for index in range(40)},
}
OTHER_MACHINE = MACHINE.replace("catalog", "another")


def test_chain_that_goes_on_for_450_days_keeps_all_it_needs(world: World) -> None:
    run = world.start("first", **LARGE)
    for day in range(1, 451):
        world.pass_days(1)
        world.sync(run, today=day)
        if day % 90 == 0:
            run = world.go_on(run, f"after-{day}")
        assert world.daily().workflows == []
    world.require_whole(run)
    world.sync(run, map={**LARGE["map"], "key-7": "changed"})
    world.require_whole(run)

    world.end(run)
    world.pass_days(91)
    assert world.daily().workflows == [arn_of("first")]
    assert world.stored() == []


def test_workflow_is_kept_for_the_retention_and_not_longer(world: World) -> None:
    run = world.start("one", **LARGE)
    world.end(run)
    world.pass_days(89.9)
    assert world.daily().workflows == []
    world.require_whole(run)

    world.pass_days(0.2)
    outcome = world.daily()
    assert (outcome.workflows, outcome.failed, outcome.is_cut_short) == ([run.arn], {}, False)
    assert outcome.objects >= 1
    assert outcome.size > 1_000
    assert world.stored() == []


def test_execution_that_runs_for_a_year_loses_nothing(world: World) -> None:
    run = world.start("long", **LARGE)
    record = "v1/" + world.stored_by(run.arn)[0].split("/")[1] + "/callbacks/0.json"
    world.store.put(Location("state-bucket", record), b"{}")
    world.pass_days(364)
    outcome = world.daily()
    assert (outcome.workflows, outcome.recorded) == ([], [])
    world.require_whole(run)
    assert record in world.stored()

    world.end(run)
    world.pass_days(91)
    world.daily()
    assert world.stored() == []


@pytest.mark.parametrize("kind", ["failure", "snapshot", "continuation"])
def test_resumed_workflow_is_kept_for_the_one_that_resumed_it(world: World, kind: str) -> None:
    first = world.start("first", **LARGE)
    path = left_by(world, first, kind)
    world.pass_days(80)
    second = world.resume("second", path, first.expected)
    world.pass_days(11)
    assert world.daily().kept == {first.arn: "another execution went on from it"}
    world.require_whole(second)
    world.end(second)
    world.pass_days(89)
    assert world.daily().workflows == []
    world.require_whole(second)

    world.pass_days(2)
    assert world.daily().workflows == [first.arn]
    assert world.stored() == []


def left_by(world: World, run: Run, kind: str) -> str:
    """End an execution in one of the ways that leave something to go on from."""
    if kind == "failure":
        return world.fail(run)
    if kind == "snapshot":
        bag = create_snapshot(run.bag, "pre")
        world.end(run)
        return str(bag["pre_snapshot_s3_path"])
    run.bag = create_snapshot(run.bag, "post")
    world.end(run, "ABORTED")
    return str(run.bag["post_snapshot_s3_path"])


def test_each_of_two_that_go_on_from_one_snapshot_keeps_it(world: World) -> None:
    first = world.start("first", **LARGE)
    path = world.fail(first)
    forks = [world.resume(name, path, first.expected) for name in ("left", "right")]
    world.sync(forks[0], side="left")
    world.end(forks[0])
    world.pass_days(300)
    world.daily()
    world.require_whole(forks[1])
    world.sync(forks[1], side="right")
    world.require_whole(forks[1])

    world.end(forks[1])
    world.pass_days(91)
    world.daily()
    assert world.stored() == []


def test_fork_that_ends_first_takes_nothing_from_the_one_it_left(world: World) -> None:
    first = world.start("first", **LARGE)
    path = str(create_snapshot(first.bag, "pre")["pre_snapshot_s3_path"])
    fork = world.resume("fork", path, first.expected)
    world.end(fork)
    world.pass_days(200)
    assert world.daily().kept == {first.arn: "another execution went on from it"}
    world.require_whole(first)
    assert world.stored("ended/") == []

    world.end(first)
    world.pass_days(91)
    assert world.daily().workflows == [first.arn]
    assert world.stored() == []


def test_all_records_of_a_chain_may_come_up_at_once(world: World) -> None:
    run = world.start("first", **LARGE)
    for number in range(40):
        run = world.go_on(run, f"next-{number}")
    world.end(run)
    world.pass_days(91)
    assert world.daily().workflows == [arn_of("first")]
    assert world.stored() == []


def test_items_go_with_their_workflow_and_inputs_stay(world: World) -> None:
    kept = Location("state-bucket", "inputs/catalog.json")
    world.store.put(kept, b"{}")
    run = world.start("one")
    stage_items({**run.bag, "distributed_items": [1, 2]})
    assert len(world.stored("items/")) == 1
    world.end(run)
    world.pass_days(91)
    world.daily()
    assert world.stored() == [kept.key]


@pytest.mark.parametrize("prefix", ["", "team/"])
def test_another_stack_on_the_bucket_is_left_alone(world: World, prefix: str) -> None:
    theirs = world.start("same-name", machine=OTHER_MACHINE, **LARGE)
    world.end(theirs)
    moved = {Location(each.bucket, prefix + each.key): each for each in list(world.store.objects)}
    world.store.modified |= {new: world.store.modified[old] for new, old in moved.items()}
    for new, old in moved.items():
        world.store.objects[new] = world.store.objects.pop(old)
    before = world.stored()
    world.end(world.start("same-name", **LARGE))
    world.pass_days(91)
    assert world.daily().workflows == [arn_of("same-name")]
    assert world.stored() == before


def test_machine_that_is_named_to_the_stack_is_treated_as_its_own(world: World) -> None:
    world.machines = frozenset({MACHINE, OTHER_MACHINE})
    theirs = world.start("theirs", machine=OTHER_MACHINE, **LARGE)
    world.end(theirs)
    world.pass_days(91)
    assert world.daily().workflows == [theirs.arn]


def test_end_that_nobody_was_told_of_is_recorded_and_counts(world: World) -> None:
    run = world.start("lost", **LARGE)
    world.end(run, is_recorded=False)
    world.pass_days(10)
    assert world.daily().recorded == [run.arn]
    assert world.daily().recorded == []
    world.pass_days(81)
    assert world.daily().workflows == [run.arn]


def test_end_that_is_forgotten_counts_from_when_that_is_known(world: World) -> None:
    run = world.start("lost", **LARGE)
    world.end(run, is_recorded=False)
    world.pass_days(400)
    outcome = world.daily()
    assert (outcome.recorded, outcome.workflows) == ([run.arn], [])
    world.pass_days(91)
    assert world.daily().workflows == [run.arn]


def test_end_of_one_that_went_on_is_looked_for_when_it_is_waited_for(world: World) -> None:
    first = world.start("first", **LARGE)
    second = world.go_on(first, "second")
    world.end(second, is_recorded=False)
    world.pass_days(91)
    outcome = world.daily()
    assert (outcome.recorded, outcome.workflows) == ([second.arn], [])
    world.pass_days(91)
    assert world.daily().workflows == [first.arn]
    assert world.stored() == []


@pytest.mark.parametrize("days", [1, 100])
def test_redriven_execution_is_kept(world: World, days: float) -> None:
    run = world.start("redriven", **LARGE)
    world.fail(run)
    run.stopped = None
    world.pass_days(91 + days)
    assert world.daily().kept == {run.arn: "it runs"}
    world.end(run)
    world.pass_days(1)
    assert world.daily().kept == {run.arn: "it ended lately"}
    world.pass_days(90)
    assert world.daily().workflows == [run.arn]
    assert world.stored() == []


def test_name_that_is_taken_again_keeps_what_was_stored_under_it(world: World) -> None:
    world.end(world.start("nightly", **LARGE))
    world.pass_days(91)
    again = world.start("nightly", **LARGE)
    assert world.daily().workflows == []
    world.end(again)
    world.pass_days(89)
    assert world.daily().workflows == []
    world.require_whole(again)


@pytest.mark.parametrize("again", ["first", "second"])
def test_name_of_any_that_worked_on_a_state_may_be_taken_again(world: World, again: str) -> None:
    first = world.start("first", **LARGE)
    path = str(create_snapshot(first.bag, "pre")["pre_snapshot_s3_path"])
    second = world.resume("second", path, first.expected)
    world.end(first)
    world.end(second)
    world.pass_days(91)
    if again == "first":
        running = world.start("first", **LARGE)
    else:
        running = world.resume("second", path, first.expected)
    for _ in range(2):
        assert world.daily().workflows == []
    world.require_whole(running)


def test_deletion_of_a_workflow_that_nobody_went_on_from_creates_one_object(world: World) -> None:
    world.end(world.start("one", **LARGE))
    world.pass_days(91)
    before = len(world.store.modified)
    world.daily()
    assert len(world.store.modified) == before + 1


def test_state_that_was_written_lately_is_kept_whoever_wrote_it(world: World) -> None:
    run = world.start("one", **LARGE)
    world.end(run)
    world.pass_days(50)
    world.sync(run, late="z" * 300)
    world.pass_days(41)
    assert world.daily().kept == {run.arn: "its state was written lately"}
    world.pass_days(50)
    assert world.daily().workflows == [run.arn]


def test_execution_that_may_not_be_looked_at_is_kept(world: World) -> None:
    run = world.start("one", **LARGE)
    world.end(run)
    world.unseen = world.machines
    world.pass_days(91)
    assert world.daily().kept == {run.arn: "its state machine is not seen here"}
    world.require_whole(run)


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


def test_damaged_record_is_told_and_stops_nothing(world: World) -> None:
    name = f"ended/2026-01-01/000000-{'0' * 32}.json"
    world.store.put(Location("state-bucket", name), b'{"ended_record":1}')
    world.store.put(Location("state-bucket", "ended/readme.txt"), b"not ours")
    world.end(world.start("one", **LARGE))
    world.pass_days(91)
    outcome = world.daily()
    assert outcome.workflows == [arn_of("one")]
    assert list(outcome.failed) == [name]


def test_one_that_begins_while_the_deletion_looks_keeps_its_state(world: World) -> None:
    first = world.start("first", **LARGE)
    path = world.fail(first)
    world.pass_days(91)
    begun: list[Run] = []
    standing = world.standing

    def begins(arn: str, since: Any) -> Any:
        found = standing(arn, since)
        if not begun:
            begun.append(world.resume("second", path, first.expected))
        return found

    world.standing = begins  # type: ignore[assignment, method-assign]
    assert world.daily().kept == {first.arn: "an execution is about to go on from it"}
    world.require_whole(begun[0])
    world.sync(begun[0], more=1)
    world.require_whole(begun[0])


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
