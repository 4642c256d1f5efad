"""`statebag forget`: all that a workflow has stored is erased, unless something living needs it."""

import json
import re
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import pytest

from statebag.account.stacks import Stack
from tests.statebag.cloud import BUCKET, DEFINITION, MACHINE, FakeCloud, arn_of, client_error
from tests.statebag.conftest import Run
from tests.statebag.endings import ended
from tests.statebag.states import CONTEXT, RUN, catalog_bag, key_prefix, snapshot_of
from universal_sync_core import record_failure
from universal_sync_core.retention.members import closed, digest_of, leave_mark
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.keys import items_prefix
from universal_sync_core.storage.store import Location

Golden = Callable[[str], None]

FORK = arn_of("fork")
OTHER = MACHINE.replace("catalog", "orders")
MAP_RUN = MACHINE.replace(":stateMachine:", ":mapRun:") + "/Items:run-a"
CHILD = arn_of("child-1", f"{MACHINE}/Items")
STRANGER = arn_of("child-2", f"{MACHINE}/Items")


def put(cloud: FakeCloud, key: str, body: bytes = b"{}") -> str:
    cloud.memory.put(Location(BUCKET, key), body)
    return key


def keys(cloud: FakeCloud) -> set[str]:
    return {each.key for each in (*cloud.memory.objects, *cloud.inventory.hidden)}


def manifest(machine: str) -> bytes:
    run = machine.replace(":stateMachine:", ":mapRun:")
    return json.dumps({"MapRunArn": f"{run}/Items:any"}).encode()


@pytest.fixture
def others(cloud: FakeCloud) -> set[str]:
    """What is stored of other workflows, and of other machines' executions of this name."""
    catalog_bag(arn_of("run-2"))
    ended(cloud, "run-2", days_ago=2)
    put(cloud, "distributed/run-1/run-b/manifest.json", manifest(OTHER))
    put(cloud, "distributed/run-1/run-b/SUCCEEDED_0.json")
    put(cloud, f"{key_prefix(STRANGER)}packs/{'1' * 64}")
    put(cloud, f"{key_prefix(RUN)[:-1]}0/packs/{'1' * 64}")
    put(cloud, "inputs/big.json")
    return keys(cloud)


@pytest.fixture
def workflow(cloud: FakeCloud, others: set[str]) -> set[str]:
    """An execution that failed and one that was forked from it; gives the keys of all of it."""
    cloud.states.machines[OTHER] = DEFINITION
    made, path = snapshot_of(catalog_bag())
    record_failure(made, {"Error": "OutOfStock", "Cause": "none left"}, CONTEXT)
    given = {"input_s3_path": f"s3://{BUCKET}/inputs/big.json"}
    ended(cloud, "run-1", "FAILED", days_ago=3, input=given)
    ended(cloud, "fork", days_ago=1, input={"resume_from": path}, owner=RUN)
    leave_mark(runtime.current(), RUN, FORK, "began")
    put(cloud, f"{key_prefix()}callbacks/{'a' * 64}.json")
    put(cloud, f"{items_prefix(Settings(bucket=BUCKET), RUN)}0.json")
    put(cloud, "distributed/run-1/run-a/SUCCEEDED_0.json")
    put(cloud, "distributed/run-1/run-c/manifest.json", manifest(MACHINE))
    put(cloud, "distributed/fork/run-d/manifest.json", manifest(MACHINE))
    put(cloud, f"{key_prefix(CHILD)}packs/{'1' * 64}")
    cloud.states.map_runs[RUN] = {MAP_RUN: [CHILD]}
    cloud.inventory.delete([Location(BUCKET, f"{key_prefix()}callbacks/{'a' * 64}.json")])
    return keys(cloud) - others


def test_without_erase_it_is_only_told(run: Run, cloud: FakeCloud, workflow: set[str]) -> None:
    before = keys(cloud)

    ran = run("forget", RUN, "--json")

    told = json.loads(ran.out)
    assert ran.code == 0
    assert keys(cloud) == before
    assert sum(each["objects"] for each in told["objects"].values()) == len(workflow)
    assert told["executions"] == [RUN, FORK]
    assert f"s3://{BUCKET}/distributed/run-1/run-b/" in " ".join(told["not_reached"])
    assert "inputs/big.json" in " ".join(told["not_reached"])


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.usefixtures("workflow")
def test_forget_tells_what_it_reaches(
    run: Run, golden: Golden, terminal: Any, columns: int
) -> None:
    terminal(columns)

    ran = run("forget", RUN)

    # How the core lays state out is no matter of this command.
    golden(re.sub(r"(?m)^(state|marks of executions) .*$", r"\1", ran.out))


@pytest.mark.parametrize("typed", ["run-1", RUN])
@pytest.mark.parametrize("versioned", [True, False])
def test_all_is_erased_and_nothing_of_others(  # noqa: PLR0913 - fixtures
    run: Run, cloud: FakeCloud, workflow: set[str], others: set[str], typed: str, *, versioned: bool
) -> None:
    cloud.inventory.versioned = versioned

    ran = run("forget", RUN, "--erase", stdin=f"{typed}\n")
    assert ran.code == 0, ran.err
    assert keys(cloud) == others
    mark = set() if versioned else {closed(Settings(bucket=BUCKET), RUN).key}
    assert set(cloud.versions.erased) == workflow | mark


@pytest.mark.parametrize("answered", range(9))
def test_next_try_erases_what_an_interrupted_one_has_left(
    run: Run, cloud: FakeCloud, others: set[str], workflow: set[str], answered: int
) -> None:
    del cloud.states.executions[FORK]  # only what is stored tells of it
    requests = count()

    def interrupted(request: Callable[[Any], None], given: Any) -> None:
        request(given)
        if next(requests) >= answered:
            raise client_error("ExpiredToken", "DeleteObjects")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cloud.inventory, "delete", partial(interrupted, cloud.inventory.delete))
        patch.setattr(cloud.versions, "erase", partial(interrupted, cloud.versions.erase))
        run("forget", RUN, "--erase", stdin="run-1\n")
    assert run("forget", RUN, "--erase", stdin="run-1\n").code == 0
    assert (keys(cloud), set(cloud.versions.erased)) == (others, workflow)


@pytest.mark.parametrize("typed", ["", "\n", "y\n", "run-2\n", "run\n"])
@pytest.mark.usefixtures("workflow")
def test_other_name_erases_nothing(run: Run, cloud: FakeCloud, typed: str) -> None:
    before = keys(cloud)
    ran = run("forget", RUN, "--erase", stdin=typed)
    assert ran.code in {7, 130}
    assert keys(cloud) == before
    assert cloud.inventory.deleted == [f"{key_prefix()}callbacks/{'a' * 64}.json"]


def needs(cloud: FakeCloud, kind: str) -> str:
    """Start an execution that needs the workflow's state."""
    path = max(str(each) for each in cloud.memory.objects if f"{key_prefix()}packs" in each.key)
    if kind == "a fork":
        leave_mark(runtime.current(), RUN, arn_of("new"), "began")
        return cloud.states.add("new", "RUNNING", input={})
    if kind == "the execution itself":
        cloud.states.executions[RUN]["status"] = "RUNNING"
        del cloud.states.executions[RUN]["stopDate"]
        return RUN
    if kind == "one about to resume":
        return cloud.states.add("new", "RUNNING", input={"resume_from": path})
    if kind == "one of another machine":
        return cloud.states.add("new", "RUNNING", machine=OTHER, input={"read": [path]})
    return cloud.states.add("new", "RUNNING", machine=OTHER, input={"of": RUN})


NEEDS = [
    "a fork",
    "the execution itself",
    "one about to resume",
    "one of another machine",
    "one that was told its ARN",
]


@pytest.mark.parametrize("kind", NEEDS)
@pytest.mark.usefixtures("workflow")
def test_what_a_living_execution_reaches_is_not_erased(
    run: Run, cloud: FakeCloud, kind: str
) -> None:
    living = needs(cloud, kind)
    before = keys(cloud)

    told = run("forget", RUN)
    ran = run("forget", RUN, "--erase", stdin="run-1\n")

    assert living in told.out
    assert (ran.code, keys(cloud)) == (7, before)
    assert living in ran.err
    assert cloud.versions.erased == []


@pytest.mark.parametrize("kind", NEEDS)
@pytest.mark.usefixtures("workflow")
def test_what_begins_while_it_is_deleted_has_it_back(
    run: Run, cloud: FakeCloud, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, delete = dict(cloud.memory.objects), cloud.inventory.delete

    def begin_and_delete(locations: Any) -> None:
        monkeypatch.setattr(cloud.inventory, "delete", delete)
        needs(cloud, kind)
        delete(locations)

    monkeypatch.setattr(cloud.inventory, "delete", begin_and_delete)

    ran = run("forget", RUN, "--erase", stdin="run-1\n")

    assert ran.code == 7
    assert before.items() <= cloud.memory.objects.items()
    assert cloud.versions.erased == []


@pytest.mark.usefixtures("workflow")
def test_what_was_deleted_comes_back_where_nobody_can_be_asked(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, delete = dict(cloud.memory.objects), cloud.inventory.delete

    def delete_and_break(locations: Any) -> None:
        delete(locations)
        cloud.states.fails_with = client_error("ThrottlingException", "ListExecutions")

    monkeypatch.setattr(cloud.inventory, "delete", delete_and_break)

    assert run("forget", RUN, "--erase", stdin="run-1\n").code == 6
    assert cloud.memory.objects == before
    assert cloud.versions.erased == []


@pytest.mark.usefixtures("workflow")
def test_one_that_works_on_anothers_state_names_that(run: Run, cloud: FakeCloud) -> None:
    before = keys(cloud)
    ran = run("forget", FORK, "--erase", stdin="fork\n")
    assert (ran.code, keys(cloud)) == (7, before)
    assert f"statebag forget {RUN}" in ran.err


def test_workflow_that_is_forgotten_elsewhere_is_erased(
    run: Run, cloud: FakeCloud, workflow: set[str], others: set[str]
) -> None:
    for arn in (RUN, FORK):
        del cloud.states.executions[arn]
    options = ("--bucket", BUCKET, "--erase")

    ran = run("forget", RUN, *options, stdin="run-1\n")

    # Whose children and whose results without a manifest these are, nobody knows any more.
    left = {f"{key_prefix(CHILD)}packs/{'1' * 64}", "distributed/run-1/run-a/SUCCEEDED_0.json"}
    assert ran.code == 0, ran.err
    assert keys(cloud) == others | left
    assert left < workflow
    assert "distributed/run-1/run-a/" in ran.out


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.usefixtures("workflow")
def test_mark_alone_makes_nothing_of_another_the_workflows_own(
    run: Run, cloud: FakeCloud, *, known: bool
) -> None:
    victim = ended(cloud, "victim", days_ago=1, known=known)
    put(cloud, "distributed/victim/run-e/manifest.json", manifest(MACHINE))
    theirs = {each for each in keys(cloud) if "victim" in each or digest_of(victim) in each}
    leave_mark(runtime.current(), RUN, victim, "began")

    ran = run("forget", RUN, "--erase", stdin="run-1\n")

    assert ran.code == 0, ran.err
    assert len(theirs) == 2
    assert theirs <= keys(cloud)
    assert f"nothing else confirms it; what it stored elsewhere stays: {victim}" in ran.out


def test_machine_that_is_gone_is_told(run: Run, cloud: FakeCloud, workflow: set[str]) -> None:
    del cloud.states.machines[MACHINE]

    told = json.loads(run("forget", RUN, "--bucket", BUCKET, "--json").out)

    assert "Cannot see whether" in told["not_reached"][-1]
    assert workflow


def test_end_that_is_not_recorded_yet_is_told(run: Run, cloud: FakeCloud) -> None:
    cloud.states.add("run-1", output={"state_data": catalog_bag()})

    assert "No end is recorded yet" in run("forget", RUN).out


@pytest.mark.usefixtures("workflow")
def test_second_time_nothing_is_left(run: Run, cloud: FakeCloud) -> None:
    cloud.stacks["shop"] = Stack(name="shop", bucket=BUCKET, machines=(MACHINE,))
    run("forget", "catalog:run-1", "--stack", "shop", "--erase", stdin="run-1\n")
    for arn in (RUN, FORK):
        del cloud.states.executions[arn]

    ran = run("forget", RUN, "--stack", "shop", "--erase")

    assert ran.code == 0
    assert "it has stored nothing" in ran.out
