"""Lambda without Docker: deployed with their layers, invoked in emulators.

moto's CloudFormation gives layers no id and drops them from a function, and its invocations need
Docker.
"""

import base64
import json
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError
from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction, LayerVersion
from moto.awslambda.utils import get_backend
from moto.core.exceptions import AWSError
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

from ..clients import ACCOUNT, REGION
from ..errors import TooManyRequestsError
from ..functions.invocations import Functions
from .patches import Original, around, put

_FAILED = "Unhandled"
_TOO_MANY = {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}


class TooManyRequestsException(AWSError):  # noqa: N818 - the name of the error on the wire
    """The concurrency of the account is used up."""

    TYPE = _TOO_MANY["Code"]
    STATUS = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self) -> None:
        super().__init__(_TOO_MANY["Message"])


def install(stack: ExitStack, functions: Functions) -> None:
    """Run functions in emulators."""
    _deploy_layers(stack)
    _answer_invocations(stack, functions)
    _invoke_from_tasks(stack, functions)


def _deploy_layers(stack: ExitStack) -> None:
    arn = property(lambda layer: layer.arn)
    stack.enter_context(patch.object(LayerVersion, "physical_resource_id", arn, create=True))
    original = LambdaFunction.create_from_cloudformation_json

    def create(
        _cls: type[LambdaFunction],
        /,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,
    ) -> LambdaFunction:
        function = original(resource_name, cloudformation_json, account_id, region_name, **kwargs)
        layers = cloudformation_json["Properties"].get("Layers", [])
        function.update_configuration({"Layers": layers})
        return function

    put(stack, LambdaFunction, "create_from_cloudformation_json", classmethod(create))


def _answer_invocations(stack: ExitStack, functions: Functions) -> None:
    """Serve the Invoke operation, for boto3, the CLI and moto's own event sources."""

    def answer(
        self: LambdaFunction,
        body: str | bytes,
        request_headers: Any,
        response_headers: dict[str, str],
    ) -> bytes:
        payload = body.encode() if isinstance(body, str) else body
        client_context = request_headers.get("x-amz-client-context", "")
        if request_headers.get("x-amz-invocation-type") == "Event":
            functions.invoke_later(self, payload, client_context)
            return b""
        try:
            given = functions.invoke(self, payload, client_context)
        except TooManyRequestsError:
            raise TooManyRequestsException from None
        if given.failed:
            response_headers["x-amz-function-error"] = _FAILED
        # What a function prints is in the emulators' log files.
        response_headers["x-amz-log-result"] = base64.b64encode(b"").decode()
        return given.payload

    put(stack, LambdaFunction, "invoke", answer)


def _invoke_from_tasks(stack: ExitStack, functions: Functions) -> None:
    """Let the tasks of a state machine reach the emulators without a detour through HTTP."""

    @around(stack, lambda_eval_utils, "_invoke_lambda_function")
    def invoke_for_task(
        original: Original, parameters: dict[str, Any], region: str, state_credentials: Any
    ) -> Any:
        try:
            function = get_function(parameters["FunctionName"], parameters.get("Qualifier"))
        except UnknownFunctionException:
            # The error that a client would get.
            return original(parameters, region, state_credentials)
        try:
            given = functions.invoke(
                function, parameters.get("Payload", b"{}"), parameters.get("ClientContext", "")
            )
        except TooManyRequestsError:
            raise _refused() from None
        # What an integration gives of Lambda's answer.
        # https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
        answer = {"ExecutedVersion": "$LATEST", "Payload": json.loads(given.payload)}
        answer |= {"StatusCode": 200}
        return answer | {"FunctionError": _FAILED} if given.failed else answer


def _refused() -> ClientError:
    """Return what an SDK raises when Lambda throttles a call."""
    metadata: Any = {"HTTPStatusCode": HTTPStatus.TOO_MANY_REQUESTS, "RequestId": "throttled"}
    answer: Any = {"Error": _TOO_MANY, "ResponseMetadata": metadata}
    return ClientError(answer, "Invoke")


def get_function(name: str, qualifier: str | None = None) -> LambdaFunction:
    """Return a deployed function by name or ARN."""
    return get_backend(ACCOUNT, REGION).get_function(name, qualifier)
