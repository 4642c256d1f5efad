"""The metrics that each call leaves."""

import pytest

import app
from tests.function.expected import load
from tests.function.lambda_context import FakeLambdaContext
from tests.function.printed import Output, emf, lines
from universal_sync_core import calculate_payload_size


@pytest.mark.usefixtures("store")
def test_every_action_leaves_its_metrics(
    output: Output, context: FakeLambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.metrics, "service", "STACK")
    event = load("sync_offloads_large_field")
    answer = app.lambda_handler(event, context)
    measured = emf(output)
    (definition,) = measured["_aws"]["CloudWatchMetrics"]

    assert definition["Namespace"] == "UniversalSyncCore"
    assert [set(each) for each in definition["Dimensions"]] == [{"service"}]
    assert {metric["Name"]: metric["Unit"] for metric in definition["Metrics"]} == {
        "PayloadBytesIn": "Bytes",
        "PayloadBytesOut": "Bytes",
        "BagPercentOfBound": "Percent",
        "BytesOffloaded": "Bytes",
        "ObjectsOffloaded": "Count",
        "S3Requests": "Count",
        "Retries": "Count",
        "Duration": "Milliseconds",
    }
    assert measured["action"] == "sync"
    assert measured["execution_id"] == event["state_data"]["execution_id"]
    assert measured["PayloadBytesIn"] == [calculate_payload_size(event)]
    assert measured["PayloadBytesOut"] == [calculate_payload_size(answer)]
    kilobytes = answer["state_data"]["payload_size_kb"]
    assert measured["BagPercentOfBound"] == [pytest.approx(100 * kilobytes / 150)]
    assert measured["BytesOffloaded"][0] > 1_000
    assert measured["ObjectsOffloaded"][0] >= 1
    assert measured["S3Requests"][0] >= measured["ObjectsOffloaded"][0]
    assert measured["Retries"] == [0]
    assert measured["Duration"][0] > 0


@pytest.mark.usefixtures("store")
def test_metrics_are_told_by_action_as_well_where_that_is_wished_for(
    output: Output, context: FakeLambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.metrics, "service", "STACK")
    monkeypatch.setattr(app, "_BY_ACTION", True)
    app.lambda_handler(load("sync_inline"), context)
    measured = emf(output)
    (definition,) = measured["_aws"]["CloudWatchMetrics"]
    assert [set(each) for each in definition["Dimensions"]] == [{"service"}, {"action", "service"}]
    assert measured["action"] == "sync"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(("failed", "told"), [(2, [2]), (0, None)])
def test_failed_items_of_a_map_are_counted(
    output: Output, context: FakeLambdaContext, failed: int, told: list[int] | None
) -> None:
    items = [{"status": "FAILED", "error": "E"}] * failed + [{"current_state": {"a": 1}}]
    bag = {"execution_id": "e", "tolerated_failed_items": 5}
    event = {"action": "aggregate_distributed", "state_data": bag, "execution_result": items}
    app.lambda_handler(event, context)
    assert emf(output).get("ItemsFailed") == told


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("stage", "error", "is_counted"),
    [
        ("callback_timeout", "States.Timeout", True),
        ("async_timeout", "States.HeartbeatTimeout", True),
        ("branch", "States.HeartbeatTimeout", True),
        ("branch", "States.Timeout", False),
        ("segment", "States.Timeout", False),
    ],
)
def test_a_callback_that_nobody_answered_is_counted(
    output: Output, context: FakeLambdaContext, stage: str, error: str, *, is_counted: bool
) -> None:
    event = {"action": "record_failure", "state_data": {"execution_id": "e"}, "stage": stage}
    app.lambda_handler(event | {"failure": {"Error": error, "Cause": ""}}, context)
    assert any("CallbacksExpired" in line for line in lines(output)) is is_counted


@pytest.mark.usefixtures("store")
def test_metrics_count_one_call_each(output: Output, context: FakeLambdaContext) -> None:
    app.lambda_handler(load("sync_offloads_large_field"), context)
    output.readouterr()
    app.lambda_handler(load("sync_inline"), context)
    assert emf(output)["BytesOffloaded"] == [0]
