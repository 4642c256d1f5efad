"""The edits of a definition's text for the states and contexts that are inserted."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from statebag.machines.adopting.contexts import KEY, context_of
from statebag.machines.adopting.insertions import BEFORE, Insertion, Insertions, has_end
from statebag.machines.adopting.owners import Owners
from statebag.machines.flow.liveness import Liveness
from statebag.machines.flow.needs import below_key
from statebag.machines.model.states import Scope, State
from statebag.machines.planning.handlers import most_answered
from statebag.machines.rewriting.layout import Layout, inner_span, inner_text
from statebag.machines.text.edits import Edit
from statebag.machines.text.nodes import Node
from statebag.machines.text.source import Source


@dataclass(slots=True, kw_only=True)
class Editing:
    """Makes the edits for one machine.

    Attributes:
        source: the text.
        machine: as it was read from it.
        liveness: who reads what.
        owners: tell whose objects are stored where.
        unowned: handlers that could not be told who owns their objects, and why.
    """

    source: Source
    machine: Scope
    liveness: Liveness
    owners: Owners
    unowned: list[tuple[State, str]] = field(default_factory=list)

    def of_insertions(self, made: list[Insertion], insertions: Insertions) -> Iterator[Edit]:
        """Yield edits that put states in, and lead edges to them."""
        for insertion in made:
            yield self._state(insertion)
            if insertion.is_end:
                yield from self._ends(insertion)
        for scope in self.machine.scopes():
            yield from self._edges(scope, insertions)

    def of_owners(self) -> Iterator[Edit]:
        """Yield edits that tell decorated handlers who owns their objects, and what stays plain."""
        for state in self.machine.walk():
            if self.liveness.is_decorated(state):
                yield from self._context(state)
        yield from self.owners.edits(self.source)

    def _state(self, insertion: Insertion) -> Edit:
        states = insertion.scope.node.mapping("States")
        if states is None:
            raise KeyError(insertion.name)
        key = states.key_of(insertion.state.node)
        entry = Layout(self.source, states, key).entry(insertion.name, insertion.body)
        return Edit(key.start, key.start, entry)

    def _edges(self, scope: Scope, insertions: Insertions) -> Iterator[Edit]:
        start = scope.node.get("StartAt")
        nodes = [(scope.start, start)] if start is not None else []
        nodes += [
            (exit_.target, exit_.node)
            for state in scope.states.values()
            for exit_ in state.exits
            if exit_.target is not None and exit_.node is not None
        ]
        for target, node in nodes:
            name = insertions.target(scope, target)
            if name != target:
                yield self._renamed(node, target, name)

    def _renamed(self, node: Node, target: str, name: str) -> Edit:
        """Return the edit of an edge; most are a prefix, which leaves the name as it is spelled."""
        begin, end = inner_span(self.source, node)
        if name == f"{BEFORE}{target}":
            return Edit(begin, begin, BEFORE)
        return Edit(begin, end, inner_text(self.source, node, name))

    def _ends(self, insertion: Insertion) -> Iterator[Edit]:
        for state in insertion.scope.states.values():
            end = state.node.get("End")
            if has_end(state) and end is not None:
                yield Edit(*inner_span(self.source, state.node.key_of(end)), "Next")
                yield Edit(end.start, end.end, json.dumps(insertion.name, ensure_ascii=False))

    def _context(self, state: State) -> Iterator[Edit]:
        given = state.node.mapping("Arguments" if state.is_jsonata else "Parameters")
        if given is None or not given.entries:
            self.unowned.append((state, "it has no Parameters"))
            return
        if KEY in given or f"{KEY}.$" in given:
            self.unowned.append((state, f"it has a {KEY} of its own"))
            return
        needs = below_key(self.liveness.answers.get(state, {}), "Payload")
        owner = self.owners.of(state.path, is_jsonata=state.is_jsonata)
        most = most_answered(state, self.liveness)
        made = context_of(needs, owner, most, is_jsonata=state.is_jsonata)
        if made is None:
            self.unowned.append((state, f"its {KEY} would be too long"))
            return
        key = given.entries[0][0]
        name, expression = made
        yield Edit(key.start, key.start, Layout(self.source, given, key).entry(name, expression))
