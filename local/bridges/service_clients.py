"""Step Functions' calls to other services, through clients that are made once.

moto makes a new client for each call, at a port it takes from the environment.
"""

import sys
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

from moto.stepfunctions.parser.asl.utils import boto_client

from local.clients import Clients


def install(stack: ExitStack, clients: Clients) -> None:
    """Let every integration take its client from here."""
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
