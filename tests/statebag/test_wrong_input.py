"""What a person types wrong is refused with what it was and where, and with no traceback."""

import json
import socket
from pathlib import Path
from typing import Any

import click
import pytest
from botocore.exceptions import EndpointConnectionError

from statebag.account.aws import Cloud, Connection
from statebag.cli import statebag
from statebag.errors import WrongSettingError
from tests.statebag.cloud import MACHINE, FakeCloud
from tests.statebag.conftest import Run
from tests.statebag.histories import History
from tests.statebag.states import RUN, catalog_bag
from tests.statebag.test_cli import every_command

OPTIONS: list[tuple[tuple[str, ...], str]] = [
    (("list", "--since", "yesterday"), "--since"),
    (("list", "--until", "2025-13-40"), "--until"),
    (("list", "--larger", "big"), "--larger"),
    (("list", "--every", "nan"), "--every"),
    (("find", "--where", "a"), "--where"),
    (("find", "--where", "a~("), "--where"),
    (("show", RUN, "--path", "a["), "--path"),
    (("show", RUN, "--range", "5:2"), "--range"),
    (("show", RUN, "--range", "5:5"), "--range"),
    (("show", RUN, "--depth", "-1"), "--depth"),
    (("show", "s3://"), "SOURCE"),
    (("show", "s3://bucket"), "SOURCE"),
    (("diff", RUN, RUN, "--path", "a["), "--path"),
    (("report", RUN, "--part", "a["), "--part"),
    (("history", RUN, "--tail", "-1"), "--tail"),
    (("history", RUN, "--every", "-1"), "--every"),
    (("history", RUN, "--filter", "a~("), "--filter"),
    (("history", RUN, "--filter", "a..b=1"), "--filter"),
    (("cost", RUN, "--days", "-1"), "--days"),
    (("cost", RUN, "--gets-per-invocation", "nan"), "--gets-per-invocation"),
    (("resume", RUN, "--set", "a=\udcff"), "--set"),
    (("resume", RUN, "--set", "a..b=1"), "--set"),
    (("resume", RUN, "--unset", "a["), "--unset"),
    (("callbacks", "approve", RUN, "1", "--output", "{"), "--output"),
    (("restore", RUN, "-o", "."), "--output"),
]


@pytest.mark.parametrize("command", ["list", "find"])
def test_state_machine_in_the_wrong_place_is_told_its_option(run: Run, command: str) -> None:
    ran = run(command, MACHINE)

    assert (ran.code, ran.out) == (2, "")
    assert "Name a state machine with --machine.\n" in ran.err


@pytest.mark.parametrize(("arguments", "option"), OPTIONS, ids=lambda each: " ".join(each)[-30:])
def test_wrong_value_is_refused_with_the_name_of_its_option(
    run: Run, cloud: FakeCloud, arguments: tuple[str, ...], option: str
) -> None:
    made = {"state_data": catalog_bag()}
    cloud.states.add("run-1", "FAILED", output=made, input={})

    ran = run(*arguments)

    assert (ran.code, ran.out) == (2, "")
    assert f"Invalid value for {option}" in ran.err.replace("'-o' / ", "").replace("'", "")


def test_every_number_has_its_bounds() -> None:
    unbounded = [
        f"{' '.join(name)} {parameter.name}"
        for name in every_command()
        for parameter in _command(name).params
        if parameter.type in (click.INT, click.FLOAT)
    ]

    assert unbounded == []


def _command(name: tuple[str, ...]) -> click.Command:
    found: click.Command = statebag
    for each in name:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), each) or found
    return found


DOCUMENTS = [
    (b'{"a": 1;}', "line 1, column 8"),
    (b'{\r\n"a": 1\r\n"b": 2}', "line 3, column 1"),
    (b"", "it is empty"),
    (b" \r\n", "it is empty"),
    (b"\xff\xff\xff", "it is not text in UTF-8"),
    (b'{"a": NaN}', "a number that JSON does not have"),
]


@pytest.mark.parametrize(("body", "said"), DOCUMENTS)
def test_document_that_is_not_json_is_told_where(
    run: Run, tmp_path: Path, body: bytes, said: str
) -> None:
    file = tmp_path / "bag.json"
    file.write_bytes(body)

    ran = run("show", str(file))

    assert (ran.code, ran.out) == (7, "")
    assert f"bag.json is not JSON: {said}" in ran.err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_document_may_have_any_encoding_of_json(run: Run, tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "bag.json"
    bag = {"execution_id": "é", "current_state": {"a": 1}}
    file.write_text(
        json.dumps(bag, ensure_ascii=False, indent=1), encoding=encoding, newline="\r\n"
    )

    assert json.loads(run("show", str(file), "--json").out) == bag


@pytest.mark.parametrize(
    "prices",
    [
        "[]",
        "{",
        '{"as_of": 1}',
        '{"as_of": "2025-06", "s3_put_per_1000": "x"}',
        '{"as_of": "x", "y": 1}',
    ],
)
def test_prices_that_are_none_are_refused(
    run: Run, cloud: FakeCloud, tmp_path: Path, prices: str
) -> None:
    cloud.states.add("run-1", output={"state_data": catalog_bag()}, input={})
    file = tmp_path / "prices.json"
    file.write_text(prices)

    ran = run("cost", RUN, "--prices", str(file))

    assert (ran.code, ran.out) == (7, "")
    assert "Prices are a JSON object with" in ran.err


@pytest.mark.parametrize("given", [{"endpoint_url": "localhost"}, {"region": "eu west"}])
def test_endpoint_or_region_that_cannot_be_one(given: dict[str, Any]) -> None:
    cloud = Cloud(Connection(**({"region": "eu-west-1"} | given)))

    with pytest.raises(WrongSettingError, match=next(iter(given.values()))):
        _ = cloud.states


def test_service_that_nobody_can_reach_is_asked_as_seldom_as_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Step Functions is asked more often only where it asks to slow down."""
    pauses: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", pauses.append)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
    cloud = Cloud(Connection(region="eu-west-1", endpoint_url=endpoint))

    with pytest.raises(EndpointConnectionError):
        cloud.states.describe_execution(executionArn=RUN)

    assert len(pauses) == 3


def test_state_that_was_not_entered_is_refused_with_those_that_were(
    run: Run, cloud: FakeCloud
) -> None:
    made = {"state_data": catalog_bag()}
    events = History().visit("SyncSegment", made, made).events
    cloud.states.add("run-1", output=made, input={}, events=events)

    ran = run("timeline", RUN, "--state", "SyncSegmnt")

    assert (ran.code, ran.out) == (3, "")
    assert "SyncSegmnt" in ran.err
    assert "It entered SyncSegment." in ran.err


def test_directory_is_not_a_state_machine(run: Run, tmp_path: Path) -> None:
    ran = run("assess", str(tmp_path))

    assert ran.code == 7
    assert "Is a directory" in ran.err


@pytest.mark.parametrize("folder", [".", ".."])
def test_a_folder_is_no_execution(run: Run, folder: str) -> None:
    ran = run("show", folder)
    assert (ran.code, ran.out) == (7, "")
    assert ran.err.startswith(f"statebag: {folder}: Is a directory")


MISSPELT = [
    (("shwo", RUN), "No such command 'shwo'. Did you mean show?"),
    (("callbacks", "aprove", RUN, "1"), "No such command 'aprove'. Did you mean approve?"),
    (("entirely-different",), "No such command 'entirely-different'.\n"),
]


@pytest.mark.parametrize(("arguments", "said"), MISSPELT, ids=[each[0] for each, _ in MISSPELT])
def test_a_misspelt_command_is_answered_with_the_one_that_was_meant(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
