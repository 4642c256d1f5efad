"""Whose objects a state stores: the execution's, or in a child those of who started it."""

from collections.abc import Iterable, Iterator
from typing import Final

from statebag.machines.flow.liveness import OWNER, place_of_owner
from statebag.machines.model.states import Scope, State
from statebag.machines.rewriting.layout import Layout
from statebag.machines.text.edits import Edit
from statebag.machines.text.nodes import Node
from statebag.machines.text.source import Source
from universal_sync_core.values.codec import JsonObject

_OWN: Final = "Execution.Id"
_IN_INPUT: Final = "Execution.Input."


class Owners:
    """Tells who owns the objects of each state."""

    def __init__(self, machine: Scope, using: Iterable[tuple[str, ...]]) -> None:
        """Find the Distributed Maps whose children are handed an owner.

        Args:
            machine: the machine.
            using: paths of the states and scopes that have to know it.
        """
        paths = list(using)
        self._maps: dict[tuple[str, ...], tuple[State, tuple[str, ...] | None]] = {}
        for state in machine.walk():
            if state.fan and state.fan.is_distributed:
                is_used = any(path[: len(state.path)] == state.path for path in paths)
                place = place_of_owner(state) if is_used else None
                self._maps[state.path] = (state, tuple(map(str, place)) if place else None)

    def of(self, path: tuple[str, ...], *, is_jsonata: bool) -> str:
        """Return the expression of the owner for a state or scope at a path."""
        around = [each for each in self._maps if path[: len(each)] == each and each != path]
        place = self._maps[max(around, key=len)][1] if around else None
        below = f"{_IN_INPUT}{'.'.join(place)}" if place else _OWN
        return f"$states.context.{below}" if is_jsonata else f"$$.{below}"

    def edits(self, source: Source) -> Iterator[Edit]:
        """Yield the edits by which children are handed their owner."""
        for state, place in self._maps.values():
            if place is None:
                continue
            owner = self.of(state.path, is_jsonata=state.is_jsonata)
            key, value = (OWNER, f"{{% {owner} %}}") if state.is_jsonata else (f"{OWNER}.$", owner)
            batcher = state.node.mapping("ItemBatcher")
            extra = batcher.get("BatchInput") if batcher is not None else None
            if batcher is not None and extra is None:
                yield _entry(source, batcher, "BatchInput", {key: value})
            else:
                selector = state.node.mapping("ItemSelector") or state.node.mapping("Parameters")
                yield _entry(source, extra or selector, key, value)


def is_handed(key: str, value: object) -> bool:
    """Tell whether an entry is one by which a child is told its owner."""
    text = value if isinstance(value, str) else ""
    return key in {OWNER, f"{OWNER}.$"} and any(each in text for each in (_OWN, _IN_INPUT))


def _entry(source: Source, mapping: Node | None, name: str, value: JsonObject | str) -> Edit:
    if mapping is None:
        raise KeyError(name)
    first = mapping.entries[0][0]
    return Edit(first.start, first.start, Layout(source, mapping, first).entry(name, value))
