"""A worker may write into each folder called `packs/`, whatever the folders around it are called.

Its policy says `v1/*/packs/*`, and an asterisk of IAM stands for slashes too.
"""

import pytest

from tests.core.retention.world import SETTINGS, World, arn_of
from universal_sync_core.retention.members import Step, digest_of, mark
from universal_sync_core.storage.keys import execution_prefix
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import Json, encode

BUCKET = str(SETTINGS.bucket)
NAME = "0" * 32


def forge(world: World, key: str, content: Json) -> None:
    assert "/packs/" in key
    world.store.put(Location(BUCKET, key), encode(content))


@pytest.mark.parametrize(
    "folder", ["executions/packs/", "packs/", "packs/executions/", "executions/packs/executions/"]
)
@pytest.mark.parametrize("parent", ["workflow", "child"])
def test_forged_list_of_children_deletes_nothing(world: World, folder: str, parent: str) -> None:
    waiting = world.start("waits for months", text="x" * 300)
    stored = world.stored_by(waiting.arn)
    own = world.start("own", text="x" * 300)
    (child, *_) = world.run_map(own, "map", ["x" * 300])
    world.daily()
    prefix = execution_prefix(SETTINGS, child.arn if parent == "child" else own.arn)
    forge(world, f"{prefix}{folder}{NAME}.children.json", {"execution_arns": [waiting.arn]})
    world.end(own)
    world.pass_days(91)
    assert world.daily().workflows == [own.arn]
    assert world.stored_by(waiting.arn) == stored
    assert world.stored_by(child.arn) == []


@pytest.mark.parametrize("step", ["began", "settled"])
def test_forged_mark_neither_keeps_nor_frees_a_state(world: World, step: Step) -> None:
    first = world.start("first", text="x" * 300)
    second = world.resume("second", world.fail(first), first.expected)
    member = second.arn if step == "settled" else arn_of("nobody")
    prefix = execution_prefix(SETTINGS, first.arn)
    name = mark(SETTINGS, first.arn, digest_of(member), step).key.rsplit("/", 1)[-1]
    forge(world, f"{prefix}executions/packs/{name}", {"execution_arn": member})
    world.pass_days(91)
    assert world.daily().workflows == []
    world.end(second)
    world.pass_days(91)
    assert world.daily().workflows == [first.arn]


@pytest.mark.parametrize(
    "folder",
    [
        arn_of("x" + "é" * 400),  # percent-encoded, it would be longer than a key may be
        arn_of("raw"),
        "%zz",
        "",
    ],
)
def test_folder_that_no_execution_has_stops_nothing(world: World, folder: str) -> None:
    lost = world.start("lost", text="x" * 300)
    world.end(lost, is_recorded=False)
    forge(world, f"v1/{folder}/packs/{NAME}", 1)
    assert world.daily().recorded == [lost.arn]
