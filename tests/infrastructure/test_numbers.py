"""Parameters that are numbers: what CloudFormation takes is what the function can work with."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from contract.models import DeleteEndedEvent
from executions import daily_deletion
from tests.infrastructure.parameters import bounds_of
from universal_sync_core.settings import Settings

VARIABLES = {
    "StateRetentionDays": "STATE_RETENTION_DAYS",
    "FieldOffloadKb": "FIELD_OFFLOAD_KB",
    "StateOffloadKb": "STATE_OFFLOAD_KB",
    "MaxPayloadKb": "MAX_PAYLOAD_KB",
    "HistoryMaxEntries": "HISTORY_MAX_ENTRIES",
    "SegmentsPerExecution": "SEGMENTS_PER_EXECUTION",
    "MapConcurrency": "MAP_CONCURRENCY",
}
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:orders"


def start(variable: str, value: str) -> None:
    """Start a process with one of its variables set; raise ConfigurationError if it cannot work."""
    environment = {variable: value, "STATE_MACHINES": MACHINE}
    Settings.from_env(environment)
    if variable == "STATE_RETENTION_DAYS":
        event = DeleteEndedEvent(action="delete_ended")
        daily_deletion.terms_of(environment, now=datetime.now(UTC), event=event)


def test_every_number_that_the_function_reads_is_known(template: dict[str, Any]) -> None:
    """CloudFormation's own numbers may be 30.5; those that it compares with a list are whole."""
    parameters = template["Parameters"]
    numbers = {name for name, each in parameters.items() if each["Type"] == "Number"}
    assert all("AllowedValues" in parameters[name] for name in numbers)
    assert {name for name, each in parameters.items() if bounds_of(each)} == VARIABLES.keys()


@pytest.mark.parametrize("name", VARIABLES)
def test_a_number_within_its_bounds_is_taken_and_works(template: dict[str, Any], name: str) -> None:
    parameter = template["Parameters"][name]
    bounds = bounds_of(parameter)
    assert bounds is not None
    least, most = bounds
    tried = [*range(40_000), *range(most - 9, most + 10)]
    taken = {each for each in tried if re.fullmatch(parameter["AllowedPattern"], str(each))}
    assert taken == {each for each in tried if least <= each <= most}
    for value in (least, most, int(parameter["Default"])):
        start(VARIABLES[name], str(value))


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("value", ["", "30.5", "30.0", "3e1", "+30", "-30", "030", " 30", "30\n"])
def test_what_is_no_whole_number_is_refused_by_the_deployment(
    template: dict[str, Any], name: str, value: str
) -> None:
    """Else the stack is deployed, and each of its calls fails."""
    assert re.fullmatch(template["Parameters"][name]["AllowedPattern"], value) is None
