"""What a sync that stores nothing asks of the processor, in calls of Python functions."""

from typing import Any

import pytest

from tests.core.bags import synced
from tests.core.effort import calls_of

pytestmark = pytest.mark.usefixtures("store")


def bag_of(fields: int, entries: int) -> dict[str, Any]:
    """Return a bag over the field threshold, in which every field is measured."""
    history = [{"event": "done", "step": step} for step in range(entries)]
    state = {f"field{number}": "x" * 60_000 if number == 0 else number for number in range(fields)}
    return synced({}, {"current_state": state, "state_history": history})


def calls_of_sync(bag: dict[str, Any]) -> int:
    return calls_of(lambda: synced(bag, {"current_state": {"field1": -1}, "state_history": [{}]}))


def test_a_field_takes_few_calls() -> None:
    few, many = (calls_of_sync(bag_of(fields, 0)) for fields in (10, 210))
    assert many - few < 8 * 200


def test_an_entry_of_the_history_takes_few_calls() -> None:
    few, many = (calls_of_sync(bag_of(10, entries)) for entries in (5, 45))
    assert many - few < 15 * 40
