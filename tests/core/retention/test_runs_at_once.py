"""Two runs of the daily deletion at once: an event is delivered twice, or a person starts one."""

from datetime import timedelta
from typing import Any

import pytest

from tests.core.retention.world import LARGE, World, arn_of
from universal_sync_core import first_bag
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.retention.terms import Outcome
from universal_sync_core.storage.store import Location

KILLED = "ended/runs/1.json"


def refuse(path: str, name: str) -> None:
    with pytest.raises(InvalidRequestError, match="its state is being deleted"):
        first_bag({"resume_from": path}, {"execution_id": arn_of(name)})


def test_state_that_one_run_deletes_is_not_opened_again_by_another(world: World) -> None:
    first = world.start("first", **LARGE)
    path = world.fail(first)
    world.pass_days(91)
    others: list[Outcome] = []

    def meanwhile(locations: Any) -> None:
        if not others and any("/packs/" in each.key for each in locations):
            refuse(path, "second")  # its mark stays
            others.append(world.daily())
            refuse(path, "third")

    world.inventory.before_delete = meanwhile

    outcome = world.daily()

    assert (outcome.workflows, outcome.is_put_off) == ([first.arn], False)
    assert others == [Outcome(is_put_off=True)]


@pytest.mark.parametrize(("minutes", "is_put_off"), [(15, True), (16, False)])
def test_run_that_was_killed_puts_off_no_other_for_longer_than_a_run_takes(
    world: World, minutes: int, *, is_put_off: bool
) -> None:
    world.end(world.start("one", **LARGE))
    world.pass_days(91)
    world.store.put(Location("state-bucket", KILLED), b"{}")
    world.now += timedelta(minutes=minutes)

    assert world.daily().is_put_off is is_put_off

    assert world.stored("ended/runs/") == ([KILLED] if is_put_off else [])


def test_of_two_runs_that_begin_at_once_one_goes_on_when_the_other_has_withdrawn(
    world: World,
) -> None:
    one = world.start("one", **LARGE)
    world.end(one)
    world.pass_days(91)
    other = Location("state-bucket", KILLED)
    world.store.put(other, b"{}")
    seen: list[list[str]] = []

    def withdraw() -> None:
        seen.append(world.stored("ended/runs/"))
        world.inventory.delete([other])

    world.while_waiting = withdraw

    outcome = world.daily()

    assert seen == [[KILLED]]
    assert (outcome.workflows, outcome.is_put_off) == ([one.arn], False)
    assert world.stored() == []


def test_dry_run_tells_what_a_run_under_way_leaves(world: World) -> None:
    one = world.start("one", **LARGE)
    world.end(one)
    world.pass_days(91)
    world.store.put(Location("state-bucket", KILLED), b"{}")

    outcome = world.daily(dry_run=True)

    assert (outcome.workflows, outcome.is_put_off) == ([one.arn], False)
