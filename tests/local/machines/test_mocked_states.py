"""States that mocks answer, in every form that AWS's tools know, and what the mocks were given."""

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from local.cloud import Execution, LocalCloud
from local.errors import LocalCloudError, MockedError

Mocked = Callable[..., Execution]
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:Theirs"
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:Theirs"
RETRY = [{"ErrorEquals": ["Own.Error"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1}]


def one(resource: str, parameters: Any = None, **fields: Any) -> dict[str, Any]:
    """Return the states of a machine that has one task."""
    given = {} if parameters is None else {"Parameters": parameters}
    return {"Ask": {"Type": "Task", "Resource": resource, "End": True, **given, **fields}}


@pytest.fixture
def mocked(cloud: LocalCloud, request: pytest.FixtureRequest) -> Mocked:
    """Run the given states with mocks."""

    def run(states: dict[str, Any], value: Any, mocks: Any, case: str = "") -> Execution:
        definition = {"StartAt": next(iter(states)), "States": states}
        name = f"machine-{abs(hash((request.node.name, str(states))))}"
        arn = cloud.create_state_machine(name, definition, mocks=mocks)
        return cloud.start_execution(value, state_machine_arn=arn + case).wait(30)

    return run


@pytest.mark.parametrize(
    ("resource", "given"),
    [
        ("arn:aws:states:::lambda:invoke", {"FunctionName": "f", "Payload": 1}),
        (FUNCTION, {"FunctionName": FUNCTION, "Payload": {"FunctionName": "f", "Payload": 1}}),
        (ACTIVITY, {"FunctionName": "f", "Payload": 1}),
        ("arn:aws:states:::glue:startJobRun.sync", {"FunctionName": "f", "Payload": 1}),
        ("arn:aws:states:::ecs:runTask.sync", {"FunctionName": "f", "Payload": 1}),
        ("arn:aws:states:::elasticmapreduce:addStep.sync", {"FunctionName": "f", "Payload": 1}),
        ("arn:aws:states:::states:startExecution.sync:2", {"FunctionName": "f", "Payload": 1}),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", {"FunctionName": "f", "Payload": 1}),
        ("arn:aws:states:::aws-sdk:athena:getQueryResults", {"FunctionName": "f", "Payload": 1}),
        ("arn:aws:states:::http:invoke", {"FunctionName": "f", "Payload": 1}),
        ("arn:aws:states:::mediaconvert:createJob.sync", {"FunctionName": "f", "Payload": 1}),
    ],
)
def test_mock_answers_for_every_kind_of_task(
    mocked: Mocked, cloud: LocalCloud, resource: str, given: Any
) -> None:
    states = one(resource, {"FunctionName": "f", "Payload.$": "$.payload"})
    run = mocked(states, {"payload": 1}, {"Ask": {"result": {"answer": 42}}})
    assert run.output == {"answer": 42}
    call = cloud.mocked_calls[-1]
    assert (call.state, call.given, call.execution_arn) == ("Ask", given, run.arn)


@pytest.mark.parametrize(
    ("mock", "outcome"),
    [
        (lambda given: given["Message"] + 1, 2),
        ({"result": '{"as": "text"}'}, {"as": "text"}),
        ({"result": [1]}, [1]),
        ({"0": {"Return": "first"}}, "first"),
        ([{"errorOutput": {"error": "Own.Error", "cause": "busy"}}, {"result": 7}], 7),
        ({"0-1": {"Throw": {"Error": "Own.Error", "Cause": "busy"}}, "2": {"Return": 8}}, 8),
        ({"errorOutput": {"error": "Own.Error", "cause": "busy"}}, ("Own.Error", "busy")),
        ({"0-2": {"Throw": {"Error": "Own.Error", "Cause": "busy"}}}, ("Own.Error", "busy")),
    ],
)
def test_mock_has_the_forms_of_test_state_and_of_step_functions_local(
    mocked: Mocked, mock: Any, outcome: Any
) -> None:
    states = one("arn:aws:states:::sns:publish", {"Message.$": "$"}, Retry=RETRY)
    run = mocked(states, 1, {"Ask": mock})
    assert (run.output if run.status == "SUCCEEDED" else (run.error, run.cause)) == outcome


def refuse(_given: Any) -> Any:
    raise MockedError("Own.Error", "refused")


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:states:::sns:publish",
        FUNCTION,
        ACTIVITY,
        "arn:aws:states:::http:invoke",
        "arn:aws:states:::dynamodb:putItem",
        "arn:aws:states:::apigateway:invoke",
        "arn:aws:states:::glue:startJobRun.sync",
    ],
)
def test_error_of_a_mock_goes_the_way_of_its_catch(mocked: Mocked, resource: str) -> None:
    catch = [{"ErrorEquals": ["Own.Error"], "Next": "Caught", "ResultPath": "$.error"}]
    states = one(resource, Catch=catch) | {"Caught": {"Type": "Pass", "End": True}}
    run = mocked(states, {"kept": 1}, {"Ask": refuse})
    assert run.output == {"kept": 1, "error": {"Error": "Own.Error", "Cause": "refused"}}


@pytest.mark.parametrize("resource", ["dynamodb:putItem", "apigateway:invoke", "lambda:invoke"])
def test_task_that_takes_too_long_fails_by_that_name(mocked: Mocked, resource: str) -> None:
    states = one(f"arn:aws:states:::{resource}", TimeoutSeconds=1)
    run = mocked(states, {}, {"Ask": lambda _given: Event().wait(3)})
    assert run.error == "States.Timeout"


@pytest.mark.parametrize(
    "outer",
    [
        {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {}},
        {"Type": "Parallel", "Branches": [{}, {}]},
    ],
)
def test_mock_answers_inside_and_in_the_place_of_maps_and_parallels(
    mocked: Mocked, cloud: LocalCloud, outer: dict[str, Any]
) -> None:
    body = {"StartAt": "Ask", "States": one("arn:aws:states:::sns:publish", {"Message": "m"})}
    filled = {**outer, **({"Branches": [body]} if "Branches" in outer else {"ItemProcessor": body})}
    inside = mocked({"Outer": {**filled, "End": True}}, {"items": [0]}, {"Ask": {"result": 1}})
    assert set(inside.output) == {1}
    whole = {"Whole": {**filled, "End": True}}
    assert mocked(whole, {"items": [0]}, {"Whole": {"result": {}}}).output == {}
    assert cloud.mocked_calls[-1].given == {"items": [0]}


@pytest.mark.parametrize("outer", ["Map", "Parallel"])
def test_error_of_awss_own_name_leaves_maps_and_parallels_as_it_is(
    mocked: Mocked, outer: str
) -> None:
    body = {"StartAt": "Ask", "States": one("arn:aws:states:::sns:publish", {"Message": "m"})}
    inner = {"ItemProcessor": body} if outer == "Map" else {"Branches": [body]}
    failed = {"errorOutput": {"error": "States.Timeout", "cause": "late"}}
    run = mocked({"Outer": {"Type": outer, "End": True, **inner}}, [0], {"Ask": failed})
    assert run.error == "States.Timeout"


def test_error_of_an_own_name_may_begin_as_awss_do(mocked: Mocked) -> None:
    catch = [{"ErrorEquals": ["States.OfOurOwn"], "Next": "Fail"}]
    fail = {"Type": "Fail", "Error": "States.OfOurOwnToo"}
    states = one("arn:aws:states:::sns:publish", Catch=catch) | {"Fail": fail}
    failed = {"errorOutput": {"error": "States.OfOurOwn", "cause": ""}}
    assert mocked(states, {}, {"Ask": failed}).error == "States.OfOurOwnToo"


@pytest.mark.parametrize(
    ("error", "ended"),
    [
        ("Own.Error", "Caught"),
        ("States.Permissions", "Caught"),
        ("States.HeartbeatTimeout", "Caught"),
        ("States.Timeout", "States.Timeout"),
        ("States.Runtime", "States.Runtime"),
        ("States.DataLimitExceeded", "States.DataLimitExceeded"),
    ],
)
def test_failed_task_is_caught_as_that_unless_it_took_too_long_or_cannot_go_on(
    mocked: Mocked, error: str, ended: str
) -> None:
    catch = [{"ErrorEquals": ["States.TaskFailed"], "Next": "Fail"}]
    fail = {"Type": "Fail", "Error": "Caught"}
    states = one("arn:aws:states:::sns:publish", Catch=catch) | {"Fail": fail}
    failed = {"errorOutput": {"error": error, "cause": ""}}
    assert mocked(states, {}, {"Ask": failed}).error == ended


CONFIG = {
    "StateMachines": {
        "filed": {"TestCases": {"Happy": {"Ask": "Good"}, "Sad": {"Ask": "Bad"}}},
    },
    "MockedResponses": {
        "Good": {"0": {"Return": {"is": "good"}}},
        "Bad": {"0": {"Throw": {"Error": "Own.Error", "Cause": "bad"}}},
    },
}


def test_file_of_step_functions_local_is_run_by_test_case(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    path = tmp_path / "MockConfigFile.json"
    path.write_text(json.dumps(CONFIG))
    states = one("arn:aws:states:::sns:publish", {"Message": "m"})
    arn = cloud.create_state_machine("filed", {"StartAt": "Ask", "States": states}, mocks=path)
    happy = cloud.start_execution({}, state_machine_arn=f"{arn}#Happy").wait(30)
    assert happy.output == {"is": "good"}
    sad = cloud.start_execution({}, state_machine_arn=f"{arn}#Sad").wait(30)
    assert (sad.error, sad.cause) == ("Own.Error", "bad")
    with pytest.raises(Exception, match=r"no test case 'Ugly'.*Happy, Sad"):
        cloud.start_execution({}, state_machine_arn=f"{arn}#Ugly")


@pytest.mark.parametrize(
    ("mocks", "message"),
    [
        ({"Aks": {"result": 1}}, "mocks of Aks, .* its states are Ask"),
        ({"Ask": 7}, "'Ask' is int in no known form"),
        ({"Ask": {"reslut": 7}}, "'Ask' is dict in no known form"),
        ({"Ask": {"0": {"Retrun": 7}}}, "'Ask' is dict in no known form"),
        ({"Ask": {"result": "no json"}}, "'Ask' has a result that is not JSON"),
        ({"Ask": {"result": {1, 2}}}, "'Ask' does not return JSON"),
        ({"StateMachines": {}, "MockedResponses": {}}, "do not have the state machine 'wrong'"),
        ("/nowhere/mocks.json", "cannot be read"),
    ],
)
def test_mock_that_cannot_be_is_refused_when_the_machine_is_made(
    cloud: LocalCloud, mocks: Any, message: str
) -> None:
    states = one("arn:aws:states:::sns:publish", {"Message": "m"})
    with pytest.raises(LocalCloudError, match=message):
        cloud.create_state_machine("wrong", {"StartAt": "Ask", "States": states}, mocks=mocks)


def test_what_a_mock_raises_that_is_no_answer_ends_the_execution_and_is_told(
    mocked: Mocked, cloud: LocalCloud
) -> None:
    states = one(
        "arn:aws:states:::sns:publish", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "C"}]
    )
    states |= {"C": {"Type": "Pass", "End": True}}
    run = mocked(states, {}, {"Ask": lambda given: given["missing"]})
    assert run.error == "States.Runtime"
    assert [type(error) for error in cloud.mock_errors(run)] == [KeyError]


def test_task_that_waits_for_an_answer_has_a_token_for_its_mock(
    mocked: Mocked, cloud: LocalCloud
) -> None:
    parameters = {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}
    states = one("arn:aws:states:::sqs:sendMessage.waitForTaskToken", parameters)
    assert mocked(states, {}, {"Ask": {"result": {"approved": True}}}).output == {"approved": True}
    call = cloud.mocked_calls[-1]
    assert call.task_token
    assert call.given["MessageBody"] == {"token": call.task_token}


def test_mock_is_bound_to_the_limit_of_a_service(mocked: Mocked) -> None:
    states = one("arn:aws:states:::sns:publish", {"Message": "m"})
    run = mocked(states, {}, {"Ask": {"result": ["x" * 270_000]}})
    assert run.error == "States.DataLimitExceeded"
