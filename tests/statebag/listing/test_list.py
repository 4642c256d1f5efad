"""`statebag list`: what runs, what ended, and what Step Functions has forgotten."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from statebag.account.stacks import Stack
from tests.statebag.bucket import NOW
from tests.statebag.cloud import BUCKET, MACHINE, FakeCloud, arn_of, client_error
from tests.statebag.conftest import Run
from tests.statebag.endings import ended, stop_clock
from tests.statebag.states import decoded
from universal_sync_core.storage.s3_store import S3Store

Golden = Callable[[str], None]

OTHER = MACHINE.replace("catalog", "orders")
LARGE = {"execution_id": "x", "loop_counter": 3, "current_state": {"text": "x" * 2_000}}


@pytest.fixture
def shop(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> FakeCloud:
    """A stack with one execution of each kind."""
    stop_clock(monkeypatch)
    cloud.stacks["shop"] = Stack(name="shop", bucket=BUCKET, machines=(MACHINE,))
    cloud.states.add("living", "RUNNING", days_ago=2)
    ended(cloud, "good", days_ago=1, bag=LARGE)
    ended(cloud, "bad", "FAILED", days_ago=3, error="OutOfStock", stage="segment", bag=LARGE)
    cloud.states.add("unrecorded", "FAILED", days_ago=4, error="States.Runtime")
    ended(cloud, "stopped", "ABORTED", days_ago=5)
    ended(cloud, "old", "FAILED", days_ago=100, error="OutOfStock", known=False)
    ended(cloud, "older", days_ago=101, known=False)
    return cloud


def names(run: Run, *options: str) -> list[str]:
    ran = run("list", "--stack", "shop", "--json", *options)
    assert ran.code == 0, ran.err
    return [each["name"] for each in decoded(ran.out)]


@pytest.mark.usefixtures("shop")
def test_living_come_first_and_then_the_ended_and_the_forgotten(run: Run) -> None:
    every = ["living", "good", "bad", "unrecorded", "stopped", "old", "older"]

    assert names(run) == every


@pytest.mark.parametrize(("code", "exit_code"), [("SlowDown", 6), ("AccessDenied", 4)])
def test_without_records_there_is_what_step_functions_lists_and_the_reason(
    run: Run, shop: FakeCloud, monkeypatch: pytest.MonkeyPatch, code: str, exit_code: int
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise client_error(code, "GetObject")

    client: Any = SimpleNamespace(get_object=refuse)
    shop.store.inner = S3Store(client=client)
    monkeypatch.setattr(shop.inventory, "folders", refuse)

    ran = run("list", "--stack", "shop", "--json", "--status", "FAILED", "--since", "90d")

    assert ran.code == exit_code
    assert [(each["name"], each["error"]) for each in decoded(ran.out)] == [
        ("bad", "OutOfStock"),
        ("unrecorded", "States.Runtime"),
    ]
    assert code in ran.err
    assert "the records of ended executions cannot be read" in ran.err


QUERIES: list[tuple[tuple[str, ...], list[str]]] = [
    (("--status", "RUNNING"), ["living"]),
    (("--status", "failed"), ["bad", "unrecorded", "old"]),
    (("--status", "ABORTED", "--status", "SUCCEEDED"), ["good", "stopped", "older"]),
    (("--since", "60h"), ["living", "good"]),
    (("--since", "4d"), ["living", "good", "bad", "unrecorded"]),
    (("--since", "2025-02-21T12:00:00Z", "--status", "FAILED"), ["bad", "unrecorded", "old"]),
    (("--until", "3d", "--since", "5d"), ["bad", "unrecorded", "stopped"]),
    (("--error", "OutOfStock"), ["bad", "old"]),
    (("--error", "States.*"), ["unrecorded"]),
    (("--stage", "segment"), ["bad"]),
    (("--larger", "1KiB"), ["good", "bad"]),
    (("--larger", "1MiB"), []),
]  # fmt: skip


@pytest.mark.parametrize(("options", "expected"), QUERIES)
@pytest.mark.usefixtures("shop")
def test_executions_are_listed_by_what_they_are(
    run: Run, options: tuple[str, ...], expected: list[str]
) -> None:
    assert names(run, *options) == expected


def test_what_began_before_a_time_and_ended_after_it_is_listed_too(
    run: Run, shop: FakeCloud
) -> None:
    arn = ended(shop, "long", days_ago=0.5)
    shop.states.executions[arn]["startDate"] = NOW - timedelta(days=50)
    for location in [each for each in shop.memory.objects if "/2025-06-01/" in each.key]:
        stored = shop.memory.objects[location]
        body = stored.body.replace(b'"2025-05-31T23:58:00Z"', b'"2025-04-12T12:00:00Z"')
        shop.memory.objects[location] = type(stored)(body=body)

    assert names(run, "--since", "1d") == ["living", "good", "long"]


@pytest.mark.parametrize("limit", [1, 2, 3])
@pytest.mark.usefixtures("shop")
def test_pages_follow_each_other_without_a_gap(run: Run, limit: int) -> None:
    whole, found, page = names(run), [], ""
    while True:
        ran = run("list", "--stack", "shop", "--json", "--limit", str(limit), "--page", page)
        found += [each["name"] for each in decoded(ran.out)]
        _, _, page = ran.err.strip().partition("--page ")
        if not page:
            break

    assert found == whole


def test_those_that_began_at_one_moment_are_on_one_page(run: Run, shop: FakeCloud) -> None:
    for number in range(5):
        shop.states.add(f"twin-{number}", "RUNNING", days_ago=2)

    assert len(names(run, "--status", "RUNNING", "--limit", "2")) == 6


@pytest.mark.parametrize("page", ["7", "ended/x", "started/2025-06-01T12:00:00Z"])
@pytest.mark.usefixtures("shop")
def test_page_that_is_none_is_refused(run: Run, page: str) -> None:
    ran = run("list", "--stack", "shop", "--page", page)

    assert ran.code == 7
    assert "not a page of a list" in ran.err


@pytest.mark.usefixtures("shop")
def test_what_is_known_of_an_execution(run: Run, shop: FakeCloud) -> None:
    (bad,) = decoded(run("list", "--stack", "shop", "--stage", "segment", "--json").out)

    assert bad == {
        "execution": arn_of("bad"),
        "name": "bad",
        "state_machine": MACHINE,
        "status": "FAILED",
        "started_at": "2025-05-29T11:58:00Z",
        "ended_at": "2025-05-29T12:00:00Z",
        "seconds": 120.0,
        "error": "OutOfStock",
        "stage": "segment",
        "bag_bytes": len(b'{"execution_id":"x","loop_counter":3,"current_state":{"text":""}}')
        + 2_000,
        "segments_run": 3,
        "total_segments": None,
        "failed_segments": 0,
        "continued_as": None,
        "record_s3_path": None,
    }
    assert not any(location.key.startswith("v1/") for location in shop.store.gets)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("columns", [80, 200])
def test_list_of_executions(run: Run, golden: Golden, terminal: Any, columns: int) -> None:
    terminal(columns)

    ran = run("list", "--stack", "shop")

    assert max(map(len, ran.out.splitlines())) <= columns
    golden(ran.out)


def test_machines_that_are_named_are_listed_with_the_stacks(run: Run, shop: FakeCloud) -> None:
    shop.states.machines[OTHER] = shop.states.machines[MACHINE]
    shop.states.add("theirs", "RUNNING", machine=OTHER)

    assert names(run, "--machine", "orders", "--status", "RUNNING") == ["theirs", "living"]
    assert "orders:theirs" in run("list", "--stack", "shop", "--machine", "orders").out


def test_machine_that_was_deleted_is_listed_by_its_records(run: Run, shop: FakeCloud) -> None:
    ended(shop, "lost", days_ago=1, machine=OTHER, known=False)

    ended(shop, "lost-too", days_ago=100, machine=OTHER, known=False)
    options = ("--machine", OTHER, "--bucket", BUCKET, "--json")

    whole = run("list", *options)
    first = run("list", *options, "--limit", "1")
    second = run("list", *options, "--page", first.err.split()[-1])

    assert [each["name"] for each in decoded(whole.out)] == ["lost", "lost-too"]
    assert first.out + second.out == whole.out


def test_record_that_is_damaged_or_of_another_is_passed_over(run: Run, shop: FakeCloud) -> None:
    for location, stored in list(shop.memory.objects.items()):
        if location.key.startswith("ended/"):
            shop.memory.objects[location] = type(stored)(body=b'{"ended_record": 2}')

    assert names(run) == ["living", "good", "bad", "unrecorded", "stopped"]
    assert names(run, "--error", "OutOfStock") == ["bad"]


def test_what_begins_and_ends_is_followed(
    run: Run, shop: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin() -> None:
        arn = shop.states.add("new", "RUNNING", days_ago=0)
        shop.states.executions[arn]["startDate"] = NOW + timedelta(minutes=1)

    def end() -> None:
        for name in ("living", "new"):
            told = shop.states.executions[arn_of(name)]
            told |= {"status": "FAILED", "stopDate": NOW + timedelta(hours=1), "error": "Oops"}

    def nothing() -> None:
        pass

    looks: list[Callable[[], None]] = [begin, nothing, end, nothing]

    def wait(_: float) -> None:
        if not looks:
            raise KeyboardInterrupt
        looks.pop(0)()

    monkeypatch.setattr("time.sleep", wait)
    ran = run("list", "--stack", "shop", "--limit", "1", "--follow", "--json")

    told = [(each["name"], each["status"], each["error"]) for each in decoded(ran.out)]
    assert told == [
        ("living", "RUNNING", None),
        ("new", "RUNNING", None),
        ("living", "FAILED", "Oops"),
        ("new", "FAILED", "Oops"),
    ]
    assert ran.code == 130


@pytest.mark.parametrize(
    ("option", "value"), [("--since", "soon"), ("--larger", "big"), ("--status", "DONE")]
)
@pytest.mark.usefixtures("shop")
def test_option_that_is_wrong_is_named(run: Run, option: str, value: str) -> None:
    ran = run("list", "--stack", "shop", option, value)

    assert ran.code == 2
    assert value in ran.err
