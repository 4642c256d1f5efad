"""A file's machines with the offload states that they need, or with those taken out."""

from dataclasses import dataclass
from typing import Final

from statebag.errors import RefusedError
from statebag.machines.adopting.editing import Editing
from statebag.machines.adopting.insertions import Insertion, Insertions
from statebag.machines.adopting.undoing import undone
from statebag.machines.flow.bounds import LIMIT_WITH_PAYLOAD, Assumptions
from statebag.machines.model.reading import read_machine
from statebag.machines.model.states import Scope, State
from statebag.machines.planning.handlers import Decorated
from statebag.machines.planning.planning import Planned, plan_of
from statebag.machines.text.edits import Edit, apply
from statebag.machines.text.nodes import Node
from statebag.machines.text.source import Source, read_text
from statebag.machines.values.paths import DOCUMENT

FUNCTION: Final = "${StateDataManagerFunction}"
_HINT: Final = "Leave the file as it is, and report the definition."


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedMachine:
    """What was done to one machine.

    Attributes:
        machine: as it was.
        planned: the plan.
        insertions: states that were put in.
        decorated: handlers that are told who owns their objects.
        unowned: handlers that could not be told, and why.
    """

    machine: Scope
    planned: Planned
    insertions: tuple[Insertion, ...]
    decorated: tuple[State, ...]
    unowned: tuple[tuple[State, str], ...]

    @property
    def assumed(self) -> list[tuple[State, int]]:
        """States whose answers have no bound, with the bytes that the place holds beside it all."""
        growth = self.planned.growth
        found = []
        for state, outcome in growth.outcomes.items():
            decorated = growth.is_decorated(state)
            if state.call and not growth.assumed.is_bounded(state, is_decorated=decorated):
                answer = outcome.answer.size if outcome.answer else 0
                largest = [answer, *(values[DOCUMENT].size for _, values in outcome.values)]
                found.append((state, LIMIT_WITH_PAYLOAD - max(largest) + answer))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A file with what its machines need.

    Attributes:
        original: the text without what was inserted, now or before.
        text: with it.
        machines: what was done to each.
    """

    original: str
    text: str
    machines: tuple[AdoptedMachine, ...]


def adopt(source: Source, assumed: Assumptions, decorated: Decorated, function: str) -> Adoption:
    """Return a file in which nothing that can be helped passes the limit.

    What was inserted before is taken out first, so that doing it twice is doing it once.

    Raises:
        RefusedError: the definition is not valid, or cannot be edited so that it can be undone.
    """
    original = _again(source, undone(source))
    made = [_adopted(original, node, assumed, decorated, function) for node in original.machines]
    text = apply(original.text, [edit for _, edits in made for edit in edits])
    _require_undoable(original, text)
    machines = tuple(machine for machine, _ in made)
    return Adoption(original=original.text, text=text, machines=machines)


def _again(source: Source, text: str) -> Source:
    """Return another text in the place of a file's."""
    return read_text(text, name=source.name, is_yaml=source.is_yaml, encoding=source.encoding)


def _adopted(
    source: Source, node: Node, assumed: Assumptions, decorated: Decorated, function: str
) -> tuple[AdoptedMachine, list[Edit]]:
    machine = read_machine(source, node)
    planned = plan_of(machine, assumed, decorated)
    text = source.text[node.start : node.end]
    insertions = Insertions(planned=planned, machine=machine, text=text, function=function)
    made = insertions.made()
    editing = Editing(source=source, machine=machine, liveness=planned.liveness)
    edits = [*editing.of_insertions(made, insertions), *editing.of_owners()]
    unowned = {state for state, _ in editing.unowned}
    told = AdoptedMachine(
        machine=machine,
        planned=planned,
        insertions=tuple(made),
        decorated=tuple(
            state for state in machine.walk() if decorated(state) and state not in unowned
        ),
        unowned=tuple(editing.unowned),
    )
    return told, edits


def _require_undoable(original: Source, text: str) -> None:
    """Prove what is promised: the new text is valid, and undone it is the old one."""
    new = _again(original, text)
    for node in new.machines:
        read_machine(new, node)
    if undone(new) != original.text:
        message = f"{original.name} is written in a way that cannot be edited and undone"
        raise RefusedError(message, hint=_HINT)
