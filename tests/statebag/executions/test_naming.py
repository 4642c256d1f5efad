"""What names an execution wherever a command takes one, and where it is looked for."""

from datetime import timedelta
from typing import Any

import pytest

from statebag.account.stacks import Stack
from statebag.executions.executions import CONSOLES, arn_in
from statebag.executions.links import execution_page
from tests.statebag.bucket import NOW
from tests.statebag.cloud import BUCKET, DEFINITION, MACHINE, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.states import RUN, catalog_bag, decoded

OTHER = MACHINE.replace("catalog", "orders")
# Each that takes an execution, as its arguments without it.
COMMANDS: list[tuple[str, ...]] = [
    ("show",),
    ("history",),
    ("timeline",),
    ("verify",),
    ("snapshots",),
    ("cost",),
    ("callbacks", "list"),
]


@pytest.fixture
def machines(cloud: FakeCloud) -> FakeCloud:
    """Two state machines; the execution that began last is one of the second."""
    cloud.states.machines[OTHER] = DEFINITION
    cloud.states.add("run-1", days_ago=3, output={"state_data": catalog_bag()})
    cloud.states.add("run-2", days_ago=2, output={"state_data": catalog_bag(arn_of("run-2"))})
    newest = arn_of("run-9", OTHER)
    cloud.states.add("run-9", machine=OTHER, output={"state_data": catalog_bag(newest)})
    cloud.stacks["shop"] = Stack(name="shop", bucket=BUCKET, machines=(MACHINE,))
    return cloud


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("name", ["run-1", "catalog:run-1"])
@pytest.mark.usefixtures("machines")
def test_name_is_taken_wherever_an_arn_is(run: Run, command: tuple[str, ...], name: str) -> None:
    ran = run(*command, name)

    assert (ran.code, ran.out) == (0, run(*command, RUN).out)


NAMED: list[tuple[str, tuple[str, ...], str]] = [
    ("latest", (), "orders:run-9"),
    ("latest", ("--stack", "shop"), "catalog:run-2"),
    ("latest", ("--machine", "catalog"), "catalog:run-2"),
    ("latest", ("--machine", OTHER), "orders:run-9"),
    ("latest", ("--stack", "shop", "--machine", "orders"), "orders:run-9"),
    ("catalog:latest", (), "catalog:run-2"),
    ("orders:latest", ("--stack", "shop"), "orders:run-9"),
    ("run-9", (), "orders:run-9"),
]


@pytest.mark.parametrize(("name", "options", "expected"), NAMED)
@pytest.mark.usefixtures("machines")
def test_name_is_looked_for_where_the_options_say(
    run: Run, name: str, options: tuple[str, ...], expected: str
) -> None:
    assert run("timeline", name, *options).out.splitlines()[0].endswith(f":{expected}")


@pytest.mark.usefixtures("machines")
def test_step_may_stand_behind_a_name(run: Run) -> None:
    assert "has no step 7" in run("show", "run-1#7").err


@pytest.mark.usefixtures("machines")
def test_file_of_that_name_comes_first(
    run: Run, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run-1").write_text('{"state_data": {"execution_id": "x", "of": "a file"}}')

    assert decoded(run("show", "run-1", "--json").out)[0]["of"] == "a file"


UNNAMED: list[tuple[str, tuple[str, ...], int, tuple[str, ...]]] = [
    ("run-3", (), 3, ("catalog, orders", "--stack")),
    ("run-9", ("--stack", "shop"), 3, ("machines catalog", "--machine")),
    ("run-1", ("--machine", "books"), 3, ("books is not one of", "catalog, orders")),
    ("books:run-1", (), 3, ("there are none",)),
    (MACHINE, (), 7, ("catalog:latest",)),
    ("run 1", (), 7, ("does not name an execution", "MACHINE:NAME", "console")),
]


@pytest.mark.parametrize(("name", "options", "code", "said"), UNNAMED)
@pytest.mark.usefixtures("machines")
def test_what_names_none_is_told_what_was_tried(
    run: Run, name: str, options: tuple[str, ...], code: int, said: tuple[str, ...]
) -> None:
    ran = run("timeline", name, *options)

    assert (ran.code, ran.out) == (code, "")
    assert all(text in ran.err for text in said)


def test_name_of_several_is_refused_with_all_of_them(run: Run, machines: FakeCloud) -> None:
    machines.states.add("run-1", machine=OTHER)

    ran = run("timeline", "run-1")

    assert ran.code == 7
    assert RUN in ran.err
    assert arn_of("run-1", OTHER) in ran.err
    assert run("timeline", "orders:run-1").code == 0


def test_name_is_not_looked_for_on_machines_without_number(run: Run, cloud: FakeCloud) -> None:
    cloud.states.machines |= {f"{MACHINE}-{number}": DEFINITION for number in range(300)}

    ran = run("timeline", "run-1")

    assert ran.code == 7
    assert "--stack" in ran.err
    assert "DescribeExecution" not in cloud.states.asked


def test_file_that_is_missing_is_not_looked_for_as_an_execution(run: Run, cloud: FakeCloud) -> None:
    for name in ("bag.json", "states/bag"):
        assert run("show", name).code == 3

    assert cloud.states.asked == []


def test_bucket_and_function_are_those_of_the_stack(run: Run, machines: FakeCloud) -> None:
    machines.states.machines[MACHINE] = {"StartAt": "A", "States": {"A": {"Type": "Pass"}}}

    assert "cannot tell which bucket" in run("callbacks", "list", "run-1").err
    assert run("callbacks", "list", "run-1", "--stack", "shop").code == 0
    assert run("callbacks", "list", "--stack", "shop").code == 0
    assert run("gc", "--stack", "shop").code == 0


def test_newest_is_that_which_began_last(run: Run, machines: FakeCloud) -> None:
    arn = machines.states.add("run-0", "RUNNING", days_ago=30)
    machines.states.executions[arn]["startDate"] = NOW + timedelta(days=1)

    assert run("timeline", "latest").out.startswith(arn)


@pytest.mark.parametrize(
    ("partition", "region"),
    [
        ("aws", "eu-west-1"),
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-eusc", "eusc-de-east-1"),
    ],
)
def test_the_console_of_every_partition_is_known(partition: str, region: str) -> None:
    arn = f"arn:{partition}:states:{region}:123456789012:execution:catalog:run-1"
    page = execution_page(arn)
    assert page.startswith(f"https://{region}.{CONSOLES[partition]}/states/home?region={region}#")
    assert arn_in(page) == arn
