"""Which resources of tasks the local cloud serves by itself, and which need a mock.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.utils import CLIENT_NAME_TO_HYPHENIZED_SERVICE_ID_OVERRIDES
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_factory import (  # noqa: E501
    state_task_service_for,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_unsupported import (  # noqa: E501
    StateTaskServiceUnsupported,
)
from moto.stepfunctions.parser.utils import camel_to_snake_case

_INTEGRATION = re.compile(
    r"arn:[^:]+:states:[^:]*:[^:]*:(?P<sdk>aws-sdk:)?(?P<service>[^:]+):(?P<action>[^:.]+)"
    r"(?:\.(?P<pattern>.+))?"
)
_WAITS = "waitForTaskToken"


def why_not(resource: str) -> str | None:
    """Return why a task cannot run without a mock, or None where it can."""
    found = _INTEGRATION.fullmatch(resource)
    if found is None or found["service"] == "activity":
        return None
    if found["sdk"]:
        return _not_called(found["service"], found["action"]) or _not_waited(found["pattern"])
    task = _task_of(found["service"])
    if task is None:
        return f"the local cloud does not know the service {found['service']}"
    if isinstance(task, StateTaskServiceUnsupported):
        return _not_called(found["service"], found["action"]) or _not_waited(found["pattern"])
    supported = {str(each) for each in getattr(task, "_supported_integration_patterns", ())}
    if found["pattern"] and found["pattern"] not in supported:
        return f"the local cloud cannot wait for {resource}"
    return None


def _task_of(service: str) -> Any:
    try:
        return state_task_service_for(service)
    except Exception:  # noqa: BLE001 - moto's parser's, with no type of its own
        return None


def _not_called(service: str, action: str) -> str | None:
    name = boto_service(service)
    operations = _operations(name)
    if operations is None:
        return f"boto3 does not know the service {service}"
    if camel_to_snake_case(action) not in operations:
        return f"the service {service} has no operation {action}"
    return None


def _not_waited(pattern: str | None) -> str | None:
    if pattern in {None, _WAITS}:
        return None
    return f"the local cloud cannot wait for .{pattern} here"


def boto_service(service: str) -> str:
    """Return boto3's name of a service that an integration names as the SDK for Java does."""
    return _boto_names().get(service, service)


@lru_cache(maxsize=1)
def _boto_names() -> Mapping[str, str]:
    services = botocore.session.get_session().get_available_services()
    overrides = CLIENT_NAME_TO_HYPHENIZED_SERVICE_ID_OVERRIDES
    named = {name.replace("-", ""): name for name in services}
    named |= {overrides[name].replace("-", ""): name for name in services if name in overrides}
    return {**named, **{name: name for name in services}, "states": "stepfunctions"}


@lru_cache
def _operations(service: str) -> frozenset[str] | None:
    session = botocore.session.get_session()
    if service not in session.get_available_services():
        return None
    names = session.get_service_model(service).operation_names
    return frozenset(camel_to_snake_case(name) for name in names)


@lru_cache
def error_prefix(service: str) -> str:
    """Return what the names of an SDK integration's errors begin with, such as `DynamoDb`."""
    model = botocore.session.get_session().get_service_model(boto_service(service))
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", str(model.service_id))
    return "".join(word.capitalize() for word in words)
