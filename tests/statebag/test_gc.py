"""What `statebag gc` deletes, and above all what it does not."""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statebag.account.places import Place
from statebag.garbage.garbage import Collector, Holding, Policy, content_of
from statebag.state.reading import StateReader
from statebag.state.soundness import verify
from tests.core.places import place, row
from tests.statebag.bucket import NOW
from tests.statebag.cloud import BUCKET, MACHINE, FakeCloud, arn_of, client_error
from tests.statebag.conftest import Run
from tests.statebag.histories import History
from tests.statebag.states import decoded, key_prefix, location_of, snapshot_of
from universal_sync_core import first_bag, record_failure, store_result, universal_sync_core
from universal_sync_core.retention.standing import Standing
from universal_sync_core.storage.store import Location
from universal_sync_core.values.compression import compress

GC = ("gc", "--bucket", BUCKET)
DELETE = (*GC, "--delete", "--yes")
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
    return set(content_of(cloud, Place(BUCKET), arn_of(name)))  # type: ignore[arg-type]


def deleted(cloud: FakeCloud) -> set[str]:
    return {str(Location(BUCKET, key)) for key in cloud.inventory.deleted}


def told(run: Run, *options: str) -> dict[str, tuple[str, str | None]]:
    """Return of each execution what it is, and why it is kept."""
    found = decoded(run(*GC, *options, "--json").out)
    return {
        each["execution_id"].rsplit(":", 1)[-1]: (each["status"], each["kept_because"])
        for each in found
    }


def test_gc_deletes_only_what_is_unreachable(
    run: Run, cloud: FakeCloud, golden: Callable[[str], None]
) -> None:
    live = {name: running(cloud, name) for name in ("live-1", "live-2", "live-3")}
    recent = finished(cloud, "finished-recently", days_ago=3)
    finished(cloud, "finished-long-ago", days_ago=200)
    lost, _ = failed(cloud, "failed-long-ago", days_ago=200)
    kept = (*live, "finished-recently")
    before = {name: content(cloud, name) for name in kept}

    golden(run(*GC, "--delete", "--yes").out)

    assert {name: content(cloud, name) for name in kept} == before
    assert all(is_whole(cloud, bag, name) for name, bag in live.items())
    assert is_whole(cloud, recent, "finished-recently")
    assert is_whole(cloud, lost, "failed-long-ago")
    assert content(cloud, "finished-long-ago") == set()
    # Of the failed one the versions before the last have gone.
    assert {key.split("/")[1].rsplit("%3A", 1)[1] for key in cloud.inventory.deleted} == {
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

    run(*DELETE)

    assert cloud.inventory.deleted == []


def test_snapshots_and_records_are_kept_until_it_is_said(run: Run, cloud: FakeCloud) -> None:
    bag, record = failed(cloud, "run-1", days_ago=200)
    snapshot = snapshot_path(bag)

    run(*DELETE)
    assert {record, snapshot} <= content(cloud, "run-1")
    assert is_whole(cloud, bag, "run-1")

    run(*DELETE, "--keep-snapshots", "100")
    assert content(cloud, "run-1") == set()


def test_what_step_functions_has_forgotten_goes_only_where_it_is_said(
    run: Run, cloud: FakeCloud
) -> None:
    bags = versions(arn_of("run-1"))
    path = snapshot_path(bags[0])
    before = content(cloud, "run-1")

    run(*DELETE)
    assert content(cloud, "run-1") == before

    run(*DELETE, "--forgotten")
    assert path in content(cloud, "run-1")
    assert is_whole(cloud, bags[0], "run-1")
    assert not is_whole(cloud, bags[1], "run-1")


def test_what_is_new_is_not_taken_for_forgotten(run: Run, cloud: FakeCloud) -> None:
    versions(arn_of("run-1"))
    cloud.inventory.long_ago = NOW - timedelta(days=60)

    assert told(run, "--forgotten") == {"run-1": ("forgotten", "it is new, and cannot be seen")}


@pytest.mark.parametrize(
    "machine",
    [
        MACHINE.replace("eu-west-1", "us-east-1"),
        MACHINE.replace("123456789012", "210987654321"),
        f"{MACHINE}-deleted",
        f"{MACHINE}/a-map-run",
    ],
)
def test_what_is_not_seen_here_is_kept(run: Run, cloud: FakeCloud, machine: str) -> None:
    versions(arn_of("run-1", machine))

    run(*DELETE, "--forgotten")

    assert cloud.inventory.deleted == []
    assert told(run, "--forgotten") == {"run-1": ("unseen", "its state machine is not seen here")}


@pytest.mark.parametrize("is_gone_from", ["_list_executions", "_list_state_machines"])
def test_machine_that_goes_meanwhile_keeps_what_it_has(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, is_gone_from: str
) -> None:
    finished(cloud, "run-1", days_ago=200)

    def gone(**_: object) -> Any:
        if is_gone_from == "_list_executions":
            raise client_error("StateMachineDoesNotExist", "ListExecutions")
        return [{"stateMachines": []}]

    def meanwhile(*_: object, **__: object) -> None:
        setattr(cloud.states, is_gone_from, gone)

    monkeypatch.setattr("click.confirm", meanwhile)

    ran = run(*GC, "--delete")

    assert cloud.inventory.deleted == []
    assert "not seen here" in ran.err


@pytest.mark.parametrize("status", ["FAILED", "ABORTED", "TIMED_OUT"])
@pytest.mark.parametrize(("days", "is_kept"), [(3, True), (13.9, True), (14.1, False)])
def test_nothing_goes_of_what_may_be_redriven(
    run: Run, cloud: FakeCloud, status: str, days: float, *, is_kept: bool
) -> None:
    versions(arn_of("run-1"))
    cloud.states.add("run-1", status, days_ago=days, input={})

    run(*DELETE, "--keep-finished", "14")

    assert (not cloud.inventory.deleted) is is_kept


def test_keeping_for_less_than_a_redrive_takes_is_refused(run: Run) -> None:
    assert run(*GC, "--keep-finished", "13").code == 2


def test_stopped_map_keeps_what_its_children_have_stored(run: Run, cloud: FakeCloud) -> None:
    bag = versions(arn_of("run-1"), 1)[0]
    rows = [{"rows": [f"{n} {row}" * 20 for row in range(900)]} for n in range(3)]
    outputs = [store_result(each, {"execution_id": arn_of("run-1")}) for each in rows]
    history = History()
    history.enter("DistributedMapState", {"state_data": bag}, "Map")
    history.add("MapRunStarted")
    cloud.states.add("run-1", "ABORTED", days_ago=8, events=history.events, input={})

    run(*DELETE, "--keep-finished", "14")

    assert is_whole(cloud, {"outputs": outputs}, "run-1")


def test_open_callback_keeps_what_it_asks(run: Run, cloud: FakeCloud) -> None:
    bags = versions(arn_of("run-1"))
    cloud.states.add("run-1", days_ago=200)
    prompt = bags[1]["current_state"]["items"]
    location = Location(BUCKET, f"{key_prefix(arn_of('run-1'))}callbacks/{'a' * 64}.json")
    cloud.memory.put(location, json.dumps({"prompt": prompt}).encode())

    run(*DELETE)

    assert is_whole(cloud, bags[1], "run-1")
    assert not is_whole(cloud, bags[2], "run-1")
    assert location in cloud.memory.objects


@pytest.mark.parametrize("body", [b"[]", b"{}", b"", b"\xff", b'{"prompt": "[s3://'])
def test_callback_that_cannot_be_read_stops_nothing(
    run: Run, cloud: FakeCloud, body: bytes
) -> None:
    finished(cloud, "run-1", days_ago=200)
    location = Location(BUCKET, f"{key_prefix(arn_of('run-1'))}callbacks/{'a' * 64}.json")
    cloud.memory.put(location, body)

    assert run(*DELETE).code == 0
    assert content(cloud, "run-1") == set()
    assert location in cloud.memory.objects


def test_execution_that_resumed_an_old_one_keeps_it(run: Run, cloud: FakeCloud) -> None:
    bag, record = failed(cloud, "run-1", days_ago=200)
    history = History()
    history.enter("RunSegment", {"state_data": bag})
    cloud.states.add("run-2", "RUNNING", input={"resume_from": record}, events=history.events)
    before = content(cloud, "run-1")

    run(*DELETE, "--keep-snapshots", "0")

    assert content(cloud, "run-1") == before


CALLING = {"States": {"A": {"Parameters": {"FunctionName": "f", "Payload": {"action": "init"}}}}}


@pytest.mark.parametrize("definition", [CALLING, [CALLING]])
def test_execution_of_another_machine_keeps_what_it_resumed(
    run: Run, cloud: FakeCloud, definition: Any
) -> None:
    other = f"{MACHINE}-other"
    cloud.states.machines[other] = definition
    _, record = failed(cloud, "run-1", days_ago=200)
    cloud.states.add("run-2", "RUNNING", machine=other, input={"resume_from": record})

    assert told(run) == {"run-1": ("running", "it runs")}


def test_machine_that_has_nothing_to_do_with_state_is_not_looked_through(
    run: Run, cloud: FakeCloud
) -> None:
    cloud.states.machines[f"{MACHINE}-other"] = {"States": {"A": {"Type": "Pass"}}}
    cloud.states.add("run-2", "RUNNING", machine=f"{MACHINE}-other", input={})
    finished(cloud, "run-1", days_ago=200)

    run(*GC)

    assert "DescribeExecution" not in cloud.states.asked


@pytest.mark.parametrize(
    "given",
    [
        lambda path: {"resume_from": path},
        lambda path: {"input_s3_path": path},
        lambda path: {"nested": [{"state": {"s3_path": path}}]},
        lambda _: {"execution_id": arn_of("run-1")},
        lambda path: {"text": json.dumps({"path": path})},
    ],
)
def test_execution_belongs_to_the_workflows_that_its_input_names(
    run: Run, cloud: FakeCloud, given: Callable[[str], Any]
) -> None:
    _, record = failed(cloud, "run-1", days_ago=200)
    cloud.states.add("run-2", "RUNNING", input=given(record))

    assert told(run)["run-1"] == ("running", "it runs")


def test_reference_from_an_old_snapshot_of_what_runs_is_followed(
    run: Run, cloud: FakeCloud
) -> None:
    theirs = finished(cloud, "run-1", days_ago=200)
    older = {**versions(arn_of("run-2"), 1)[0], "borrowed": theirs["current_state"]["items"]}
    snapshot_path(older)
    running(cloud, "run-2")

    run(*DELETE)

    assert is_whole(cloud, {"borrowed": older["borrowed"]}, "run-1")


def resumed_meanwhile(cloud: FakeCloud, record: str) -> Bag:
    """Resume a failed execution, and let it succeed with a value that is stored already."""
    start = {"resume_from": record}
    bag = first_bag(start, {"execution_id": arn_of("run-2"), "action": "init"})
    lost = {"current_state": {"items": [f"1-{number}" * 10 for number in range(3_000)]}}
    bag = universal_sync_core(bag, lost, {"action": "sync"})
    cloud.states.add("run-2", input=start, output={"state_data": bag})
    return bag


def test_execution_that_began_while_it_was_asked_is_left_alone(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, record = failed(cloud, "run-1", days_ago=200)
    bags = []
    monkeypatch.setattr(
        "click.confirm", lambda *_, **__: bags.append(resumed_meanwhile(cloud, record))
    )

    ran = run(*GC, "--delete")

    assert cloud.inventory.deleted == []
    assert is_whole(cloud, bags[0], "run-1")
    assert "run-1 changed meanwhile, and nothing of it was deleted: it ended lately" in ran.err


def test_execution_that_began_during_a_deletion_gets_everything_back(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, record = failed(cloud, "run-1", days_ago=200)
    finished(cloud, "run-3", days_ago=200)
    bags: list[Bag] = []
    delete = cloud.inventory.delete

    def while_deleting(locations: Sequence[Location]) -> None:
        if not bags:
            bags.append(resumed_meanwhile(cloud, record))
        delete(locations)

    monkeypatch.setattr(cloud.inventory, "delete", while_deleting)

    ran = run(*DELETE)

    assert is_whole(cloud, bags[0], "run-1")
    assert {key.split("/")[1].rsplit("%3A", 1)[1] for key in cloud.inventory.deleted} == {"run-3"}
    assert f"{len(cloud.inventory.deleted)} objects" in ran.out


@pytest.mark.parametrize(
    "error", [client_error("ThrottlingException", "ListExecutions"), KeyboardInterrupt()]
)
def test_deletion_after_which_nothing_is_known_is_undone(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    finished(cloud, "run-1", days_ago=200)
    before = content(cloud, "run-1")
    delete = cloud.inventory.delete

    def then_fail(locations: Sequence[Location]) -> None:
        delete(locations)
        monkeypatch.setattr(cloud.states, "_asked", raising(error))

    monkeypatch.setattr(cloud.inventory, "delete", then_fail)

    assert run(*DELETE).code in {6, 130}
    assert content(cloud, "run-1") == before


def raising(error: BaseException) -> Callable[[str], None]:
    def fail(_: str) -> None:
        raise error

    return fail


def test_bucket_without_versions_is_not_deleted_from_unless_it_is_said(
    run: Run, cloud: FakeCloud
) -> None:
    cloud.inventory.versioned = False
    finished(cloud, "run-1", days_ago=200)
    failed(cloud, "run-2", days_ago=200)
    resumable = content(cloud, "run-2")

    ran = run(*DELETE)
    assert (ran.code, cloud.inventory.deleted) == (7, [])
    assert "--unversioned" in ran.err

    assert run(*DELETE, "--unversioned").code == 0
    assert content(cloud, "run-1") == set()
    assert content(cloud, "run-2") == resumable


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        (arn_of("run-9", MACHINE.replace("eu-west-1", "us-east-1")), "cannot be seen here"),
        ("somebody", "cannot be seen here"),
        (arn_of("run-9"), ""),
    ],
)
def test_workflow_that_went_on_where_nobody_can_look_is_kept(
    run: Run, cloud: FakeCloud, arn: str, reason: str
) -> None:
    bags = versions(arn_of("run-1"))
    cloud.states.add("run-1", days_ago=200)
    snapshot_path({**bags[-1], "execution_chain": [arn_of("run-1"), arn]})

    standing, because = told(run)["run-1"]

    assert standing == "over"
    assert reason in (because or "")
    assert bool(because) is bool(reason)


def test_state_that_cannot_be_read_keeps_its_workflow(run: Run, cloud: FakeCloud) -> None:
    bag, _ = failed(cloud, "run-1", days_ago=200)
    borrowed = finished(cloud, "run-2", days_ago=200)["current_state"]["items"]
    stored_at(cloud, "run-1", json.dumps({"unreferenced": borrowed}).encode())
    path = location_of(bag["current_state"]["items"]["__s3_path"])
    stored = cloud.memory.objects[path]
    cloud.memory.objects[path] = type(stored)(
        bytes(byte ^ 1 for byte in stored.body), stored.content_encoding
    )
    before = content(cloud, "run-1")

    assert told(run)["run-1"] == ("over", "some of its state cannot be read")
    run(*DELETE)
    assert content(cloud, "run-1") == before
    assert is_whole(cloud, {"borrowed": borrowed}, "run-2")


def test_objects_of_no_execution_are_left_alone(run: Run) -> None:
    versions("a name of somebody's")

    assert told(run) == {"a name of somebody's": ("unknown", "no execution of Step Functions")}


def test_only_content_addressed_objects_are_deleted(run: Run, cloud: FakeCloud) -> None:
    finished(cloud, "run-1", days_ago=200)
    others = [
        Location(BUCKET, f"{key_prefix(arn_of('run-1'))}items/{'a' * 64}.json"),
        Location(BUCKET, "distributed/run-1/manifest.json"),
        Location(BUCKET, "mine.txt"),
    ]
    for location in others:
        cloud.memory.put(location, b"[]")

    run(*DELETE)

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
    key = f"{key_prefix(arn_of(owner))}packs/{hashlib.sha256(body).hexdigest()}"
    cloud.memory.put(Location(BUCKET, key), body)
    LENGTHS[str(Location(BUCKET, key))] = len(body)
    return str(Location(BUCKET, key))


LENGTHS: dict[str, int] = {}


def document(number: int, refs: Sequence[str], form: str) -> bytes:
    """Return an object that refers to others in one of the ways there are."""
    pointers = [
        {"__s3_offloaded": True, "__v": 1, "__kind": "value", **place(ref, LENGTHS[ref])}
        | {"__size_bytes": 1}
        for ref in refs
    ]
    forms: dict[str, Any] = {
        "pointer": {"number": number, "inner": [pointers]},
        "text": {"number": number, "said": f"[record: {']['.join(refs)}] and no more"},
        "packed": {"number": number, "packed": compress([number, pointers])},
        "page": {
            "__page": 1,
            "kind": "list",
            "height": 1,
            "children": [[ref, *row(ref, LENGTHS[ref])[1:], 1, 1, 1] for ref in refs]
            + [[*row("0" * 64, 1), number + 1, 0, 0]],
        },
        "snapshot": {"snapshot_id": f"pre-{number}", "state_data": pointers},
    }
    return json.dumps(forms[form], separators=(",", ":")).encode()


@settings(max_examples=150, deadline=None)
@given(
    graph=st.lists(nodes, min_size=1, max_size=30),
    roots=st.lists(st.integers(0, 60), max_size=4),
    kept=st.sets(st.sampled_from(["a", "b", "c"])),
    young=st.sets(st.integers(0, 29)),
    keeps_snapshots=st.booleans(),
)
def test_exactly_the_unreachable_and_old_is_garbage(
    graph: Graph, roots: list[int], kept: set[str], young: set[int], *, keeps_snapshots: bool
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
    holdings = [
        Holding(
            execution_id=arn_of(name),
            standing=Standing.RUNNING if name in kept else Standing.OVER,
            reason="it runs" if name in kept else None,
            objects=content_of(cloud, Place(BUCKET), arn_of(name)),  # type: ignore[arg-type]
        )
        for name in "abc"
    ]
    policy = Policy(
        now=NOW,
        keep=timedelta(days=14),
        grace=timedelta(days=7),
        keep_snapshots=None if keeps_snapshots else timedelta(0),
    )

    Collector(cloud, Place(BUCKET), policy).collect(holdings, sorted(rooted))  # type: ignore[arg-type]

    owners = {path: owner for path, (owner, _, _) in zip(paths, graph, strict=True)}
    rooted |= {path for path in paths if ages[path] or owners[path] in kept}
    if keeps_snapshots:
        rooted |= {
            path for path, (_, _, form) in zip(paths, graph, strict=True) if form == "snapshot"
        }
    reachable = closure(rooted, refers_to)
    assert {str(each.location) for one in holdings for each in one.garbage} == set(
        paths
    ) - reachable


def closure(rooted: set[str], refers_to: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(rooted)
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += refers_to[path]
    return reached
