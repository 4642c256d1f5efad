"""What a sync that stores nothing asks of the processor: calls of functions, bytes of JSON."""

from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from tests.core.bags import synced
from tests.core.effort import calls_of
from universal_sync_core import universal_sync_core
from universal_sync_core.values import codec

pytestmark = pytest.mark.usefixtures("store")


def bag_of(fields: int, entries: int) -> dict[str, Any]:
    """Return a bag over the field threshold, in which every field is measured."""
    history = [{"event": "done", "step": step} for step in range(entries)]
    state = {f"field{number}": "x" * 60_000 if number == 0 else number for number in range(fields)}
    return synced({}, {"current_state": state, "state_history": history})


def calls_of_sync(bag: dict[str, Any]) -> int:
    result = {"current_state": {"field1": -1}, "state_history": [{}]}
    return calls_of(lambda: universal_sync_core(bag, result))


def test_a_field_takes_no_call() -> None:
    few, many = (calls_of_sync(bag_of(fields, 1)) for fields in (10, 210))
    assert many == few


def test_an_entry_of_the_history_takes_no_call() -> None:
    few, many = (calls_of_sync(bag_of(10, entries)) for entries in (5, 45))
    assert many == few


def test_a_result_that_touches_nothing_stored_takes_few_calls() -> None:
    bag = synced({}, {"current_state": {"field1": {"inner": 1}}})
    result = {"current_state": {"field1": {"inner": 2}}}
    assert calls_of(lambda: universal_sync_core(bag, result)) < 164


def test_a_bag_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {f"field{number}": ["x" * 500] * 10 for number in range(15)}
    bag = synced({}, {"current_state": state})
    encoded: list[bytes] = []

    def dumps(value: Any, *, option: int) -> bytes:
        encoded.append(orjson.dumps(value, option=option))
        return encoded[-1]

    monkeypatch.setattr(codec, "orjson", SimpleNamespace(**vars(orjson) | {"dumps": dumps}))
    universal_sync_core(bag, {"current_state": {"field1": -1}})

    assert sum(map(len, encoded)) < 1.2 * len(orjson.dumps(bag))
