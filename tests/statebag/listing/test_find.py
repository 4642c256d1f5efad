"""`statebag find`: executions by what their final state has at a path."""

import tracemalloc
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from statebag.account.places import Place
from statebag.account.stacks import Stack
from statebag.listing.ended import names_newest_first
from tests.statebag.cloud import BUCKET, MACHINE, PAGE, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.endings import ended, stop_clock
from tests.statebag.states import decoded, section
from universal_sync_core import record_failure, universal_sync_core
from universal_sync_core.retention.ended import RecordName
from universal_sync_core.settings import Settings
from universal_sync_core.storage.store import Location, StoredObject

Golden = Callable[[str], None]
MANY = 10_000  # executions that ended


def bag_of(name: str, **state: Any) -> dict[str, Any]:
    arn = arn_of(name)
    made = {"execution_id": arn, "status": "CONTINUE", "current_state": state}
    return universal_sync_core(None, made, {"execution_id": arn})


def order(number: int, **more: Any) -> dict[str, Any]:
    """Return a state of an order: its lines are in S3, and its number is where it was."""
    lines = [section(each) for each in range(100)]
    return {"order": {"id": number, "vip": number % 2 == 0}, "lines": lines} | more


@pytest.fixture
def shop(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> FakeCloud:
    """A stack of which one execution succeeded, one failed, one has no bag, one is forgotten."""
    stop_clock(monkeypatch)
    cloud.stacks["shop"] = Stack(name="shop", bucket=BUCKET, machines=(MACHINE,))
    good = bag_of("good", **order(17, token="secret-1"))  # noqa: S106 - none
    ended(cloud, "good", days_ago=1, output={"state_data": good})
    bad = bag_of("bad", **order(18))
    context = {"execution_id": arn_of("bad")}
    told = record_failure(bad, {"Error": "OutOfStock", "Cause": "none left"}, context)
    paths = {"record_s3_path": told["record_s3_path"], "cause": told["cause"]}
    ended(cloud, "bad", "FAILED", days_ago=2, error="OutOfStock", bag=bad, **paths)
    cloud.states.add("plain", days_ago=3, output={"order": {"id": 17}})
    ended(cloud, "forgotten", days_ago=400, known=False)
    return cloud


def found(run: Run, *conditions: str, options: tuple[str, ...] = ()) -> list[str]:
    words = [word for each in conditions for word in ("--where", each)]
    ran = run("find", "--stack", "shop", "--json", *words, *options)
    assert ran.code == 0, ran.err
    return [each["name"] for each in decoded(ran.out)]


WHERE: list[tuple[tuple[str, ...], list[str]]] = [
    (("current_state.order.id=17",), ["good"]),
    (("order.id=17",), ["plain"]),
    (("current_state.order.id!=17",), ["bad"]),
    (("current_state.order.id~^1[78]$",), ["good", "bad"]),
    (("current_state.order.vip=true",), ["bad"]),
    (("current_state.order.vip=1",), []),
    (("current_state.order.id='17'",), []),
    (("current_state.lines[99].title=Section 99",), ["good", "bad"]),
    (('current_state.lines[99].title="Section 99"',), ["good", "bad"]),
    (("current_state.lines[500].title~.",), []),
    (("current_state.order.id~1", "current_state.order.vip=true"), ["bad"]),
    (('current_state.order={"id": 17, "vip": false}',), ["good"]),
    (('current_state.order={"vip": false, "id": 17}',), ["good"]),
    (("current_state.nothing~.",), []),
]


@pytest.mark.parametrize(("conditions", "expected"), WHERE)
@pytest.mark.usefixtures("shop")
def test_executions_are_found_by_their_state(
    run: Run, conditions: tuple[str, ...], expected: list[str]
) -> None:
    assert found(run, *conditions) == expected


@pytest.mark.usefixtures("shop")
def test_condition_and_query_have_both_to_be_met(run: Run) -> None:
    assert found(run, "current_state.order.id~1", options=("--error", "OutOf*")) == ["bad"]


@pytest.mark.usefixtures("shop")
def test_newest_state_of_one_that_runs_is_searched(run: Run, shop: FakeCloud) -> None:
    arn = shop.states.add("living", "RUNNING", days_ago=0)
    details = {"name": "Sync", "output": f'{{"state_data": {{"execution_id": "{arn}", "n": 7}}}}'}
    shop.states.events[arn] = [
        {"id": 1, "type": "TaskStateExited", "stateExitedEventDetails": details}
    ]

    assert found(run, "n=7") == ["living"]


@pytest.mark.usefixtures("shop")
def test_of_a_state_only_what_is_at_the_path_is_read(run: Run, shop: FakeCloud) -> None:
    found(run, "current_state.order.id=17", options=("--status", "SUCCEEDED"))

    assert {location.key.split("/")[0] for location in shop.store.gets} == {"ended"}


@pytest.mark.parametrize("is_archived", [False, True], ids=["deleted", "archived"])
def test_what_cannot_be_read_is_told(
    run: Run, shop: FakeCloud, archive: Callable[[Location], None], *, is_archived: bool
) -> None:
    for location in list(shop.memory.objects):
        if location.key.startswith("v1/"):
            (archive if is_archived else shop.memory.objects.pop)(location)

    ran = run("find", "--stack", "shop", "--where", "current_state.lines[1].title~.")

    assert ran.code == 0
    assert "0 executions of 4 states searched" in ran.err
    for name in ("good", "bad", "forgotten"):
        assert arn_of(name) in ran.err


def test_record_of_an_end_leads_to_no_other_state(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_clock(monkeypatch)
    cloud.stacks["shop"] = Stack(name="shop", bucket=BUCKET, machines=(MACHINE,))
    bag = bag_of("victim", **order(17))
    told = record_failure(bag, {"Error": "E", "Cause": "c"}, {"execution_id": arn_of("victim")})
    elsewhere = told["record_s3_path"].replace(BUCKET, "evil-bucket")
    for name, path in (("a", told["record_s3_path"]), ("victim", elsewhere)):
        ended(cloud, name, "FAILED", error="E", record_s3_path=path, output={"order": {"id": 1}})
    reads = len(cloud.store.gets)

    assert found(run, "order.id=1") == ["a", "victim"]
    assert not any("packs" in each.key for each in cloud.store.gets[reads:])


@pytest.mark.usefixtures("shop")
def test_found_values_are_masked(run: Run) -> None:
    ran = run("find", "--stack", "shop", "--where", "current_state.token~secret")

    assert "secret-1" not in ran.out
    assert "current_state.token" in ran.out


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.usefixtures("shop")
def test_find_of_executions(run: Run, golden: Golden, terminal: Any, columns: int) -> None:
    terminal(columns)

    ran = run("find", "--stack", "shop", "--where", "current_state.order.id~1")

    assert max(map(len, ran.out.splitlines())) <= columns
    golden(ran.out)


@pytest.mark.parametrize("condition", ["order", "=1", "a..b=1", "order~("])
def test_condition_that_is_none_is_named(run: Run, condition: str) -> None:
    ran = run("find", "--where", condition)

    assert ran.code == 2
    assert condition in ran.err


@pytest.fixture
def crowd(cloud: FakeCloud) -> FakeCloud:
    """Many executions that ended: each tenth failed, and each hundredth of all has a state."""
    cloud.stacks["shop"] = Stack(name="shop", bucket=BUCKET, machines=(MACHINE,))
    settings = Settings(bucket=BUCKET)
    begin = datetime.now(UTC) - timedelta(days=30)
    template = _record_of(cloud)
    for number in range(MANY):
        name, status = f"run-{number:05}", "SUCCEEDED" if number % 10 else "FAILED"
        arn = arn_of(name)
        stopped = begin + timedelta(seconds=7 * number)
        told = {"executionArn": arn, "stateMachineArn": MACHINE, "name": name, "status": status}
        output = f'{{"state_data": {{"execution_id": "{arn}", "order": {number % 100}}}}}'
        cloud.states.executions[arn] = {
            **told,
            "startDate": stopped - timedelta(seconds=5),
            "stopDate": stopped,
            "output": output,
        }
        body = template.replace(b"TEMPLATE", name.encode()).replace(b"SUCCEEDED", status.encode())
        location = RecordName.at(arn, stopped).location(settings)
        cloud.memory.objects[location] = StoredObject(body=body)
    return cloud


def _record_of(cloud: FakeCloud) -> bytes:
    arn = ended(cloud, "TEMPLATE")
    del cloud.states.executions[arn]
    (location,) = cloud.memory.objects
    return cloud.memory.objects.pop(location).body


def forget(cloud: FakeCloud) -> None:
    """Let all of them have ended a year before."""
    records = dict(cloud.memory.objects)
    cloud.memory.objects.clear()
    cloud.states.executions.clear()
    for location, stored in records.items():
        name = RecordName.in_key(location.key)
        assert name is not None
        earlier = RecordName(name.stopped - timedelta(days=365), name.digest)
        cloud.memory.objects[earlier.location(Settings(bucket=BUCKET))] = stored


def test_search_of_many_asks_and_holds_no_more_than_it_has_to(run: Run, crowd: FakeCloud) -> None:
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    ran = run("find", "--stack", "shop", "--where", "order=30", "--status", "FAILED", "--json")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(decoded(ran.out)) == MANY / 100
    asked = Counter(crowd.states.asked)
    assert asked["ListExecutions"] <= MANY / 10 / PAGE + 2  # of those that failed, and that run
    assert asked["DescribeExecution"] == MANY / 10
    assert len(crowd.store.gets) == MANY / 10  # the record of each
    assert peak - before < 8 * 1024 * 1024


def test_search_of_many_by_their_records_reads_each_once(run: Run, crowd: FakeCloud) -> None:
    forget(crowd)
    listed: list[str] = []
    objects = crowd.inventory.objects

    def counted(bucket: str, prefix: str) -> Any:
        listed.append(prefix)
        return objects(bucket, prefix)

    crowd.inventory.objects = counted  # type: ignore[method-assign]
    ran = run("list", "--stack", "shop", "--status", "FAILED", "--limit", "5000", "--json")

    assert len(decoded(ran.out)) == MANY / 10
    assert len(crowd.store.gets) == MANY
    assert len(listed) <= 2 * 25  # a day and its hours
    assert "DescribeExecution" not in crowd.states.asked


@pytest.mark.usefixtures("crowd")
def test_search_goes_on_where_its_bound_was_met(run: Run) -> None:
    names, page = [], ""
    for _ in range(4):
        options = ("--look-at", "3000", "--limit", "5000", "--page", page, "--json")
        ran = run("find", "--stack", "shop", "--where", "order=31", *options)
        names += [each["name"] for each in decoded(ran.out)]
        page = ran.err.strip().partition("--page ")[2]

    assert page == ""
    assert names == [f"run-{number:05}" for number in reversed(range(MANY)) if number % 100 == 31]


def test_names_of_records_come_newest_first(cloud: FakeCloud) -> None:
    moment = datetime(2025, 1, 31, 23, 59, 59, tzinfo=UTC)
    made = [RecordName(moment - timedelta(seconds=37 * each), "0" * 32) for each in range(3000)]
    made += [RecordName(moment, f"{each:032x}") for each in range(1, 1500)]
    for name in made:
        location: Location = name.location(Settings(bucket=BUCKET))
        cloud.memory.objects[location] = StoredObject(body=b"")
    place: Any = Place(BUCKET)
    fake: Any = cloud

    assert list(names_newest_first(fake, place)) == sorted(made, reverse=True)
    half = list(names_newest_first(fake, place, before=made[100], since=made[200].stopped))
    assert half == made[101:201]
