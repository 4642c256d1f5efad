"""Workers beside the stack: functions of the user's that read and write the state as it does."""

from dataclasses import replace

from ..clients import Clients
from ..stack.deploy import Stack
from .user_functions import UserFunction, create_function

_MANAGER = "StateDataManagerFunctionArn"
# What the manager's environment has for itself alone.
_OWN = ("POWERTOOLS_", "PYDANTIC_", "EVENT_BUS_")


def deploy_worker(function: UserFunction, stack: Stack, clients: Clients) -> str:
    """Deploy a function with the stack's settings in its environment, and give its ARN.

    A template of the user's would name them; what the function says of its own wins.
    """
    environment = {**settings_of(stack, clients), **function.environment}
    create_function(replace(function, environment=environment), stack, clients)
    return function.arn


def settings_of(stack: Stack, clients: Clients) -> dict[str, str]:
    """Return the settings of the state, `STATE_BUCKET` and others, as the manager has them."""
    manager = stack.outputs.get(_MANAGER)
    if manager is None:
        return {}
    described = clients.moto("lambda").get_function_configuration(FunctionName=manager)
    variables = described["Environment"]["Variables"]
    return {name: str(value) for name, value in variables.items() if not name.startswith(_OWN)}
