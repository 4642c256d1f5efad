"""Takes out what was inserted: the text is then the original, to the byte."""

from collections.abc import Iterator

from statebag.machines.adopting.contexts import is_inserted
from statebag.machines.adopting.insertions import BEFORE, COMMENT
from statebag.machines.adopting.owners import is_handed
from statebag.machines.rewriting.arns import again, cut, restored
from statebag.machines.rewriting.layout import inner_span
from statebag.machines.text.aliases import edited_throughout
from statebag.machines.text.edits import Edit
from statebag.machines.text.nodes import Kind, Node
from statebag.machines.text.source import Source

_EDGES = ("Next", "Default", "StartAt")


def undone(source: Source) -> str:
    """Return the text of a file without what was inserted into it."""
    return restored(again(source, edited_throughout(source, _of_text)))


def _of_text(source: Source) -> Iterator[Edit]:
    return (edit for machine in source.machines for edit in _of_machine(source, machine))


def _of_machine(source: Source, machine: Node) -> Iterator[Edit]:
    for node in machine.walk():
        states = node.mapping("States") if node.kind is Kind.MAPPING else None
        if states is not None and "StartAt" in node:
            yield from _of_scope(source, node, states)
        if node.kind is Kind.MAPPING:
            yield from _of_context(node)


def _of_scope(source: Source, scope: Node, states: Node) -> Iterator[Edit]:
    inserted = {str(key.value): state for key, state in states.entries if _is_inserted(state)}
    if not inserted:
        return
    yield from (cut(states, state) for state in inserted.values())
    for key, value in _edges_of(scope, states, inserted):
        begin, end = inner_span(source, value)
        state = inserted[str(value.value)]
        target = state.text("Next")
        if target is None:
            yield Edit(*inner_span(source, key), "End")
            yield Edit(value.start, value.end, "true")
        elif value.value == f"{BEFORE}{target}":
            yield Edit(begin, begin + len(BEFORE), "")
        else:
            yield Edit(begin, end, _spelled(source, states, target))


def _is_inserted(state: Node) -> bool:
    return (state.text("Comment") or "").startswith(COMMENT)


def _edges_of(scope: Node, states: Node, inserted: dict[str, Node]) -> Iterator[tuple[Node, Node]]:
    """Yield keys and values of the edges of a scope, none inside it, to what was inserted."""
    places = [scope]
    for _, state in states.entries:
        if not _is_inserted(state):
            catchers, choices = state.sequence("Catch"), state.sequence("Choices")
            places += [state, *catchers, *choices]
    for place in places:
        for key, value in place.entries:
            if key.value in _EDGES and value.value in inserted:
                yield key, value


def _spelled(source: Source, states: Node, name: str) -> str:
    """Return a name as the key of its state spells it."""
    key = next(key for key, _ in states.entries if key.value == name)
    begin, end = inner_span(source, key)
    return source.text[begin:end]


def _of_context(node: Node) -> Iterator[Edit]:
    """Yield the edit that takes out what is the first of several entries, and was inserted."""
    for key, value in node.entries[:1] if len(node.entries) > 1 else ():
        only = value.entries[0] if len(value.entries) == 1 else (key, value)
        if is_inserted(value.value) or is_handed(str(only[0].value), only[1].value):
            yield cut(node, value)
