"""Children of Distributed Maps with ids of their own: their state goes with the parent's."""

from typing import Any

import pytest

from tests.core.retention.world import KNOWN_FOR, MACHINE, Run, World, arn_of
from universal_sync_core.errors import StoreUnavailableError

VALUES: list[Any] = ["x" * 300, {f"k{index}": "y" * 30 for index in range(40)}, 1]


def test_children_of_a_workflow_of_450_days_live_as_long_as_it_and_no_longer(world: World) -> None:
    first = world.start("first", text="x" * 300)
    children: list[tuple[Run, Run]] = []
    parent = first
    for day in range(1, 451):
        world.pass_days(1)
        if day % 10 == 0:
            children += [(parent, each) for each in world.run_map(parent, f"map-{day}", VALUES)]
        if day == 225:
            parent = world.go_on(parent, "second")
        before = set(world.stored())
        outcome = world.daily()
        assert (outcome.failed, outcome.recorded) == ({}, [])
        is_changed = day % 10 == 0 or not before.issubset(world.stored())
        for run, child in children if is_changed else ():
            if run.stopped is None or run.stopped >= world.now - world.keep:
                world.require_readable(run, child)
    world.end(parent)
    world.pass_days(91)
    assert world.daily().workflows
    assert world.stored() == []


def test_child_that_step_functions_has_forgotten_is_still_its_parents(world: World) -> None:
    parent = world.start("long")
    children = world.run_map(parent, "map", VALUES)
    world.daily()
    world.pass_days(KNOWN_FOR.days + 200)
    assert world.daily().workflows == []
    for child in children:
        world.require_readable(parent, child)
    world.end(parent)
    world.pass_days(89)
    assert world.daily().workflows == []
    world.require_readable(parent, children[0])
    world.pass_days(2)
    assert world.daily().workflows == [parent.arn]
    assert world.stored() == []


def test_a_map_run_is_asked_for_once_whatever_the_number_of_its_children(world: World) -> None:
    parent = world.start("one")
    world.run_map(parent, "map", ["x" * 300 + str(number) for number in range(50)])
    for _ in range(3):
        world.daily()
    assert world.asked_for_parents == 1


def test_child_that_writes_later_is_noted_too(world: World) -> None:
    parent = world.start("one")
    world.run_map(parent, "map", VALUES[:1])
    world.daily()
    world.run_map(parent, "map", VALUES)
    world.daily()
    world.end(parent)
    world.pass_days(91)
    world.daily()
    assert world.stored() == []


def test_children_of_children_go_with_them(world: World) -> None:
    parent = world.start("one")
    (child, *_) = world.run_map(parent, "outer", VALUES[:1])
    grandchildren = world.run_map(child, "inner", VALUES)
    for _ in range(2):  # the child is a parent whose own state is noted beside it
        world.daily()
    world.pass_days(200)
    world.daily()
    for each in grandchildren[:2]:
        assert world.stored_by(each.arn)
    world.end(parent)
    world.pass_days(91)
    world.daily()
    assert world.stored() == []


def test_parent_that_is_redriven_keeps_its_children(world: World) -> None:
    parent = world.start("redriven")
    (child, *_) = world.run_map(parent, "map", VALUES)
    world.daily()
    world.fail(parent)
    parent.stopped = None
    world.pass_days(91)
    assert world.daily().kept == {parent.arn: "it runs"}
    world.require_readable(parent, child)


def test_children_of_a_workflow_that_another_went_on_from_stay_for_that_one(world: World) -> None:
    first = world.start("first", text="x" * 300)
    (child, *_) = world.run_map(first, "map", VALUES)
    world.daily()
    second = world.resume("second", world.fail(first), first.expected)
    world.pass_days(91)
    assert world.daily().workflows == []
    world.require_readable(first, child)
    world.end(second)
    world.pass_days(91)
    assert world.daily().workflows == [first.arn]
    assert world.stored() == []


def test_parent_without_state_whose_end_was_lost_is_found(world: World) -> None:
    parent = Run(arn=arn_of("bare"), bag={"execution_id": arn_of("bare")}, expected={})
    world.runs[parent.arn] = parent
    world.run_map(parent, "map", VALUES)
    world.end(parent, is_recorded=False)
    for days in (1, 1, 91):
        world.pass_days(days)
        world.daily()
    assert world.stored() == []


def test_child_whose_parent_nobody_can_tell_is_kept_until_any_parent_has_ended(
    world: World,
) -> None:
    parent = world.start("one")
    (child, *_) = world.run_map(parent, "map", VALUES)
    world.pass_days(KNOWN_FOR.days + 1)  # no deletion ran meanwhile
    world.daily()
    world.pass_days(364 - KNOWN_FOR.days - 1)
    assert world.daily().recorded == []
    world.require_readable(parent, child)
    world.end(parent)
    world.pass_days(2)
    assert child.arn in world.daily().recorded
    for _ in range(2):
        world.pass_days(91)
        world.daily()
    assert world.stored() == []


@pytest.mark.parametrize("machine", ["another", "catalog-2"])
def test_children_of_other_machines_are_left_alone(world: World, machine: str) -> None:
    theirs = world.start("theirs", machine=MACHINE.replace("catalog", machine))
    children = world.run_map(theirs, "map", VALUES)
    world.end(theirs)
    world.pass_days(500)
    before = world.stored()
    world.daily()
    assert world.stored() == before
    world.require_readable(theirs, children[0])


def test_dry_run_tells_of_children_and_notes_nothing(world: World) -> None:
    parent = world.start("one", text="x" * 300)
    world.run_map(parent, "map", VALUES)
    before = world.stored()
    world.daily(dry_run=True)
    assert world.stored() == before
    world.daily()
    world.end(parent)
    world.pass_days(91)
    told = world.daily(dry_run=True)
    done = world.daily()
    assert (told.workflows, told.objects, told.size) == (done.workflows, done.objects, done.size)
    assert done.objects >= 3


def test_children_that_wrote_lately_keep_their_workflow(world: World) -> None:
    parent = world.start("one")
    world.run_map(parent, "map", VALUES)
    world.daily()
    world.end(parent)
    world.pass_days(60)
    world.run_map(parent, "map", [*VALUES, "z" * 300])
    world.daily()
    world.pass_days(31)
    assert "its state was written lately" in world.daily().kept.values()


def test_deletion_of_many_children_that_is_cut_short_is_taken_up_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("universal_sync_core.retention.children._LISTED_AT_ONCE", 5)
    parent = world.start("one", text="x" * 300)
    children = world.run_map(parent, "map", ["x" * 300 + str(number) for number in range(20)])
    world.daily()
    world.end(parent)
    world.pass_days(91)
    deleted: list[int] = []

    def cut_off(_: object) -> None:
        deleted.append(1)
        if len(deleted) == 2:
            raise StoreUnavailableError("S3 failed: InternalError")

    world.inventory.before_delete = cut_off
    assert list(world.daily().failed)
    left = [each for each in children if world.stored_by(each.arn)]
    assert 0 < len(left) < len(children)
    world.daily()
    assert world.stored() == []
