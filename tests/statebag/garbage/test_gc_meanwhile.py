"""What changes while gc asks and deletes costs nobody anything."""

import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from botocore.parsers import ResponseParserError

from tests.statebag.cloud import BUCKET, STILL_EXPIRED, FakeCloud, arn_of, client_error
from tests.statebag.conftest import Run
from tests.statebag.garbage.gc_runs import DELETE, GC, Bag, content, failed, finished, is_whole
from universal_sync_core import first_bag, universal_sync_core
from universal_sync_core.retention.inventory import Stored
from universal_sync_core.storage.store import Location

pytestmark = pytest.mark.usefixtures("today")


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


@pytest.mark.parametrize("versioned", [True, False])
def test_what_is_told_of_a_workflow_that_changed_during_a_deletion_is_true(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, *, versioned: bool
) -> None:
    finished(cloud, "run-1", days_ago=200)
    before = content(cloud, "run-1")
    cloud.inventory.versioned = versioned
    delete = cloud.inventory.delete

    def while_deleting(locations: Sequence[Location]) -> None:
        cloud.states.add("reader", "RUNNING", input={"of": arn_of("run-1")})
        delete(locations)

    monkeypatch.setattr(cloud.inventory, "delete", while_deleting)

    ran = run(*DELETE, *(() if versioned else ("--unversioned",)))

    assert (content(cloud, "run-1") == before) is versioned
    told = "nothing of it" if versioned else "nothing more of it"
    assert f"run-1 changed meanwhile, and {told} was deleted: it runs" in ran.err


def raising(error: BaseException) -> Callable[..., None]:
    def fail(*_: Any) -> None:
        raise error

    return fail


def sending(number: signal.Signals) -> Callable[..., None]:
    return lambda *_: signal.raise_signal(number)


ENDS: dict[str, tuple[Callable[..., None], int]] = {
    "throttled": (raising(client_error("ThrottlingException", "ListExecutions")), 6),
    "no answer of AWS": (raising(ResponseParserError("<html>")), 6),
    "expired": (raising(STILL_EXPIRED), 4),
    "Ctrl-C": (raising(KeyboardInterrupt()), 130),
    "SIGTERM": (sending(signal.SIGTERM), 130),
    "SIGHUP": (sending(signal.SIGHUP), 130),
}


@pytest.mark.parametrize(("end", "code"), ENDS.values(), ids=ENDS)
def test_deletion_after_which_nothing_is_known_is_undone(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, end: Callable[..., None], code: int
) -> None:
    finished(cloud, "run-1", days_ago=200)
    before = content(cloud, "run-1")
    delete = cloud.inventory.delete

    def then_fail(locations: Sequence[Location]) -> None:
        delete(locations)
        monkeypatch.setattr(cloud.states, "_asked", end)

    monkeypatch.setattr(cloud.inventory, "delete", then_fail)

    assert run(*DELETE).code == code
    assert content(cloud, "run-1") == before


@pytest.mark.parametrize("error", [client_error("ExpiredToken", "any"), KeyboardInterrupt()])
def test_what_stays_deleted_is_named_where_it_cannot_be_brought_back(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    finished(cloud, "run-1", days_ago=200)
    delete = cloud.inventory.delete

    def then_end(locations: Sequence[Location]) -> None:
        delete(locations)
        monkeypatch.setattr(cloud.states, "_asked", raising(error))
        monkeypatch.setattr(cloud.inventory, "undelete", raising(error))

    monkeypatch.setattr(cloud.inventory, "delete", then_end)

    ran = run(*DELETE)

    assert ran.code == 6
    assert f"objects were deleted and could not be undeleted ({type(error).__name__})" in ran.err
    assert arn_of("run-1") in ran.err
    assert "docs/operations.md" in ran.err


def test_what_another_deletion_takes_meanwhile_ends_no_look(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(cloud, "run-1", days_ago=200)
    record = Location(BUCKET, f"v1/{arn_of('run-1').replace(':', '%3A')}/callbacks/{'0' * 64}.json")
    cloud.memory.put(record, b"{}")
    listed = cloud.inventory.objects

    def then_gone(bucket: str, prefix: str) -> Iterator[Stored]:
        found = list(listed(bucket, prefix))
        if prefix.endswith("/callbacks/"):
            cloud.memory.objects.pop(record, None)
        return iter(found)

    monkeypatch.setattr(cloud.inventory, "objects", then_gone)
    gone = raising(client_error("NoSuchKey", "GetObject", 404))
    monkeypatch.setattr(cloud.inventory, "head", gone)

    ran = run(*DELETE)

    assert (ran.code, "cannot be read" in ran.out) == (0, False)
