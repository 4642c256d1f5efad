"""The state machine as it is deployed, with names in the place of what is deployed beside it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

ASL = Path(__file__).parents[2] / "statemachine" / "state_data_v3.asl.json"


@pytest.fixture(scope="session")
def machine() -> dict[str, Any]:
    values = {"Partition": "aws", "NextActionOfSyncingRunner": "NONE"}
    text = re.sub(
        r"\$\{(\w+)\}", lambda found: values.get(found[1], found[1]), ASL.read_text("utf-8")
    )
    parsed: dict[str, Any] = json.loads(text)
    return parsed
