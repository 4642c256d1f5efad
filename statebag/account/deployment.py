"""The function and the bucket behind a state machine, as its definition names them."""

import re
from collections.abc import Iterator
from typing import Final

from botocore.exceptions import ClientError

from statebag.account.aws import Cloud
from statebag.account.places import Place, place_given
from statebag.errors import NoAccessError, NotFoundError, explained
from universal_sync_core.values.codec import Json, JsonObject, decode

# The state whose function is the manager, whatever the worker may be; the last two are those of a
# machine without a bag.
_MANAGER_ACTIONS: Final = ("init", "sync", "create_snapshot", "offload", "hydrate")
_FUNCTION: Final = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+(?::[\w$-]+)?")


def definition_of(cloud: Cloud, machine_arn: str) -> Json:
    """Return the definition of a state machine."""
    told = cloud.states.describe_state_machine(stateMachineArn=machine_arn)
    return decode(told["definition"].encode(), path="definition")


def manager_function(cloud: Cloud, machine_arn: str) -> str:
    """Return the function that keeps the state of a machine's executions.

    Raises:
        NotFoundError: no stack was named that has one, and the machine's definition calls none.
    """
    if cloud.stack is not None and cloud.stack.function:
        return cloud.stack.function
    found = manager_in(definition_of(cloud, machine_arn))
    if found is None:
        hint = "Give its stack: --stack NAME; or say where its state is: --bucket and --prefix."
        raise NotFoundError(f"{machine_arn} calls no StateDataManagerFunction", hint=hint)
    return found


def calls_manager(cloud: Cloud, machine_arn: str) -> bool:
    """Tell whether a state of a machine calls a function with an action, as the manager's do."""
    try:
        definition = definition_of(cloud, machine_arn)
    except ClientError as error:
        if error.response["Error"]["Code"] != "StateMachineDoesNotExist":
            raise
        return False
    return any(functions_in(definition))


def place_of_machine(cloud: Cloud, machine_arn: str) -> Place | None:
    """Return where a machine's executions keep their state, or None where nothing tells it.

    That is a machine, or a function, which is gone or has nothing to do with state. Other errors of
    AWS are raised, because they say nothing about the machine.
    """
    if cloud.place is not None:
        return cloud.place
    try:
        function = manager_function(cloud, machine_arn)
        told = cloud.functions.get_function_configuration(FunctionName=function)
    except NotFoundError:
        return None  # the caller says what is missing, if it needs it at all
    except ClientError as error:
        if not isinstance(explained(error), NotFoundError):
            raise
        return None
    variables = variables_of(told.get("Environment", {}), function)
    return place_given(variables.get("STATE_BUCKET"), variables.get("STATE_PREFIX", ""))


def variables_of(environment: object, function: str) -> dict[str, str]:
    """Return all variables of a function, as its configuration has them.

    Raises:
        NoAccessError: they cannot be read.
    """
    told: dict[str, dict[str, str]] = dict(environment) if isinstance(environment, dict) else {}
    if "Error" in told:
        hint = "It is encrypted with a key: your role needs kms:Decrypt on it."
        raise NoAccessError(f"the environment of {function} cannot be read", hint=hint)
    return {name: str(value) for name, value in told.get("Variables", {}).items()}


def require_place(cloud: Cloud, machine_arn: str | None) -> Place:
    """Return where state is.

    Raises:
        NotFoundError: it was not said, and the state machine does not tell.
    """
    place = cloud.place or (place_of_machine(cloud, machine_arn) if machine_arn else None)
    if place is None:
        tried = "--stack and --bucket are not given"
        if machine_arn is not None:
            tried += f", and {machine_arn} calls no function that names its bucket"
        hint = "Give the stack: --stack NAME; or the bucket: --bucket BUCKET [--prefix PREFIX]."
        raise NotFoundError(f"cannot tell which bucket holds the state: {tried}", hint=hint)
    return place


def manager_in(definition: Json) -> str | None:
    """Return the function that a state calls with one of the manager's own actions."""
    for _, payload, function in functions_in(definition):
        if payload["action"] in _MANAGER_ACTIONS and _FUNCTION.fullmatch(function):
            return function
    return None


def functions_in(definition: Json) -> Iterator[tuple[str, JsonObject, str]]:
    """Yield of each state that calls a function with an action: name, payload, function."""
    for name, state in objects_in(definition):
        parameters = state.get("Parameters", state.get("Arguments"))
        call = parameters if type(parameters) is dict else {}
        payload, function = call.get("Payload"), call.get("FunctionName")
        action = payload.get("action") if type(payload) is dict else None
        if type(payload) is dict and isinstance(action, str) and isinstance(function, str):
            yield name, payload, function


def objects_in(definition: Json, name: str = "") -> Iterator[tuple[str, JsonObject]]:
    """Yield every object of a definition, and the key that it stands under."""
    if type(definition) is list:
        for item in definition:
            yield from objects_in(item)
    elif type(definition) is dict:
        yield name, definition
        for inner, item in definition.items():
            yield from objects_in(item, inner)
