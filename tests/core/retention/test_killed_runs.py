"""The daily deletion is killed at any of its requests, and runs again on the next day."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from tests.core.meanwhile import KilledError, Killing
from tests.core.retention.world import LARGE, Run, World
from universal_sync_core.retention import children, daily
from universal_sync_core.storage import runtime
from universal_sync_core.storage.retry import ExponentialBackoffRetry


@contextmanager
def container(world: World) -> Iterator[None]:
    """Work in a container that knows nothing yet."""
    at_once = ExponentialBackoffRetry(sleep=lambda _: None)
    with runtime.use(settings=world.settings, store=world.store, retry=at_once):
        yield


def prepared() -> tuple[World, Run]:
    """Return a world where much is over, and an execution that goes on with state from then."""
    world = World()
    with container(world):
        for name in ("chain", "lives"):
            first = world.start(name, **LARGE)
            world.run_map(first, "m", ["v" * 300])
            second = world.go_on(first, f"{name}-2")
            world.sync(second, more="z" * 300)
            if name == "chain":
                world.end(second, is_recorded=False)
        world.end(world.start("alone", **LARGE), is_recorded=False)
        world.daily()
    world.pass_days(91)
    return world, second


def test_what_a_killed_run_has_left_is_deleted_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (children, daily):
        monkeypatch.setattr(module, "in_parallel", lambda func, items: list(map(func, items)))
    for number in count():
        world, living = prepared()
        line = Killing(number, after=True)
        with pytest.MonkeyPatch.context() as patch, container(world):
            for service, names in (
                (world.store, ("put", "get", "exists")),
                (world.inventory, ("objects", "folders", "delete")),
            ):
                for name in names:
                    patch.setattr(service, name, line.led(getattr(service, name)))
            try:
                world.daily()
            except KilledError:
                pass
            else:
                break
        for _ in range(3):
            world.pass_days(92)
            with container(world):
                world.require_whole(living)
                world.daily()
        assert {key.split("/")[0] for key in world.stored()} == {"v1"}
        assert all("lives" in key for key in world.stored())
    assert number
