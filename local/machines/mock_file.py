"""Mocks in a file, as AWS Step Functions Local reads it: MockConfigFile.json.

https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import LocalCloudError
from ..files import read_json
from .mocks import Mock

TestCases = Mapping[str | None, Mapping[str, Mock]]


def cases_of(mocks: Mapping[str, Any] | str | Path | None, machine: str) -> TestCases:
    """Return the mocks of a state machine by test case; None is what an execution has by itself.

    Args:
        mocks: by the name of the state, or a MockConfigFile or its path.
        machine: name of the state machine.

    Raises:
        LocalCloudError: the file cannot be read, or has nothing of that machine.
    """
    if mocks is None:
        return {None: {}}
    content = _read(Path(mocks)) if isinstance(mocks, str | Path) else mocks
    if not content.keys() >= {"StateMachines", "MockedResponses"}:
        return {None: content}
    machines, responses = content["StateMachines"], content["MockedResponses"]
    if machine not in machines:
        known = ", ".join(sorted(machines)) or "none"
        raise LocalCloudError(
            f"the mocks do not have the state machine {machine!r}; they have {known}"
        )
    cases: dict[str | None, Mapping[str, Mock]] = {
        case: {state: _response(state, name, responses) for state, name in states.items()}
        for case, states in machines[machine].get("TestCases", {}).items()
    }
    only = next(iter(cases.values())) if len(cases) == 1 else {}
    return {None: only, **cases}


def _response(state: str, name: str, responses: Mapping[str, Any]) -> Mock:
    if name not in responses:
        raise LocalCloudError(
            f"the state {state!r} names the response {name!r}, which the mocks do not have"
        )
    mock: Mock = responses[name]
    return mock


def _read(path: Path) -> Mapping[str, Any]:
    content = read_json(path)
    if not isinstance(content, dict):
        raise LocalCloudError(f"{path} contains {type(content).__name__} instead of an object")
    return content
