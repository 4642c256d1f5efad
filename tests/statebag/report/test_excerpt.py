"""What a page carries of a state: bounded, masked, and honest about what it leaves out."""

from collections.abc import Iterator

from statebag.report.excerpt import Node
from tests.statebag.report.runs import SECRET, Run, findings, finished_run
from universal_sync_core.limits import KIB
from universal_sync_core.storage.store import Location, StoredObject


def every(node: Node) -> Iterator[Node]:
    yield node
    for member in node.members:
        yield from every(member)


def by_path(run: Run, *chosen: tuple[str | int, ...]) -> dict[str, Node]:
    state = findings(run, *chosen).state
    assert state is not None
    return {node.path: node for node in every(state)}


def large_run() -> Run:
    """A state of 20 MB."""
    items = [
        {"name": f"item {at}", "lines": [f"{at} {line}" * 8 for line in range(25)]}
        for at in range(5_500)
    ]
    wide = {f"key {at:05}": {"text": f"{at} " * 100} for at in range(20_000)}
    return Run("large").sync("Sync", {"current_state": {"items": items, "wide": wide}}).succeed()


def test_a_large_state_is_read_and_carried_in_part() -> None:
    run = large_run()
    nodes = by_path(run)
    assert nodes[""].part.size > 18_000_000
    assert len(nodes) < 3_000
    assert run.cloud.bytes_read < 2 * KIB * KIB
    assert nodes["current_state.wide"].hidden == 20_000 - 60
    assert nodes["current_state.items"].hidden == 5_500 - 20
    assert nodes["current_state.items[7].lines[3]"].preview.startswith('"7 3')


def test_a_chosen_part_is_carried_further() -> None:
    nodes = by_path(large_run(), ("current_state", "items"))
    assert nodes["current_state.items"].hidden == 5_000
    assert nodes["current_state.items[420].name"].preview == '"item 420"'


def test_secrets_are_masked() -> None:
    nodes = by_path(finished_run())
    assert nodes["current_state.database.password"].preview == '"***"'
    assert nodes["current_state.database.host"].preview == '"db.internal"'
    assert not [node for node in nodes.values() if SECRET in node.preview]


def test_a_part_that_cannot_be_read_is_told_and_the_others_are_carried() -> None:
    run = finished_run()
    damaged = by_path(run)["current_state.services"].part.s3_path
    assert damaged is not None
    location = Location.parse(damaged)
    run.cloud.memory.objects[location] = StoredObject(b"[]", None)
    nodes = by_path(run)
    assert nodes["current_state.services"].unreadable == "ChecksumMismatchError"
    assert nodes["current_state.title"].preview == '"API catalog"'
    del run.cloud.memory.objects[location]
    assert by_path(run)["current_state.services"].unreadable == "MissingObjectError"


def test_a_long_text_in_s3_is_not_read() -> None:
    node = by_path(finished_run())["current_state.report.chapter 1.text"]
    assert node.part.size > 70_000
    assert node.preview == ""
