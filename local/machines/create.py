"""State machines are made, with their mocks; what cannot run here is refused then."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from ..clients import ACCOUNT
from ..errors import LocalCloudError
from ..services import Services
from .checks import check_machine
from .mock_file import cases_of
from .mocks import Mock, answers_of
from .runs import Machine
from .scopes import scopes_of

# Nobody's permissions are checked.
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/local"


def create(
    services: Services,
    name: str,
    definition: str,
    mocks: Mapping[str, Mock] | str | Path | None,
    *,
    limited: bool = True,
) -> str:
    """Return the ARN of a new state machine, or of the one of that name with a new definition.

    Args:
        services: those of the cloud.
        name: of the machine.
        definition: JSON.
        mocks: by the name of the state, or a MockConfigFile or its path.
        limited: whether payloads have AWS's limit.

    Raises:
        LocalCloudError: the definition is none, a mock has no known form or is of no state, or a
            state cannot run here.
    """
    cases = cases_of(mocks, name)
    parsed = json.loads(definition)
    mocked = {state for by_state in cases.values() for state in by_state}
    _check_mocks(mocked, parsed)
    answers = {
        case: {state: answers_of(state, mock) for state, mock in by_state.items()}
        for case, by_state in cases.items()
    }
    check_machine(name, parsed, mocked, AmazonStateLanguageParser.parse)
    try:
        arn = _deployed(services.clients.client("stepfunctions"), name, definition)
    except ClientError as error:
        raise LocalCloudError(f"the state machine {name!r} is refused: {error}") from error
    services.runs.add(arn, Machine(cases=answers, limited=limited))
    return arn


def _deployed(client: Any, name: str, definition: str) -> str:
    known = (
        machine
        for page in client.get_paginator("list_state_machines").paginate()
        for machine in page["stateMachines"]
    )
    arn = next((str(each["stateMachineArn"]) for each in known if each["name"] == name), None)
    if arn is not None:
        client.update_state_machine(stateMachineArn=arn, definition=definition)
        return arn
    created = client.create_state_machine(name=name, definition=definition, roleArn=_ROLE)
    return str(created["stateMachineArn"])


def _check_mocks(mocked: Collection[str], definition: Mapping[str, Any]) -> None:
    states = {name for scope in scopes_of(definition) for name in scope.states}
    if unknown := sorted(set(mocked) - states):
        raise LocalCloudError(
            f"there are mocks of {', '.join(unknown)}, which are not states of the state"
            f" machine; its states are {', '.join(sorted(states))}"
        )
