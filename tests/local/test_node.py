"""Functions for Node.js on the local cloud: what they see, answer, and how they fail."""

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.cloud import LocalCloud, UserFunction
from local.errors import FunctionError
from local.limits import INVOCATION_BYTES

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")

HERE = Path(__file__).parent
NAME = "NodeWorker"


def node_function(name: str, handler: str, runtime: str = "nodejs22.x") -> UserFunction:
    return UserFunction(
        name=name,
        code_dir=HERE / "node_worker",
        handler=handler,
        runtime=runtime,
        environment={"GREETING": "hello"},
        timeout=2,
    )


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    functions = [
        node_function(NAME, "worker.handler"),
        node_function("Broken", "broken.handler"),
        node_function("Misnamed", "worker.nobody"),
        node_function("ByCallback", "worker.answersByCallback"),
        node_function("TooSoon", "worker.answersTooSoon"),
        node_function("Newer", "worker.answersTooSoon", "nodejs24.x"),
    ]
    template = HERE / "stack" / "template.yaml"
    with LocalCloud.start(template=template, extra_functions=functions) as started:
        yield started


def invoke(cloud: LocalCloud, do: str, **event: Any) -> Any:
    return cloud.invoke({"do": do, **event}, function=NAME)


def error_of(cloud: LocalCloud, function: str, event: Any) -> FunctionError:
    with pytest.raises(FunctionError) as raised:
        cloud.invoke(event, function=function)
    return raised.value


def test_client_context_is_given_beside_the_event(cloud: LocalCloud) -> None:
    told = cloud.client("lambda").invoke(
        FunctionName=NAME,
        Payload=json.dumps({"do": "look"}),
        ClientContext=base64.b64encode(b'{"custom": {"owner": "me"}}').decode(),
    )
    seen = json.load(told["Payload"])["context"]["clientContext"]
    assert seen == {"custom": {"owner": "me"}}
    assert "clientContext" not in invoke(cloud, "look")["context"]


@pytest.mark.parametrize("value", [[1, "zwei", None, {"ü": "\u2028"}], None, False])
def test_result_is_given(cloud: LocalCloud, value: Any) -> None:
    assert invoke(cloud, "echo", value=value) == value


def test_result_of_nothing_is_null(cloud: LocalCloud) -> None:
    assert invoke(cloud, "sleep", seconds=0) is None


def test_context_and_environment_are_those_of_lambda(cloud: LocalCloud) -> None:
    seen = invoke(cloud, "look")
    assert 0 < seen["left"] <= 2_000
    assert seen["context"]["functionName"] == NAME
    assert seen["context"]["awsRequestId"]
    assert seen["context"]["memoryLimitInMB"] == "128"
    variables = seen["variables"]
    assert variables["GREETING"] == "hello"
    assert variables["AWS_ENDPOINT_URL"] == cloud.endpoint
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_nodejs22.x"
    assert variables["AWS_LAMBDA_FUNCTION_TIMEOUT"] == "2"
    assert "PYTHONPATH" not in variables


def test_raised_error_comes_back_under_its_bare_name(cloud: LocalCloud) -> None:
    error = error_of(cloud, NAME, {"do": "raise"})
    assert (error.error_type, error.message) == ("OwnError", "as asked")


def test_error_is_answered_in_the_form_of_the_node_runtime(cloud: LocalCloud) -> None:
    answer = cloud.client("lambda").invoke(FunctionName=NAME, Payload=json.dumps({"do": "raise"}))
    assert answer["FunctionError"] == "Unhandled"
    error = json.loads(answer["Payload"].read())
    assert error["trace"][0] == "OwnError: as asked"
    assert error.keys() == {"errorType", "errorMessage", "trace"}


def test_rejection_that_is_no_error_is_named_by_its_type(cloud: LocalCloud) -> None:
    error = error_of(cloud, NAME, {"do": "refuse"})
    assert (error.error_type, error.message) == ("string", "no error at all")


@pytest.mark.parametrize(
    "value",
    [
        {"errorType": "OwnError", "errorMessage": "none at all"},
        {"errorType": "E", "errorMessage": "", "requestId": "1", "stackTrace": []},
    ],
)
def test_result_that_resembles_an_error_is_a_result(cloud: LocalCloud, value: Any) -> None:
    assert invoke(cloud, "echo", value=value) == value


def test_timeout_is_kept_and_the_next_request_is_served(cloud: LocalCloud) -> None:
    error = error_of(cloud, NAME, {"do": "sleep", "seconds": 20})
    assert error.error_type == "Sandbox.Timedout"
    assert "timed out after 2.00 seconds" in error.message
    assert invoke(cloud, "echo", value=1) == 1


def test_death_of_the_process_is_an_error_and_the_next_request_is_served(cloud: LocalCloud) -> None:
    assert error_of(cloud, NAME, {"do": "exit"}).error_type == "Runtime.ExitError"
    assert invoke(cloud, "echo", value=1) == 1


def test_error_beside_the_handler_ends_the_request_and_the_process(cloud: LocalCloud) -> None:
    error = error_of(cloud, NAME, {"do": "forget"})
    assert (error.error_type, error.message) == ("OwnError", "as asked")
    assert invoke(cloud, "echo", value=1) == 1


def test_response_over_the_limit_is_an_error(cloud: LocalCloud) -> None:
    assert len(invoke(cloud, "fill", bytes=INVOCATION_BYTES)) == INVOCATION_BYTES - 2
    error = error_of(cloud, NAME, {"do": "fill", "bytes": INVOCATION_BYTES + 1})
    assert error.error_type == "Function.ResponseSizeTooLarge"


def test_module_that_cannot_be_imported_is_an_error_of_every_request(cloud: LocalCloud) -> None:
    for _ in range(2):
        error = error_of(cloud, "Broken", {})
        assert error.error_type == "Runtime.ImportModuleError"
        assert "no-such-package" in error.message


def test_handler_that_is_not_there_is_an_error(cloud: LocalCloud) -> None:
    error = error_of(cloud, "Misnamed", {})
    assert error.error_type == "Runtime.HandlerNotFound"
    assert error.message == "worker.nobody is undefined or not exported"


def test_answer_by_callback_is_given(cloud: LocalCloud) -> None:
    assert cloud.invoke({"n": 1}, function="ByCallback") == {"n": 1}
    assert cloud.invoke({"n": 2}, function="ByCallback") == {"n": 2}


def test_what_is_no_promise_is_an_answer_only_to_newer_runtimes(cloud: LocalCloud) -> None:
    assert cloud.invoke({"n": 1}, function="TooSoon") is None
    assert cloud.invoke({"n": 1}, function="Newer") == {"n": 1}


def test_what_a_function_prints_is_in_a_log_file(cloud: LocalCloud) -> None:
    invoke(cloud, "echo", value=1)
    printed = "".join(path.read_text() for path in cloud.logs_dir.glob(f"{NAME}-*.log"))
    assert "a line of" in printed
