"""What `statebag gc` deletes, and above all what it does not."""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statebag.garbage import Collection, Collector, Policy, content_of
from statebag.places import Place
from statebag.reading import StateReader
from statebag.roots import Owner
from statebag.soundness import verify
from tests.statebag.cloud import BUCKET, NOW, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.histories import History
from tests.statebag.states import decoded, key_prefix, location_of, snapshot_of
from universal_sync_core import record_failure, universal_sync_core
from universal_sync_core.compress import pack
from universal_sync_core.store import Location

GC = ("gc", "--bucket", BUCKET)
Bag = dict[str, Any]


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    class Today:
        @staticmethod
        def now(_: object) -> object:
            return NOW

    monkeypatch.setattr("statebag.commands.gc.datetime", Today)


def versions(execution_id: str, count: int = 3) -> list[Bag]:
    """Return the bags of a run that changed its state a few times, and each time all of it."""
    context = {"execution_id": execution_id}
    bags: list[Bag] = []
    for version in range(count):
        items = [f"{version}-{number}" * 10 for number in range(3_000)]
        delta = {"execution_id": execution_id, "current_state": {"items": items}}
        bags.append(universal_sync_core(bags[-1] if bags else None, delta, context))
    return bags


def snapshot_path(bag: Bag) -> str:
    return snapshot_of(bag)[1]


def running(cloud: FakeCloud, name: str) -> Bag:
    bags = versions(arn_of(name))
    history = History().visit("SyncSegment", {}, {"state_data": bags[0]})
    history.enter("RunSegment", {"state_data": bags[-1]})
    cloud.states.add(name, "RUNNING", events=history.events, input={})
    return bags[-1]


def finished(cloud: FakeCloud, name: str, *, days_ago: float) -> Bag:
    bags = versions(arn_of(name))
    cloud.states.add(name, days_ago=days_ago, output={"state_data": bags[-1]}, input={})
    return bags[-1]


def failed(cloud: FakeCloud, name: str, *, days_ago: float) -> tuple[Bag, str]:
    bags = versions(arn_of(name))
    context = {"execution_id": arn_of(name)}
    told = record_failure(bags[-1], {"Error": "OutOfStock", "Cause": "none"}, context)
    cloud.states.add(
        name, "FAILED", days_ago=days_ago, input={}, error=told["error"], cause=told["cause"]
    )
    return bags[-1], told["record_s3_path"]


def is_whole(cloud: FakeCloud, bag: Bag, name: str) -> bool:
    reader = StateReader(cloud.memory, Place(BUCKET), arn_of(name))
    return not verify(bag, reader).problems


def content(cloud: FakeCloud, name: str) -> set[str]:
    prefix = key_prefix(arn_of(name))
    return set(content_of(cloud, Place(BUCKET), prefix))  # type: ignore[arg-type]


def deleted(cloud: FakeCloud) -> set[str]:
    return {str(Location(BUCKET, key)) for key in cloud.inventory.deleted}


def test_gc_deletes_only_what_is_unreachable(
    run: Run, cloud: FakeCloud, golden: Callable[[str], None]
) -> None:
    live = {name: running(cloud, name) for name in ("live-1", "live-2", "live-3")}
    recent = finished(cloud, "finished-recently", days_ago=3)
    finished(cloud, "finished-long-ago", days_ago=200)
    lost, _ = failed(cloud, "failed-long-ago", days_ago=200)
    before = {name: content(cloud, name) for name in live}
    old = content(cloud, "finished-long-ago")

    golden(run(*GC, "--delete", "--yes").out)

    for name, bag in live.items():
        assert content(cloud, name) == before[name]
        assert is_whole(cloud, bag, name)
    assert is_whole(cloud, recent, "finished-recently")
    assert is_whole(cloud, lost, "failed-long-ago")
    assert content(cloud, "finished-long-ago") == set()
    assert old <= deleted(cloud)
    # Of the others the versions before the last have gone.
    assert content(cloud, "finished-recently")
    assert content(cloud, "failed-long-ago")
    assert {key.split("/")[1].rsplit("%3A", 1)[1] for key in cloud.inventory.deleted} == {
        "finished-recently",
        "finished-long-ago",
        "failed-long-ago",
    }


def test_dry_run_deletes_nothing(run: Run, cloud: FakeCloud) -> None:
    finished(cloud, "run-1", days_ago=200)

    ran = run(*GC)

    assert ran.code == 0
    assert "--delete" in ran.err
    assert cloud.inventory.deleted == []
    assert cloud.store.puts == []


def test_deletion_is_asked_for(run: Run, cloud: FakeCloud) -> None:
    finished(cloud, "run-1", days_ago=200)

    assert run(*GC, "--delete", stdin="n\n").code == 130
    assert cloud.inventory.deleted == []


def test_nothing_new_is_deleted(run: Run, cloud: FakeCloud) -> None:
    finished(cloud, "run-1", days_ago=200)
    cloud.inventory.long_ago = NOW - timedelta(days=6)

    run(*GC, "--delete", "--yes")

    assert cloud.inventory.deleted == []


def test_snapshots_and_records_are_kept_until_it_is_said(run: Run, cloud: FakeCloud) -> None:
    bag, record = failed(cloud, "run-1", days_ago=200)
    snapshot = snapshot_path(bag)

    run(*GC, "--delete", "--yes")
    assert {record, snapshot} <= content(cloud, "run-1")
    assert is_whole(cloud, bag, "run-1")

    run(*GC, "--delete", "--yes", "--keep-snapshots", "100")
    assert content(cloud, "run-1") == set()


def test_state_of_what_step_functions_has_forgotten_goes_but_for_snapshots(
    run: Run, cloud: FakeCloud
) -> None:
    bags = versions(arn_of("run-1"))
    path = snapshot_path(bags[0])

    run(*GC, "--delete", "--yes")

    assert path in content(cloud, "run-1")
    assert is_whole(cloud, bags[0], "run-1")
    assert not is_whole(cloud, bags[1], "run-1")


def test_failed_execution_can_be_redriven_as_long_as_it_is_kept(run: Run, cloud: FakeCloud) -> None:
    bags = versions(arn_of("run-1"))
    history = History()
    history.enter("RunSegment", {"state_data": bags[1]})
    cloud.states.add("run-1", "TIMED_OUT", days_ago=3, events=history.events, input={})

    run(*GC, "--delete", "--yes")

    assert is_whole(cloud, bags[1], "run-1")
    assert not is_whole(cloud, bags[2], "run-1")


def test_open_callback_keeps_what_it_asks(run: Run, cloud: FakeCloud) -> None:
    bags = versions(arn_of("run-1"))
    finished_bag = bags[1]["current_state"]["items"]
    record = {
        "callback_id": "a" * 64,
        "callback_type": "human",
        "execution_id": arn_of("run-1"),
        "prompt": finished_bag,
        "requested_at": "",
    }
    location = Location(BUCKET, f"{key_prefix(arn_of('run-1'))}callbacks/{'a' * 64}.json")
    cloud.memory.put(location, json.dumps(record).encode())

    run(*GC, "--delete", "--yes")

    assert is_whole(cloud, bags[1], "run-1")
    assert not is_whole(cloud, bags[2], "run-1")
    assert location in cloud.memory.objects


def test_execution_that_resumed_an_old_one_keeps_it(run: Run, cloud: FakeCloud) -> None:
    bag, record = failed(cloud, "run-1", days_ago=200)
    history = History()
    history.enter("RunSegment", {"state_data": bag})
    cloud.states.add("run-2", "RUNNING", input={"resume_from": record}, events=history.events)
    before = content(cloud, "run-1")

    run(*GC, "--delete", "--yes", "--keep-snapshots", "0")

    assert content(cloud, "run-1") == before


def test_execution_that_begins_meanwhile_is_left_alone(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(cloud, "run-1", days_ago=200)
    before = content(cloud, "run-1")
    monkeypatch.setattr("statebag.commands.gc.live_owners", lambda *_: {arn_of("run-1")})

    ran = run(*GC, "--delete", "--yes")

    assert "runs again" in ran.err
    assert content(cloud, "run-1") == before


def test_within_live_keeps_the_open_states_and_what_came_after(run: Run, cloud: FakeCloud) -> None:
    bags = versions(arn_of("run-1"), 4)
    history = History()
    for _ in range(20):  # so that the first is none of the last events
        history.visit("SyncSegment", {"state_data": bags[0]}, {"state_data": bags[0]})
    history.enter("ProcessParallelBranches", {"state_data": bags[1]}, "Map")
    history.visit("SyncBranch", {"state_data": bags[1]}, {"state_data": bags[2]})
    for _ in range(20):
        history.visit("RouteBranch", {}, {}, "Choice")
    cloud.states.add("run-1", "RUNNING", events=history.events, input={})

    run(*GC, "--delete", "--yes", "--within-live")

    whole = [is_whole(cloud, bag, "run-1") for bag in bags]
    assert whole == [False, True, True, False]


def test_distributed_map_under_way_keeps_everything(run: Run, cloud: FakeCloud) -> None:
    bags = versions(arn_of("run-1"))
    history = History()
    history.enter("DistributedMapState", {"state_data": bags[-1]}, "Map")
    history.add("MapRunStarted")
    cloud.states.add("run-1", "RUNNING", events=history.events, input={})

    (told,) = decoded(run(*GC, "--within-live", "--json").out)

    assert told["kept_because"] == "a Distributed Map is under way"
    assert told["unreachable"] == []


def test_state_that_cannot_be_read_keeps_its_execution(run: Run, cloud: FakeCloud) -> None:
    bag = finished(cloud, "run-1", days_ago=3)
    path = location_of(bag["current_state"]["items"]["__s3_path"])
    stored = cloud.memory.objects[path]
    cloud.memory.objects[path] = type(stored)(stored.body + b" ", stored.content_encoding)

    (told,) = decoded(run(*GC, "--json").out)

    assert told["kept_because"] == "some of its state cannot be read"


def test_objects_of_no_execution_are_left_alone(run: Run) -> None:
    versions("a name of somebody's")

    (told,) = decoded(run(*GC, "--json").out)

    assert (told["status"], told["unreachable"]) == ("unknown", [])


def test_only_content_addressed_objects_are_deleted(run: Run, cloud: FakeCloud) -> None:
    finished(cloud, "run-1", days_ago=200)
    others = [
        Location(BUCKET, f"{key_prefix(arn_of('run-1'))}items/{'a' * 64}.json"),
        Location(BUCKET, "distributed/run-1/manifest.json"),
        Location(BUCKET, "mine.txt"),
    ]
    for location in others:
        cloud.memory.put(location, b"[]")

    run(*GC, "--delete", "--yes")

    assert cloud.inventory.deleted
    assert set(others) <= cloud.memory.objects.keys()


Graph = list[tuple[str, list[int], str]]

# Each object refers only to those before it: content-addressed objects can form no circle.
nodes = st.tuples(
    st.sampled_from(["a", "b", "c"]),
    st.lists(st.integers(0, 60), max_size=4),
    st.sampled_from(["pointer", "text", "packed", "page", "snapshot"]),
)


def stored_at(cloud: FakeCloud, owner: str, body: bytes) -> str:
    key = f"{key_prefix(arn_of(owner))}sha256/{hashlib.sha256(body).hexdigest()}"
    cloud.memory.put(Location(BUCKET, key), body)
    return str(Location(BUCKET, key))


def document(number: int, refs: Sequence[str], form: str) -> bytes:
    """Return an object that refers to others in one of the ways there are."""
    pointers = [
        {"__s3_offloaded": True, "__v": 1, "__kind": "value", "__s3_path": ref, "__size_bytes": 1}
        for ref in refs
    ]
    forms: dict[str, Any] = {
        "pointer": {"number": number, "inner": [pointers]},
        "text": {"number": number, "said": f"[record: {']['.join(refs)}] and no more"},
        "packed": {"number": number, "packed": pack([number, pack(pointers)])},
        "page": {
            "__page": 1,
            "kind": "list",
            "height": 1,
            "children": [[ref, 1, 1, 1] for ref in refs] + [["0" * 64, number, 0, 0]],
        },
        "snapshot": {"snapshot_id": f"pre-{number}", "state_data": pointers},
    }
    return json.dumps(forms[form], separators=(",", ":")).encode()


@settings(max_examples=150, deadline=None)
@given(
    graph=st.lists(nodes, min_size=1, max_size=30),
    roots=st.lists(st.integers(0, 60), max_size=4),
    live=st.sets(st.sampled_from(["a", "b", "c"])),
    young=st.sets(st.integers(0, 29)),
    keeps_snapshots=st.booleans(),
    within_live=st.booleans(),
)
def test_exactly_the_unreachable_and_old_is_garbage(  # noqa: PLR0913 - what a store may hold
    graph: Graph,
    roots: list[int],
    live: set[str],
    young: set[int],
    *,
    keeps_snapshots: bool,
    within_live: bool,
) -> None:
    cloud = FakeCloud()
    paths: list[str] = []
    refers_to: dict[str, set[str]] = {}
    for number, (owner, wanted, form) in enumerate(graph):
        refs = sorted({paths[at % len(paths)] for at in wanted}) if paths else []
        paths.append(stored_at(cloud, owner, document(number, refs, form)))
        refers_to[paths[-1]] = set(refs)
    ages = {path: number in young for number, path in enumerate(paths)}
    for path, is_young in ages.items():
        cloud.inventory.modified[location_of(path).key] = NOW - timedelta(
            days=1 if is_young else 30
        )
    rooted = {paths[at % len(paths)] for at in roots}
    owners = {name: Owner(execution_id=arn_of(name), is_live=name in live) for name in "abc"}
    owners["a"].texts = [json.dumps({"bag": sorted(rooted)}).encode()]
    collections = {
        name: Collection(
            owner=owner,
            objects=content_of(cloud, Place(BUCKET), key_prefix(arn_of(name))),  # type: ignore[arg-type]
        )
        for name, owner in owners.items()
    }
    keep = None if keeps_snapshots else timedelta(0)
    policy = Policy(now=NOW, grace=timedelta(days=7), keep_snapshots=keep, within_live=within_live)

    Collector(cloud, policy).collect(collections)  # type: ignore[arg-type]

    shielded = {path for path, (owner, _, _) in zip(paths, graph, strict=True) if owner in live}
    shielded = set() if within_live else shielded
    rooted |= {path for path in paths if ages[path] and path not in shielded}
    reachable = closure(rooted, refers_to)
    for path, (_, _, form) in zip(paths, graph, strict=True):
        is_candidate = path not in reachable and path not in shielded
        if form == "snapshot" and keeps_snapshots and is_candidate:
            rooted.add(path)
    reachable = closure(rooted, refers_to)
    expected = {
        path for path in paths if path not in reachable and path not in shielded and not ages[path]
    }
    found = {str(each.location) for one in collections.values() for each in one.garbage}
    assert found == expected


def closure(rooted: set[str], refers_to: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(rooted)
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += refers_to[path]
    return reached
