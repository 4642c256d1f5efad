"""Functions on the local cloud: what they see, how they fail, how many run at once."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.errors import FunctionError
from local.limits import INVOCATION_BYTES


def test_result_is_given(cloud: LocalCloud) -> None:
    assert cloud.invoke({"do": "echo", "value": [1, "zwei", None]}) == [1, "zwei", None]


def test_environment_is_that_of_the_deployed_function(cloud: LocalCloud) -> None:
    environment = cloud.invoke({"do": "look"})["environment"]
    assert environment["BUCKET"] == cloud.outputs["Bucket"]
    assert environment["GREETING"] == "hello"
    assert environment["AWS_ENDPOINT_URL"] == cloud.endpoint
    assert environment["AWS_LAMBDA_FUNCTION_TIMEOUT"] == "10"


def test_function_sees_its_layer_and_no_development_package(cloud: LocalCloud) -> None:
    seen = cloud.invoke({"do": "look"})
    assert seen["layer"] == "from the layer"
    assert seen["development"] is False


def test_raised_error_comes_back_under_its_bare_name(cloud: LocalCloud) -> None:
    with pytest.raises(FunctionError) as raised:
        cloud.invoke({"do": "raise"})
    assert (raised.value.error_type, raised.value.message) == ("OwnError", "as asked")


def test_result_that_resembles_an_error_is_a_result(cloud: LocalCloud) -> None:
    value = {"errorType": "OwnError", "errorMessage": "none at all"}
    assert cloud.invoke({"do": "echo", "value": value}) == value


def test_timeout_is_kept_and_the_next_request_is_served(cloud: LocalCloud) -> None:
    with pytest.raises(FunctionError, match=r"timed out after 10\.00 seconds") as raised:
        cloud.invoke({"do": "sleep", "seconds": 20})
    assert raised.value.error_type == "Sandbox.Timedout"
    assert cloud.invoke({"do": "echo", "value": 1}) == 1


def test_death_of_the_process_is_an_error_and_the_next_request_is_served(cloud: LocalCloud) -> None:
    with pytest.raises(FunctionError) as raised:
        cloud.invoke({"do": "exit"})
    assert raised.value.error_type == "Runtime.ExitError"
    assert cloud.invoke({"do": "echo", "value": 1}) == 1


def test_response_up_to_the_limit_passes(cloud: LocalCloud) -> None:
    assert len(cloud.invoke({"do": "fill", "bytes": INVOCATION_BYTES})) == INVOCATION_BYTES - 2


def test_response_over_the_limit_is_an_error(cloud: LocalCloud) -> None:
    with pytest.raises(FunctionError) as raised:
        cloud.invoke({"do": "fill", "bytes": INVOCATION_BYTES + 1})
    assert raised.value.error_type == "Function.ResponseSizeTooLarge"


def test_request_over_the_limit_is_refused(cloud: LocalCloud) -> None:
    with pytest.raises(FunctionError) as raised:
        cloud.invoke({"do": "echo", "value": "x" * INVOCATION_BYTES})
    assert raised.value.error_type == "RequestEntityTooLargeException"


def test_two_requests_run_at_once_and_no_third(cloud: LocalCloud) -> None:
    def sleep(_: int) -> Any:
        return cloud.invoke({"do": "sleep", "seconds": 0.3})

    with ThreadPoolExecutor(5) as callers:
        times = list(callers.map(sleep, range(5)))
    moments = sorted([(t["begun"], 1) for t in times] + [(t["ended"], -1) for t in times])
    running, most = 0, 0
    for _, change in moments:
        running += change
        most = max(most, running)
    assert most == 2


def test_client_gets_the_payload_and_the_error_header(cloud: LocalCloud) -> None:
    answer = cloud.client("lambda").invoke(
        FunctionName=cloud.outputs["FunctionArn"], Payload=json.dumps({"do": "raise"})
    )
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorType"] == "OwnError"


def test_function_reaches_the_services_of_the_cloud(cloud: LocalCloud) -> None:
    cloud.invoke({"do": "write", "key": "greeting", "body": "hello"})
    stored = cloud.client("s3").get_object(Bucket=cloud.outputs["Bucket"], Key="greeting")
    assert stored["Body"].read() == b"hello"


def test_what_a_function_prints_is_in_a_log_file_and_not_on_the_terminal(
    cloud: LocalCloud, capfd: pytest.CaptureFixture[str]
) -> None:
    cloud.invoke({"do": "echo", "value": 1})
    assert capfd.readouterr() == ("", "")
    printed = "".join(path.read_text() for path in cloud.logs_dir.glob("*-[12].log"))
    assert "a line of" in printed


def test_user_function_stands_beside_the_stack_and_its_parameter_is_set(cloud: LocalCloud) -> None:
    arn = cloud.outputs["WorkerArn"]
    assert arn.endswith(":function:Worker")
    assert cloud.invoke({"n": 1}, function=arn) == {"worker": "Ada", "event": {"n": 1}}


def test_new_configuration_of_a_function_holds_from_its_next_request(cloud: LocalCloud) -> None:
    cloud.client("lambda").update_function_configuration(
        FunctionName="Worker", Environment={"Variables": {"NAME": "Grace"}}
    )
    assert cloud.invoke({}, function="Worker")["worker"] == "Grace"
