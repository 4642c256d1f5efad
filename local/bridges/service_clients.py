"""Step Functions' calls to other services, through clients that are made once.

moto makes a new client for each call, at a port it takes from the environment, and hands it the
parameters in the case of the definition, where a service may have another: `StateMachineArn` there
is `stateMachineArn` on the wire. It leaves out what AWS says of the request, and does not know the
names that SDK integrations have for services.
https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

import sys
import uuid
from contextlib import ExitStack
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (  # noqa: E501
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_api_gateway import (  # noqa: E501
    StateTaskServiceApiGateway,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (  # noqa: E501
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.utils import boto_client

from ..clients import Clients
from ..limits import payload_bytes
from ..machines.resources import boto_service, error_prefix
from .patches import put


def install(stack: ExitStack, clients: Clients) -> None:
    """Let every integration take its client from here."""
    _match_case(stack, clients)
    _name_services(stack)
    original = boto_client.boto_client_for

    def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        del region, state_credentials  # one region, and nobody's permissions are checked
        return clients.client(service)

    for name, module in list(sys.modules.items()):
        if (
            name.startswith("moto.stepfunctions")
            and vars(module).get("boto_client_for") is original
        ):
            put(stack, module, "boto_client_for", client_for)


# What these answer has nothing of the request.
_BARE = (StateTaskServiceAwsSdk, StateTaskServiceApiGateway)


def _metadata(response: Any) -> dict[str, Any]:
    """Return what the optimised integrations say of their HTTP request beside the answer."""
    request_id = str(uuid.uuid4())
    headers = {
        "Connection": "keep-alive",
        "Content-Length": str(payload_bytes(response)),
        "Content-Type": "application/json",
        "Date": format_datetime(datetime.now(UTC), usegmt=True),
        "Server": "Server",
        "X-Amzn-Trace-Id": f"Root=1-{request_id[:8]}-{request_id.replace('-', '')[:24]};Sampled=0",
        "x-amzn-RequestId": request_id,
    }
    http = {
        "AllHttpHeaders": {name: [value] for name, value in headers.items()},
        "HttpHeaders": headers,
        "HttpStatusCode": 200,
    }
    return {"SdkHttpMetadata": http, "SdkResponseMetadata": {"RequestId": request_id}}


def _name_services(stack: ExitStack) -> None:
    """Find the service that an SDK integration names, and name its errors as AWS does."""

    def named(self: StateTaskService, boto_service_name: str | None = None) -> str:
        return boto_service(boto_service_name or self.resource.api_name)

    put(stack, StateTaskService, "_get_boto_service_name", named)
    put(stack, StateTaskServiceAwsSdk, "_normalise_service_error_name", staticmethod(error_prefix))


def _match_case(stack: ExitStack, clients: Clients) -> None:
    """Fill in what moto has left empty: the names of the service's own model and back."""

    def operation(task: StateTaskService, service: str | None, action: str | None) -> Any:
        meta = clients.client(task._get_boto_service_name(service)).meta  # noqa: SLF001
        method = task._get_boto_service_action(action)  # noqa: SLF001
        return meta.service_model.operation_model(meta.method_to_api_mapping[method])

    def normalise_parameters(
        self: StateTaskService,
        parameters: dict[str, Any],
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        shape = operation(self, boto_service_name, service_action_name).input_shape
        self._to_boto_request(parameters, shape)

    def normalise_response(
        self: StateTaskService,
        response: Any,
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        shape = operation(self, boto_service_name, service_action_name).output_shape
        self._from_boto_response(response, shape)
        # What it gives of a job that has ended is asked for by name.
        asked = service_action_name is None
        if asked and isinstance(response, dict) and not isinstance(self, _BARE):
            response |= _metadata(response)

    replaced = {
        "_normalise_parameters": normalise_parameters,
        "_normalise_response": normalise_response,
    }
    for name, function in replaced.items():
        put(stack, StateTaskService, name, function)
