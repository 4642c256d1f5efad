"""What ended long enough ago is deleted, and nothing that a workflow may still need."""

import pytest

from tests.core.retention.world import LARGE, MACHINE, Run, World, arn_of
from universal_sync_core import create_snapshot, stage_items
from universal_sync_core.storage.store import Location

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


def test_workflow_is_kept_for_the_retention_and_not_a_second_longer(world: World) -> None:
    run = world.start("one", **LARGE)
    world.end(run)
    world.pass_days(90)
    assert world.daily().workflows == []
    world.require_whole(run)

    world.pass_days(1 / 86_400)
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


def test_end_of_one_that_went_on_is_looked_for_when_the_first_was_settled_before(
    world: World,
) -> None:
    second = world.go_on(world.start("first", **LARGE), "second")
    world.pass_days(91)
    assert world.daily().kept == {arn_of("first"): "another execution went on from it"}
    world.end(second, is_recorded=False)
    world.pass_days(1)
    assert world.daily().recorded == [second.arn]
    world.pass_days(91)
    assert world.daily().workflows == [arn_of("first")]
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
