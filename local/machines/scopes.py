"""The states of a definition, those of Maps and Parallels included."""

from collections.abc import Iterator, Mapping
from typing import Any


def states_of(scope: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give every state with its name, outer ones first."""
    for name, state in scope.get("States", {}).items():
        yield name, state
        inner = [state.get("ItemProcessor"), state.get("Iterator"), *state.get("Branches", ())]
        for each in inner:
            if each:
                yield from states_of(each)
