"""A file's machines with the offload states that they need, or with those taken out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from statebag.errors import RefusedError
from statebag.machines.adopting.editing import Editing
from statebag.machines.adopting.insertions import Insertion, Insertions
from statebag.machines.adopting.owners import Owners
from statebag.machines.adopting.undoing import undone
from statebag.machines.flow.bounds import LIMIT_WITH_PAYLOAD, Assumptions
from statebag.machines.model.reading import read_machine
from statebag.machines.model.states import Scope, State
from statebag.machines.planning.handlers import Decorated, names_alone
from statebag.machines.planning.planning import Planned, plan_of
from statebag.machines.rewriting.arns import again, invoked, why_not
from statebag.machines.text.aliases import edited_throughout, half_wanted
from statebag.machines.text.edits import Edit
from statebag.machines.text.nodes import Node
from statebag.machines.text.source import Source
from statebag.machines.values.paths import DOCUMENT

FUNCTION: Final = "${StateDataManagerFunction}"
_HINT: Final = "Leave the file unchanged, and report the definition."


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
        """States whose answers have no bound, with the bytes that the place holds beside it all.

        Of a state that is refused, the refusal says it.
        """
        growth, refused = self.planned.growth, self.planned.plan.refusals
        found = []
        for state, outcome in growth.outcomes.items():
            decorated = growth.is_decorated(state)
            if state in refused or not state.call:
                continue
            if not growth.assumed.is_bounded(state, is_decorated=decorated):
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

    Earlier insertions are taken out first, so that adopting twice gives the same file.

    Raises:
        RefusedError: the definition is not valid, or cannot be edited so that it can be undone.
    """
    original = again(source, undone(source))
    base = invoked(original, decorated)
    machines: list[AdoptedMachine] = []

    def edits_of(source: Source) -> list[Edit]:
        made = [_adopted(source, node, assumed, decorated, function) for node in source.machines]
        machines.extend(machine for machine, _ in made)
        edits = [edit for _, made_edits in made for edit in made_edits]
        _require_wanted(source, edits)
        return edits

    text = edited_throughout(base, edits_of)
    _require_undoable(original, text)
    return Adoption(original=original.text, text=text, machines=tuple(machines))


def _adopted(
    source: Source, node: Node, assumed: Assumptions, decorated: Decorated, function: str
) -> tuple[AdoptedMachine, list[Edit]]:
    machine = read_machine(source, node)
    planned = plan_of(machine, assumed, decorated)
    owners = Owners(machine, _using_owner(machine, planned, decorated))
    insertions = Insertions(
        planned=planned, machine=machine, source=source, function=function, owners=owners
    )
    made = insertions.made()
    editing = Editing(source=source, machine=machine, liveness=planned.liveness, owners=owners)
    edits = [*editing.of_insertions(made, insertions), *editing.of_owners()]
    unowned = dict(editing.unowned)
    for state in machine.walk():
        if names_alone(state) and decorated.names_it(state):
            unowned[state] = why_not(source, node, state) or "it names only a function"
    told = AdoptedMachine(
        machine=machine,
        planned=planned,
        insertions=tuple(made),
        decorated=tuple(
            state for state in machine.walk() if decorated(state) and state not in unowned
        ),
        unowned=tuple(unowned.items()),
    )
    return told, edits


def _using_owner(
    machine: Scope, planned: Planned, decorated: Decorated
) -> Iterator[tuple[str, ...]]:
    """Yield the paths of what has to know who owns its objects."""
    yield from (state.path for state in machine.walk() if decorated(state))
    yield from (state.path for state in planned.plan.before)
    yield from (scope.path for scope in planned.plan.ends)


def _require_wanted(source: Source, edits: list[Edit]) -> None:
    edit = half_wanted(source, edits)
    if edit is not None:
        line = source.text.count("\n", 0, edit.start) + 1
        message = f"{source.name}, line {line}: an alias repeats what may not change everywhere"
        raise RefusedError(message, hint="Write it out at each of its places.")


def _require_undoable(original: Source, text: str) -> None:
    """Prove what is promised: the new text is valid, and undone it is the old one."""
    new = again(original, text)
    for each in new.texts():
        for node in each.machines:
            read_machine(each, node)
    if undone(new) != original.text:
        message = f"{original.name} is written in a way that cannot be edited and undone"
        raise RefusedError(message, hint=_HINT)
