"""The dashboard and the alarms: every metric they name is one that somebody emits."""

import json
import logging
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

import app
import measures
from callbacks import requests, submissions
from contract.callback_models import RequestCallbackEvent, SubmitCallbackEvent
from services import clients
from tests.docs.commands import check
from tests.function.expected import BUCKET, load
from tests.function.fakes import TOKEN, FakeEventBus, FakeStepFunctions
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core import first_bag, state_task, store_to_s3
from universal_sync_core.errors import InvalidRequestError, MissingObjectError
from universal_sync_core.retention.terms import Outcome
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore

Metric = tuple[str, str, frozenset[str]]
"""Namespace, name, names of the dimensions."""

OF_FUNCTIONS = {"Invocations", "Errors", "Throttles", "Duration", "AsyncEventsDropped"}
"""https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""
OF_STATE_MACHINES = {
    "ExecutionsStarted",
    "ExecutionsSucceeded",
    "ExecutionsFailed",
    "ExecutionsTimedOut",
    "ExecutionsAborted",
    "ExecutionThrottled",
}
"""https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html"""
FROM_AWS: set[Metric] = {
    ("AWS/Lambda", name, frozenset({"FunctionName"})) for name in OF_FUNCTIONS
} | {("AWS/States", name, frozenset({"StateMachineArn"})) for name in OF_STATE_MACHINES}
FROM_AWS |= {("AWS/SQS", "ApproximateNumberOfMessagesVisible", frozenset({"QueueName"}))}
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"""
FROM_AWS |= {("AWS/Events", "FailedInvocations", frozenset({"RuleName"}))}
"""https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html"""

MOST_SECONDS_OF_AN_ALARM = 604_800
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""

SEARCH = re.compile(r"SEARCH\('\{(\w+),([\w,]+)\} MetricName=\"(\w+)\" service=\"STACK\"'")
ERROR_NAMES = re.compile(r"^class (\w+Error)\(", re.MULTILINE)
"""Classes of errors.py."""


@pytest.fixture
def alarms(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


@pytest.mark.parametrize("alarm", ["ExecutionsFailedAlarm", "CallbacksNearExpiryAlarm"])
def test_an_alarm_about_executions_gives_the_command_that_lists_them(
    alarms: dict[str, dict[str, Any]], alarm: str
) -> None:
    text = alarms[alarm]["AlarmDescription"]["Fn::Sub"].replace("${AWS::StackName}", "shop")

    command = next(each for each in re.findall(r"`(.+?)`", text) if " --stack shop" in each)

    assert check(command) == 1


@pytest.fixture
def widgets(template: dict[str, Any]) -> list[dict[str, Any]]:
    text: str = template["Resources"]["OperationsDashboard"]["Properties"]["DashboardBody"][
        "Fn::Sub"
    ]
    found: list[dict[str, Any]] = json.loads(with_names(text))["widgets"]
    return found


def with_names(text: str) -> str:
    return re.sub(
        r"\$\{(.*?)\}", lambda name: "STACK" if name[1] == "AWS::StackName" else name[1], text
    )


@pytest.fixture
def emitted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[Metric, str]:
    """What the function emits when it works, fails, asks and is answered; with the units."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "STACK")
    monkeypatch.setattr(app.metrics, "service", "STACK")
    monkeypatch.setattr(clients, "events", FakeEventBus)
    monkeypatch.setattr(clients, "stepfunctions", FakeStepFunctions)
    context: Any = FakeLambdaContext()
    with runtime.use(settings=Settings(bucket=BUCKET), store=MemoryStore()):
        app.lambda_handler(load("sync_offloads_large_field"), context)
        with pytest.raises(InvalidRequestError):
            app.lambda_handler(load("sync_missing_execution_result"), context)
        ask_and_answer()
        app.lambda_handler(MAP_WITH_A_FAILURE, context)
        app.lambda_handler(EXPIRED, context)
        measures.count_deletion(Outcome())
    return dict(embedded(capsys.readouterr().out))


BAG = {"execution_id": "e"}
MAP_WITH_A_FAILURE = {
    "action": "aggregate_distributed",
    "state_data": BAG | {"tolerated_failed_items": 1},
    "execution_result": [{"status": "FAILED", "error": "E", "cause": "c"}, {"current_state": {}}],
}
EXPIRED = {
    "action": "record_failure",
    "state_data": BAG,
    "stage": "callback_timeout",
    "failure": {"Error": "States.HeartbeatTimeout", "Cause": ""},
}


def ask_and_answer() -> None:
    asked = {"state_data": {}, "execution_id": "e", "task_token": TOKEN, "callback_type": "human"}
    event = {"action": "request_callback", **asked}
    callback = requests.request(RequestCallbackEvent.model_validate(event))
    answer = {"action": "submit_callback", "execution_id": "e", "outcome": "success", "output": 1}
    submissions.submit(SubmitCallbackEvent.model_validate(answer | callback))


def embedded(printed: str) -> Iterator[tuple[Metric, str]]:
    for line in printed.splitlines():
        if not line.startswith("{"):
            continue
        for group in json.loads(line).get("_aws", {}).get("CloudWatchMetrics", []):
            for metric in group["Metrics"]:
                dimensions = frozenset(group["Dimensions"][0])
                yield (group["Namespace"], metric["Name"], dimensions), metric["Unit"]


def in_alarms(alarms: dict[str, dict[str, Any]]) -> Iterator[Metric]:
    for alarm in alarms.values():
        if "MetricName" in alarm:
            yield measured(alarm)
        for query in alarm.get("Metrics", []):
            if "MetricStat" in query:
                yield measured(query["MetricStat"]["Metric"])


def measured(metric: dict[str, Any]) -> Metric:
    names = frozenset(dimension["Name"] for dimension in metric["Dimensions"])
    return metric["Namespace"], metric["MetricName"], names


def on_dashboard(widgets: list[dict[str, Any]]) -> Iterator[Metric]:
    rows = [row for widget in widgets for row in widget["properties"].get("metrics", [])]
    for row in rows:
        if isinstance(row[0], str):
            plain = [part for part in row if isinstance(part, str)]
            yield plain[0], plain[1], frozenset(plain[2::2])
        elif "SEARCH" in row[0]["expression"]:
            (found,) = SEARCH.finditer(row[0]["expression"])
            yield found[1], found[3], frozenset(found[2].split(","))
        else:
            defined = {line[-1].get("id") for line in rows if isinstance(line[-1], dict)}
            assert set(re.findall(r"\b[a-z]+\b", row[0]["expression"])) <= defined


def test_alarms_watch_metrics_that_are_emitted(
    alarms: dict[str, dict[str, Any]], emitted: dict[Metric, str]
) -> None:
    assert set(in_alarms(alarms)) - FROM_AWS <= emitted.keys()


def test_dashboard_shows_metrics_that_are_emitted(
    widgets: list[dict[str, Any]], emitted: dict[Metric, str]
) -> None:
    assert set(on_dashboard(widgets)) - FROM_AWS <= emitted.keys()


def test_dashboard_shows_what_the_function_emits(
    widgets: list[dict[str, Any]], emitted: dict[Metric, str]
) -> None:
    shown = {name for _, name, _ in on_dashboard(widgets)}
    assert {name for _, name, _ in emitted} - {"ColdStart"} <= shown | {"Errors"}


def test_metrics_of_two_stacks_are_told_apart(template: dict[str, Any]) -> None:
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == measures.NAMESPACE


def test_every_alarm_is_on_the_dashboard_and_goes_to_the_topic_if_there_is_one(
    alarms: dict[str, dict[str, Any]], widgets: list[dict[str, Any]]
) -> None:
    (shown,) = [widget["properties"] for widget in widgets if widget["type"] == "alarm"]
    assert {arn.rpartition(":")[2] for arn in shown["alarms"]} == alarms.keys()
    action = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == action
        assert alarm["TreatMissingData"] == "notBreaching"


def test_days_on_which_the_stack_was_used_and_nothing_was_deleted_raise_an_alarm(
    alarms: dict[str, dict[str, Any]],
) -> None:
    alarm = alarms["RetentionStoppedAlarm"]
    queries = {query["Id"]: query for query in alarm["Metrics"]}
    functions = {
        name: query["MetricStat"]["Metric"]["Dimensions"][0]["Value"]["Ref"]
        for name, query in queries.items()
        if "MetricStat" in query
    }
    days = {query["MetricStat"]["Period"] for query in queries.values() if "MetricStat" in query}
    expressions = {name: queries[name]["Expression"] for name in queries.keys() - functions.keys()}
    assert functions == {"calls": "StateDataManagerFunction", "runs": "RetentionFunction"}
    assert expressions == {"missed": "SUM([used, ran])", "used": "calls / calls", "ran": "0 - runs"}
    assert days == {86_400}
    assert alarm["EvaluationPeriods"] * 86_400 <= MOST_SECONDS_OF_AN_ALARM
    # A workweek without a run is told, and a run every other day is none.
    assert alarm["DatapointsToAlarm"] == 5


def test_the_price_of_the_alarms_is_told(alarms: dict[str, dict[str, Any]], root: Any) -> None:
    """CloudWatch bills each metric of an alarm."""
    told = " ".join((root / "docs/howto/cost.md").read_text().split())
    found = re.search(r"The (\w+) alarms watch (\d+) metrics, \$([\d.]+) a month", told)
    assert found is not None
    metrics = len(list(in_alarms(alarms)))
    assert (found[1], int(found[2]), found[3]) == ("nine", metrics, f"{metrics / 10:.2f}")
    assert len(alarms) == 9


def test_alarms_on_errors_name_errors_that_there_are(
    alarms: dict[str, dict[str, Any]], root: Any
) -> None:
    source = root / "layers/universal_sync_core/universal_sync_core/errors.py"
    known = set(ERROR_NAMES.findall(source.read_text()))
    metrics = [
        query["MetricStat"]["Metric"]
        for query in alarms["DamagedStateAlarm"]["Metrics"]
        if "MetricStat" in query
    ]
    named = {
        dimension["Value"]
        for metric in metrics
        for dimension in metric["Dimensions"]
        if dimension["Name"] == "error"
    }
    assert len(named) == len(metrics)
    assert named <= known


def test_callback_is_due_before_it_expires(states: dict[str, dict[str, Any]]) -> None:
    heartbeats = [
        state["HeartbeatSeconds"] for state in states.values() if "HeartbeatSeconds" in state
    ]
    assert measures.CALLBACK_DUE_AFTER.total_seconds() < min(heartbeats)


def test_widgets_do_not_overlap(widgets: list[dict[str, Any]]) -> None:
    cells = [
        (column, row)
        for widget in widgets
        for column in range(widget["x"], widget["x"] + widget["width"])
        for row in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(column for column, _ in cells) < 24


def test_the_documentation_has_every_metric_and_alarm(
    alarms: dict[str, dict[str, Any]], emitted: dict[Metric, str], root: Any
) -> None:
    told = set(re.findall(r"`(\w+)`", (root / "docs/operations.md").read_text()))
    assert alarms.keys() | {name for _, name, _ in emitted} - {"ColdStart"} <= told


def test_no_metric_is_billed_for_each_action_unless_that_is_asked_for(
    emitted: dict[Metric, str], template: dict[str, Any]
) -> None:
    assert {dimensions for _, _, dimensions in emitted} == {
        frozenset({"service"}),
        frozenset({"error", "service"}),
    }
    assert template["Parameters"]["MetricsByAction"]["Default"] == "false"
    variables = template["Resources"]["StateDataManagerFunction"]["Properties"]["Environment"]
    assert variables["Variables"]["METRICS_BY_ACTION"] == {"Ref": "MetricsByAction"}


def test_a_worker_tells_what_the_alarms_watch(
    alarms: dict[str, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    in_lambda = Settings(bucket=BUCKET, lambda_function="worker")
    owner = "arn:aws:states:eu-west-1:123456789012:execution:STACK-state-data:run-1"
    context = {"execution_id": owner}
    with runtime.use(settings=in_lambda, store=MemoryStore()):
        event = {"state_data": first_bag({}, context)}
        state_task(sync=True)(lambda _: {})(event)
        pointer = store_to_s3({"text": "x" * 40_000}, context)
    reading = state_task(sync=True)(lambda state: len(state["current_state"]["text"]))
    with runtime.use(settings=in_lambda, store=MemoryStore()):
        lost = {"state_data": event["state_data"] | {"current_state": pointer}}
        with pytest.raises(MissingObjectError):
            reading(lost)
    told = dict(embedded(capsys.readouterr().out))
    for name in ("BagNearBoundAlarm", "DamagedStateAlarm"):
        assert set(in_alarms({name: alarms[name]})) <= told.keys()


def test_no_level_of_the_log_drops_a_metric(template: dict[str, Any]) -> None:
    """Lambda takes a line without a level, as a metric's is, for INFO."""
    functions = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    assert len(functions) >= 2
    kept = [each["LoggingConfig"]["ApplicationLogLevel"] for each in functions]
    assert kept == [{"Fn::If": ["IsDebugged", "DEBUG", "INFO"]}] * len(functions)


def test_lambda_can_read_the_time_of_a_line_of_the_log() -> None:
    """A line whose time it cannot read counts as INFO, whatever it says."""
    formatted = app.logger.registered_formatter.formatTime(logging.makeLogRecord({"created": 0.0}))
    assert datetime.fromisoformat(formatted).tzinfo is not None
    assert "T" in formatted
