"""The states of the definition, as tests read them."""

import inspect
from typing import Any

from universal_sync_core import errors

States = dict[str, dict[str, Any]]


MANAGER = "${StateDataManagerFunction}"


RUNNER = "${SegmentRunnerFunction}"


CHILDREN = {"RunItem", "StoreItemResult", "RunRows", "StoreRowsResult"}


def tasks(states: States) -> States:
    """The states that invoke a function."""
    return {name: state for name, state in states.items() if "lambda" in state.get("Resource", "")}


def action(state: dict[str, Any]) -> str:
    found: str = state["Parameters"]["Payload"]["action"]
    return found


def named_errors() -> dict[str, type[errors.StateSyncError]]:
    found = inspect.getmembers(errors, inspect.isclass)
    return {name: kind for name, kind in found if issubclass(kind, errors.StateSyncError)}


def names(entries: list[dict[str, Any]]) -> list[str]:
    return [name for entry in entries for name in entry["ErrorEquals"]]
