"""Executions take up a state while it is deleted: each begins at any request of the other."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count

import pytest

from tests.core.meanwhile import At
from tests.core.retention.world import LARGE, Run, World, arn_of
from universal_sync_core import create_snapshot
from universal_sync_core.errors import InvalidRequestError, MissingObjectError
from universal_sync_core.storage import runtime
from universal_sync_core.storage.retry import ExponentialBackoffRetry
from universal_sync_core.storage.store import Location

Operation = Callable[[World, str], None]


@contextmanager
def container(world: World) -> Iterator[None]:
    """Work in a container that knows nothing yet."""
    at_once = ExponentialBackoffRetry(sleep=lambda _: None)
    with runtime.use(settings=world.settings, store=world.store, retry=at_once):
        yield


def resume(world: World, path: str) -> None:
    take_up("second", world, lambda: world.resume("second", path, LARGE))


def restore(world: World, path: str) -> None:
    take_up("third", world, lambda: world.restore("third", path, LARGE))


def take_up(name: str, world: World, begin: Callable[[], Run]) -> None:
    """Start an execution, which ends at once where it cannot have the state."""
    arn = arn_of(name)
    world.runs[arn] = Run(arn=arn, bag={"execution_id": arn}, expected={})
    with container(world):
        try:
            begin()
        except (InvalidRequestError, MissingObjectError):
            world.end(world.runs[arn], "FAILED")


def delete(world: World, _: str) -> None:
    with container(world):
        world.daily()


OPERATIONS = (resume, restore, delete)


@pytest.mark.parametrize("second", OPERATIONS)
@pytest.mark.parametrize("first", OPERATIONS)
def test_who_has_been_given_a_state_can_read_it(first: Operation, second: Operation) -> None:
    for number in count():
        world = World()
        with container(world):
            one = world.start("first", **LARGE)
            path = str(create_snapshot(one.bag, "pre")["pre_snapshot_s3_path"])
            world.end(one)
        world.pass_days(91)
        at = At(number, partial(second, world, path))
        at.notice(world.store, "put", "get", "exists")
        at.notice(world.inventory, "objects", "folders", "delete")

        first(world, path)

        if at.asked <= number:
            break
        for _ in range(2):
            for run in world.runs.values():
                if run.stopped is None:
                    with container(world):
                        world.require_whole(run)
            delete(world, path)
    assert number


def test_marks_go_after_all_that_they_are_about(world: World) -> None:
    world.end(world.start("first", **LARGE))
    world.pass_days(91)
    requests: list[set[bool]] = []

    def deleted(locations: Sequence[Location]) -> None:
        requests.append({"/executions/" in each.key for each in locations})

    world.inventory.before_delete = deleted

    world.daily()

    assert requests == [{False}, {True}, {False}]  # the last one is the record of the end
