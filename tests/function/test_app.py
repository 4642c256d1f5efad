"""The handler: what it measures, what it logs, and what it never lets out."""

import os
import subprocess
import sys
from typing import Any

import pytest

import app
from actions import app as resolver
from tests.function.expected import load
from tests.function.lambda_context import FakeLambdaContext
from tests.function.printed import SECRET, Output, emf, lines
from universal_sync_core.errors import (
    InvalidRequestError,
    StateSyncError,
    StoreUnavailableError,
    UnknownActionError,
)
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore


@pytest.mark.usefixtures("store")
def test_failed_action_is_counted_and_logged_by_name(
    output: Output, context: FakeLambdaContext
) -> None:
    with pytest.raises(InvalidRequestError):
        app.lambda_handler(load("sync_missing_execution_result"), context)
    printed = lines(output)
    (logged,) = [line for line in printed if line.get("level") == "ERROR"]
    (measured,) = [line for line in printed if "Errors" in line]
    assert logged["message"] == "action failed"
    assert logged["action"] == "sync"
    assert logged["execution_id"] == "catalog-2025-01"
    assert logged["error"] == "InvalidRequestError"
    assert logged["reason"] == "execution_result: Field required"
    assert logged["function_request_id"] == context.aws_request_id
    assert measured["Errors"] == [1]
    assert measured["action"] == "sync"
    (by_name,) = [line for line in printed if "ErrorsByName" in line]
    assert by_name["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "UniversalSyncCore"
    assert by_name["error"] == "InvalidRequestError"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "event",
    [
        {"action": "sync", "state_data": {"state_data": {"execution_id": "e1"}}},
        {"action": "sync_branch", "branch_state": {"execution_id": "e1"}},
        {"action": "sync", "execution_id": "e1", "state_data": {"execution_id": "e2"}},
    ],
)
def test_failure_is_found_by_its_execution(
    output: Output, context: FakeLambdaContext, event: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequestError):
        app.lambda_handler(event, context)
    (logged,) = [line for line in lines(output) if line.get("level") == "ERROR"]
    assert logged["execution_id"] == "e1"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "event", [{"action": SECRET}, {"action": [SECRET]}, [SECRET], SECRET, None]
)
def test_free_text_becomes_no_dimension(
    output: Output, context: FakeLambdaContext, event: object
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        app.lambda_handler(event, context)
    printed = output.readouterr().out
    assert '"action":"unknown"' in printed
    assert SECRET not in printed
    assert SECRET not in str(refused.value)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "event",
    [
        {"action": "sync", "state_data": {"x": SECRET}, "execution_result": {"y": SECRET * 9_000}},
        {"action": "sync", "state_data": SECRET, "execution_result": SECRET},
        {"action": "sync", "state_data": {"execution_id": {"x": SECRET}}, "extra": SECRET},
        {"action": "merge_callback", "state_data": {"x": SECRET}, "callback_result": SECRET},
        {"action": "submit_callback", "output": SECRET, "error": SECRET, "outcome": SECRET},
        {"action": "request_callback", "state_data": {}, "task_token": SECRET, "prompt": SECRET},
        {"action": "decompress", "compressed_data": SECRET},
        {"action": "restore_snapshot", "s3_path": 0, "execution_id": [SECRET]},
    ],
)
def test_nothing_of_the_state_is_printed(
    output: Output, context: FakeLambdaContext, event: dict[str, Any]
) -> None:
    message = ""
    try:
        app.lambda_handler(event, context)
    except StateSyncError as error:
        message = str(error)
    assert SECRET not in message
    printed = output.readouterr()
    assert SECRET not in printed.out + printed.err


@pytest.mark.usefixtures("store")
def test_error_that_is_not_ours_is_raised_and_its_message_is_not_logged(
    output: Output, context: FakeLambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(resolver, "resolve", broken)
    with pytest.raises(RuntimeError):
        app.lambda_handler(load("sync_inline"), context)
    printed = output.readouterr().out
    assert '"error":"RuntimeError"' in printed
    assert SECRET not in printed


class DeadStore(MemoryStore):
    """A store that does not answer."""

    def put(self, *_: object, **__: object) -> bool:
        raise StoreUnavailableError("no answer")


def test_retries_end_before_lambda_does(output: Output, settings: Settings) -> None:
    with (
        runtime.use(settings=settings, store=DeadStore()),
        pytest.raises(StoreUnavailableError),
    ):
        app.lambda_handler(load("sync_offloads_large_field"), FakeLambdaContext(seconds_left=1.0))
    assert emf(output)["Retries"] == [0]


def test_tracing_that_is_off_loads_no_sdk() -> None:
    program = "import sys, app; sys.exit('aws_xray_sdk' in sys.modules)"
    completed = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert completed.returncode == 0


@pytest.mark.parametrize("name", ["JOB_EVENTS", "METRICS_BY_ACTION"])
def test_a_switch_that_is_neither_true_nor_false_is_refused_at_the_start(name: str) -> None:
    completed = subprocess.run(
        [sys.executable, "-c", "import app"],
        env=os.environ | {"PYTHONPATH": ":".join(sys.path), name: "yes"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert f"ConfigurationError: {name} must be true or false" in completed.stderr


def test_tracing_that_is_on_keeps_the_state_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000")
    recorded: dict[str, Any] = {}

    class Recorder:
        def __init__(self, **options: Any) -> None:
            recorded.update(options)

        def capture_lambda_handler(self, handler: app.Handler, **options: Any) -> app.Handler:
            recorded.update(options)
            return handler

    monkeypatch.setattr(app, "Tracer", Recorder)
    assert app.traced(app.lambda_handler) is app.lambda_handler
    assert recorded == {
        "patch_modules": ["botocore"],
        "capture_response": False,
        "capture_error": False,
    }
    recorded.clear()
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    app.traced(app.lambda_handler)
    assert not recorded


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("size", [10**400, -1, 1e308, float("nan"), True, "x", None, [], 2**63])
def test_size_that_a_bag_claims_fails_no_action_that_succeeded(
    output: Output, context: FakeLambdaContext, size: object
) -> None:
    snapshot = {"execution_id": "e1", "payload_size_kb": size}
    event = {"action": "decompress", "compressed_data": "x"}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(resolver, "resolve", lambda *_: {"state_data": snapshot})
        assert app.lambda_handler(event, context)["state_data"] is snapshot
    assert "BagPercentOfBound" not in emf(output)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("execution_id", ["e\ud800", "e" * 100_000, "e\x00"])
def test_failure_of_an_execution_with_an_odd_id_is_logged(
    output: Output, context: FakeLambdaContext, execution_id: str
) -> None:
    event = {"action": "sync", "state_data": {"execution_id": execution_id}}
    with pytest.raises(InvalidRequestError):
        app.lambda_handler(event, context)
    printed = lines(output)
    (logged,) = [line for line in printed if line.get("level") == "ERROR"]
    assert logged["execution_id"].startswith("e")
    assert len(logged["execution_id"]) <= 4_000


@pytest.mark.usefixtures("store")
def test_handler_of_callbacks_knows_no_other_action(
    output: Output, context: FakeLambdaContext
) -> None:
    for action in resolver.actions:
        if action != "submit_callback":
            with pytest.raises(UnknownActionError, match="known are submit_callback"):
                app.callback_handler({"action": action, "state_data": {}}, context)
    with pytest.raises(InvalidRequestError, match="did not request such a callback"):
        app.callback_handler(load("submit_callback_success"), context)
    assert any("ErrorsByName" in line for line in lines(output))


@pytest.mark.parametrize(
    "fields",
    [{"K" * 200_000: 1}, {"merge_strategy": {"half \ud800 of a pair": "none"}}],
    ids=["long", "no text"],
)
def test_message_about_a_hostile_name_is_one_that_the_runtime_can_send(
    fields: dict[str, Any],
) -> None:
    """Lambda's runtime sends the message as UTF-8; one that it cannot send hides the error."""
    event = {"action": "sync", "state_data": {}, "execution_result": {}, **fields}
    with pytest.raises(InvalidRequestError, match=r"permitted|known ones are") as caught:
        app.lambda_handler(event, FakeLambdaContext())
    assert len(str(caught.value).encode()) < 16_000
