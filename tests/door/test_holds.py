"""A workflow that an operator holds is marked with each step, on every way, at no request."""

from dataclasses import replace
from typing import Any

import pytest

from tests.core.bags import EXECUTION, OTHER_EXECUTION
from tests.core.fakes import CountingStore
from tests.door.ways import WAYS, Bag, Way, first, synced_by
from universal_sync_core.bag.holding import held_as
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime

HELD = "held_by_operator"
RESULT = {"current_state": {"step": 1}}


def held(way: Way, bag: Bag, result: Bag, settings: Settings, *executions: str) -> Bag:
    """Return the next bag where the workflows of these executions are held."""
    chosen = replace(settings, held_workflows=tuple(map(held_as, executions)))
    with runtime.use(settings=chosen, store=runtime.current().store):
        return way(bag, result)


@pytest.fixture(autouse=True)
def counting(store: CountingStore) -> CountingStore:
    return store


@pytest.mark.parametrize("way", WAYS)
def test_every_step_marks_a_workflow_that_is_held(way: str, settings: Settings) -> None:
    step = WAYS[way][0]
    assert held(step, first(), RESULT, settings, OTHER_EXECUTION, EXECUTION)[HELD] is True
    assert HELD not in held(step, first(), RESULT, settings, OTHER_EXECUTION)


def test_an_execution_of_the_same_name_is_not_held_on_another_machine(settings: Settings) -> None:
    other = EXECUTION.replace("state-data", "invoices")
    assert HELD not in held(synced_by("sync"), first(), RESULT, settings, other)


def test_a_first_step_is_held_as_well(settings: Settings) -> None:
    marked = held(lambda *_: first(), {}, {}, settings, EXECUTION)
    assert marked[HELD] is True


@pytest.mark.parametrize("stands", [True, False])
def test_the_mark_goes_with_the_step_after_the_release(settings: Settings, *, stands: bool) -> None:
    bag = first() | {HELD: stands}
    for way in ("sync", "merge_answer", "a worker that syncs", "a branch", "open_bag"):
        assert HELD not in held(WAYS[way][0], bag, RESULT, settings)


def test_the_bag_of_a_worker_that_syncs_is_marked_as_the_function_sees_it(
    settings: Settings,
) -> None:
    bag = first()
    released = WAYS["a worker that syncs"][0](bag, RESULT)
    marked = held(WAYS["a worker that syncs"][0], bag, RESULT, settings, EXECUTION)
    merge = WAYS["merge_answer"][0]
    assert HELD not in held(merge, bag, {"state_data": marked}, settings)
    assert held(merge, bag, {"state_data": released}, settings, EXECUTION)[HELD] is True


@pytest.mark.parametrize("status", ["COMPLETE", "FAILED", "HALTED", "SIGKILL"])
def test_a_workflow_that_ends_is_not_held(settings: Settings, status: str) -> None:
    assert HELD not in held(synced_by("sync"), first(), {"status": status}, settings, EXECUTION)


def test_holding_costs_no_request(settings: Settings, counting: CountingStore) -> None:
    for executions in ((), (EXECUTION,)):
        held(synced_by("sync"), first(), RESULT, settings, *executions)
    assert (counting.gets, counting.puts) == ([], [])


@pytest.mark.parametrize("value", [True, False, "yes", None])
def test_nobody_else_says_it(value: Any) -> None:
    for send in (synced_by("sync"), WAYS["merge_callback"][0]):
        with pytest.raises(InvalidRequestError, match=f"{HELD} is a control field"):
            send(first(), {HELD: value})
    with pytest.raises(InvalidRequestError):
        first(**{HELD: value})


def test_the_environment_names_who_is_held() -> None:
    named = Settings.from_env({"HELD_WORKFLOWS": "catalog:run-1, run-2"})
    assert named.held_workflows == ("catalog:run-1", "run-2")
    assert Settings.from_env({}).held_workflows == ()
