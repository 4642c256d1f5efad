"""Step Functions' calls to other services, through clients that are made once.

moto makes a new client for each call, at a port it takes from the environment, and hands it the
parameters in the case of the definition, where a service may have another: `StateMachineArn` there
is `stateMachineArn` on the wire.
https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

import sys
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (  # noqa: E501
    StateTaskService,
)
from moto.stepfunctions.parser.asl.utils import boto_client

from ..clients import Clients


def install(stack: ExitStack, clients: Clients) -> None:
    """Let every integration take its client from here."""
    _match_case(stack, clients)
    original = boto_client.boto_client_for

    def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        del region, state_credentials  # one region, and nobody's permissions are checked
        return clients.client(service)

    for name, module in list(sys.modules.items()):
        if (
            name.startswith("moto.stepfunctions")
            and vars(module).get("boto_client_for") is original
        ):
            stack.enter_context(patch.object(module, "boto_client_for", client_for))


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

    replaced = {
        "_normalise_parameters": normalise_parameters,
        "_normalise_response": normalise_response,
    }
    for name, function in replaced.items():
        stack.enter_context(patch.object(StateTaskService, name, function))
