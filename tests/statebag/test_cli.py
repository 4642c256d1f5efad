"""What the command says when something is wrong, and with which exit code."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import click
import pytest
from botocore.exceptions import (
    ClientError,
    ConfigParseError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    ProfileNotFound,
    ReadTimeoutError,
    UnsupportedS3ArnError,
)
from botocore.parsers import ResponseParserError
from click.shell_completion import BashComplete
from click.testing import CliRunner

from statebag.account.aws import Connection
from statebag.cli import COMMANDS, main, statebag
from tests.statebag.cloud import BUCKET, MACHINE, STILL_EXPIRED, FakeCloud, arn_of, client_error
from tests.statebag.conftest import Run
from tests.statebag.histories import History
from tests.statebag.states import CONTEXT, RUN, catalog_bag
from universal_sync_core import record_failure
from universal_sync_core.errors import StoreAccessDeniedError, StoreUnavailableError
from universal_sync_core.storage.s3_store import S3Store
from universal_sync_core.storage.store import Location, Part, StoredObject

REPOSITORY = Path(__file__).parents[2]
DOCUMENT = REPOSITORY / "docs" / "statebag.md"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    ran = CliRunner().invoke(statebag, [name, "--help"])

    assert ran.exit_code == 0
    assert f"statebag {name}" in ran.output
    assert re.search(r"Examples?:", ran.output)


def every_command(
    command: click.Command = statebag, name: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    yield name
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            inner = command.get_command(context, each)
            assert inner is not None
            yield from every_command(inner, (*name, each))


@pytest.mark.parametrize("name", list(every_command()), ids=" ".join)
def test_help_has_no_stray_characters_and_an_example_a_line(name: tuple[str, ...]) -> None:
    told = CliRunner().invoke(statebag, [*name, "--help"]).output

    assert "\\b" not in told
    assert re.findall(r"[^\n\x20-\x7e]", told) == []
    examples = re.findall(r"^ +statebag .*", told.partition("Example")[2], re.MULTILINE)
    assert examples
    assert all(each.count("statebag") == 1 or "$(" in each for each in examples)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    assert f"statebag {name}" in DOCUMENT.read_text()


ERRORS: list[tuple[Any, int, str]] = [
    (client_error("ExpiredTokenException", "DescribeExecution"), 4, "expired"),
    (client_error("AccessDeniedException", "DescribeExecution"), 4, "permission"),
    (client_error("InvalidSignatureException", "DescribeExecution"), 4, "does not know"),
    (client_error("UnrecognizedClientException", "DescribeExecution"), 4, "does not know"),
    (client_error("ThrottlingException", "DescribeExecution"), 6, "Try again"),
    (client_error("TooManyRequestsException", "Invoke"), 6, "Try again"),
    (client_error("InternalFailure", "DescribeExecution", 500), 6, "Try again"),
    (client_error("ExecutionDoesNotExist", "DescribeExecution"), 3, "90 days"),
    (NoCredentialsError(), 4, "aws sso login"),
    (NoRegionError(), 4, "--region"),
    (ProfileNotFound(profile="nobody"), 4, "--profile"),
    (EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), 6, "--endpoint-url"),
    (EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), 6, "http://127.0.0.1:9 did not"),
    (ConnectTimeoutError(endpoint_url="http://127.0.0.1:9"), 6, "http://127.0.0.1:9 did not"),
    (ReadTimeoutError(endpoint_url="http://127.0.0.1:9"), 6, "http://127.0.0.1:9 did not"),
    (ResponseParserError("<html>"), 6, "--endpoint-url"),
    (client_error("", "DescribeExecution", 403), 4, "DescribeExecution: 403"),
    (ParamValidationError(report="Invalid\nbucket name"), 2, "asked: Parameter validation failed"),
    (CredentialRetrievalError(provider="p", error_msg="no"), 4, "no usable credentials"),
    (ConfigParseError(path="config"), 4, "no usable credentials"),
    (STILL_EXPIRED, 4, "the credentials have expired"),
]


@pytest.mark.parametrize(("error", "code", "said"), ERRORS)
def test_failure_of_aws_is_explained(
    run: Run, cloud: FakeCloud, error: ClientError, code: int, said: str
) -> None:
    cloud.states.fails_with = error

    ran = run("show", RUN)

    assert ran.code == code
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""


REFUSED_FOR_NOW = {
    "machine throttled": ("states", "describe_state_machine", "ThrottlingException", 6),
    "machine denied": ("states", "describe_state_machine", "AccessDeniedException", 4),
    "function denied": ("functions", "get_function_configuration", "AccessDeniedException", 4),
    "environment denied": ("functions", "environment", "AccessDeniedException", 4),
}


@pytest.mark.parametrize("refused", REFUSED_FOR_NOW)
@pytest.mark.parametrize("command", ["show", "callbacks list", "snapshots", "history"])
def test_nothing_is_said_of_an_execution_whose_machine_cannot_be_asked_for_now(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, command: str, refused: str
) -> None:
    told = record_failure(catalog_bag(), {"Error": "Boom"}, CONTEXT)
    cloud.states.add("run-1", "FAILED", input={}, error="Boom", cause=told["cause"])
    service, name, error, code = REFUSED_FOR_NOW[refused]

    def refuse(**_: Any) -> None:
        raise client_error(error, name)

    answer = {"Error": {"ErrorCode": error}} if name == "environment" else refuse
    monkeypatch.setattr(getattr(cloud, service), name, answer)

    ran = run(*command.split(), RUN)

    assert (ran.code, ran.out) == (code, "")
    assert ("Try again" if code == 6 else "permissions" if callable(answer) else "kms") in ran.err


@pytest.mark.parametrize(
    ("error", "code"), [(StoreAccessDeniedError("no"), 4), (StoreUnavailableError("down"), 6)]
)
def test_failure_of_s3_is_explained(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    cloud.states.add("run-1", output={"state_data": catalog_bag()})

    def fail(_: Location, _part: Part | None = None) -> StoredObject:
        raise error

    monkeypatch.setattr(cloud.store, "get", fail)

    assert run("show", RUN, "--path", "current_state.report").code == code


REFUSALS = {
    "ExpiredToken": (4, "the credentials have expired", "Sign in"),
    "InvalidAccessKeyId": (4, "does not know these credentials", "Sign in"),
    "RequestTimeTooSkewed": (4, "the clock of this computer is wrong", "Set it"),
    "AccessDenied": (4, "S3 refused access", "permissions"),
    "403": (4, "S3 refused access", "permissions"),
    "KMS.DisabledException": (7, "S3 refused the request", "KMS key"),
    "NoSuchBucket": (3, f"S3 has no bucket {BUCKET}", "--bucket"),
    "still expired": (4, "the credentials have expired", "Sign in"),
    "no credentials": (4, "no usable credentials", "Sign in"),
    "wrong ARN": (2, "AWS cannot be asked", "--bucket"),
    "nobody": (6, "http://127.0.0.1:9 did not answer", "--endpoint-url"),
}
# What the SDK raises where no answer of S3 has such a code.
WITHOUT_ANSWER: dict[str, Exception] = {
    "still expired": STILL_EXPIRED,
    "no credentials": NoCredentialsError(),
    "wrong ARN": UnsupportedS3ArnError(arn="arn:aws:s3", msg="no"),
    "nobody": EndpointConnectionError(endpoint_url="http://127.0.0.1:9/v1/orders"),
}


@pytest.mark.parametrize("command", ["show --path current_state.report", "verify"])
@pytest.mark.parametrize("error", REFUSALS)
def test_a_refusal_of_s3_is_explained_with_its_cure(
    run: Run, cloud: FakeCloud, command: str, error: str
) -> None:
    cloud.states.add("run-1", output={"state_data": catalog_bag()})

    def refuse(**_: Any) -> None:
        raise WITHOUT_ANSWER.get(error) or client_error(error, "GetObject")

    client: Any = SimpleNamespace(get_object=refuse)
    cloud.store.inner = S3Store(client=client)

    ran = run(*command.split(), RUN)
    code, said, cure = REFUSALS[error]
    assert ran.code == code
    assert said in ran.err
    assert cure in ran.err


def test_object_that_is_archived_is_explained(
    run: Run, cloud: FakeCloud, archive: Callable[[Location], None]
) -> None:
    made = catalog_bag()
    cloud.states.add("run-1", output={"state_data": made})
    archive(Location.parse(made["current_state"]["report"]["__s3_path"]))

    ran = run("show", RUN, "--path", "current_state.report")

    assert ran.code == 7
    assert "archived: s3://" in ran.err
    assert "lifecycle rules" in ran.err


def test_object_that_is_gone_is_explained(run: Run, cloud: FakeCloud) -> None:
    cloud.states.add("run-1", output={"state_data": catalog_bag()})
    cloud.memory.objects.clear()

    ran = run("show", RUN, "--path", "current_state.report")

    assert ran.code == 3
    assert "statebag verify" in ran.err


def test_pointer_to_elsewhere_is_not_followed(run: Run, cloud: FakeCloud) -> None:
    bag = catalog_bag() | {"stolen": catalog_bag(arn_of("run-2"))["current_state"]["report"]}
    cloud.states.add("run-1", output={"state_data": bag})

    ran = run("show", RUN, "--path", "stolen")

    assert ran.code == 5
    assert cloud.store.gets == []
    # The same where the state points to nothing of its own.
    alone = {"execution_id": RUN, "stolen": bag["stolen"]}
    cloud.states.add("run-1", output={"state_data": alone})
    assert run("show", RUN, "--path", "stolen").err == ran.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("show",), 2),
        (("show", "x", "--range", "a:b"), 2),
        (("show", "x", "--path", "a..b"), 2),
        (("show", "x", "--mask", "("), 2),
        (("nothing",), 2),
        (("timeline", "no-arn"), 3),
        (("show", "arn:aws:states:eu-west-1:123456789012:express:catalog:x:y"), 7),
        (("show", "missing.json"), 3),
    ],
)
def test_exit_code_of_a_wrong_command_line(run: Run, arguments: tuple[str, ...], code: int) -> None:
    assert run(*arguments).code == code


def test_exit_codes_are_documented() -> None:
    documented = set(re.findall(r"^\| (\d+) \|", DOCUMENT.read_text(), re.MULTILINE))

    assert documented == {"0", "1", "2", "3", "4", "5", "6", "7", "130"}


@pytest.mark.parametrize(
    "command",
    [
        ("show", RUN, "--path", "current_state.report"),
        ("history", RUN, "--all"),
        ("timeline", RUN),
        ("diff", RUN, RUN),
        ("verify", RUN),
        ("snapshots", RUN),
        ("resume", RUN, "--dry-run"),
        ("resume", f"{RUN}#1", "--set", "current_state.owner.name=1", "--dry-run"),
        ("resume", "--status", "FAILED"),
        ("list", "--limit", "5"),
        ("find", "--where", "current_state.title~API"),
        ("callbacks", "list", RUN),
        ("gc", "--bucket", BUCKET),
        ("cost", RUN),
    ],
)
def test_looking_writes_nothing(run: Run, cloud: FakeCloud, command: tuple[str, ...]) -> None:
    made = {"state_data": catalog_bag()}
    events = History().visit("SyncSegment", made, made).events
    cloud.states.add("run-1", "FAILED", output=made, input={}, events=events)
    before = dict(cloud.memory.objects)

    assert run(*command).code == 0

    assert cloud.memory.objects == before
    assert (cloud.store.puts, cloud.inventory.deleted) == ([], [])
    assert (cloud.functions.invoked, cloud.states.started) == ([], [])


CONSOLE = "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#"
URLS = [
    f"{CONSOLE}/v2/executions/details/{RUN}",
    f"{CONSOLE}/executions/details/{RUN}?tab=definition",
    f"{CONSOLE}/v2/executions/details/{quote(RUN, safe='')}",
    f"{CONSOLE.replace('https://', 'https://123-ab.')}/v2/executions/details/{RUN}",
]


@pytest.mark.parametrize("url", URLS)
def test_url_of_the_console_is_taken_for_the_arn(run: Run, cloud: FakeCloud, url: str) -> None:
    cloud.states.add("run-1", output={"state_data": catalog_bag()})

    for command in ("show", "timeline", "history"):
        assert run(command, url).out == run(command, RUN).out != ""


@pytest.mark.parametrize("source", [CONSOLE, f"https://example.com/states/#/{RUN}"])
def test_url_that_shows_no_execution_is_told_what_does(run: Run, source: str) -> None:
    for command in ("show", "timeline"):
        ran = run(command, source)
        assert ran.code == 7
        assert "its URL in the console" in ran.err


@pytest.mark.parametrize(
    ("source", "options", "region"),
    [
        *((url, (), "eu-west-1") for url in URLS),
        (RUN, (), "eu-west-1"),
        (RUN, ("--region", "us-west-2"), "us-west-2"),
        ("run-1", ("--machine", MACHINE), "eu-west-1"),
        (f"s3://b/v1/{quote(RUN, safe='')}/packs/{'a' * 64}", (), "eu-west-1"),
        ("file.json", (), None),
    ],
)
def test_region_is_that_of_the_execution(
    monkeypatch: pytest.MonkeyPatch, source: str, options: tuple[str, ...], region: str | None
) -> None:
    asked: list[Connection] = []

    def connect(connection: Connection) -> Any:
        asked.append(connection)
        return FakeCloud()

    monkeypatch.delenv("STATE_BUCKET", raising=False)
    with pytest.raises(SystemExit):
        main(("show", source, *options), connect=connect)

    assert [connection.region for connection in asked] == [region]


def test_output_for_a_pipe_has_no_colours(run: Run, cloud: FakeCloud) -> None:
    cloud.states.add("run-1", output={"state_data": catalog_bag()})

    for command in ("show", "history", "verify"):
        assert "\x1b" not in run(command, RUN).out


def test_commands_are_completed_by_the_shell() -> None:
    completion = BashComplete(statebag, {}, "statebag", "_STATEBAG_COMPLETE")

    assert [each.value for each in completion.get_completions([], "ti")] == ["timeline"]
    assert "--path" in [each.value for each in completion.get_completions(["show"], "--p")]


def test_command_starts_without_aws() -> None:
    code = "import sys; import statebag.cli; assert 'boto3' not in sys.modules"

    subprocess.run(  # noqa: S603 - arguments of ours
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env={"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY}/layers/universal_sync_core"},
        check=True,
    )
