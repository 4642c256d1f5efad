"""What is needed of the document before each state: a fixpoint from the ends backwards."""

from collections.abc import Callable
from typing import Final, TypeAlias

from statebag.machines.flow.needs import Needs, add, add_all, below_key, demand, settled, under
from statebag.machines.flow.order import order_of
from statebag.machines.model.states import Call, Exit, Fan, Scope, State
from statebag.machines.values.expressions import WHOLE_DOCUMENT, Struct, Word, Written
from statebag.machines.values.paths import (
    DOCUMENT,
    EACH,
    ERROR,
    INPUT_IN_CONTEXT,
    ITEM,
    RESULT,
    Path,
)

IsDecorated: TypeAlias = Callable[[State], bool]

# The key under which children of a Distributed Map are told who owns their objects.
OWNER: Final = "statebag_owner"
# An item of an object has a `Key` and a `Value`.
# https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemspath.html
_PAIR_VALUE: Final = "Value"


class Liveness:
    """What later states need, at every place of a machine.

    Attributes:
        entries: before a state, of its document and of variables.
        answers: of what a Task, Map or Parallel answers.
        ends: of the document at the end of a scope.
        is_decorated: which handlers read pointers by themselves.
    """

    def __init__(
        self,
        machine: Scope,
        is_decorated: IsDecorated,
        only: State | None = None,
        end: Needs | None = None,
    ) -> None:
        """Find out all of it, or what one reader alone needs of it."""
        self.entries: dict[State, Needs] = {}
        self.answers: dict[State, Needs] = {}
        self.ends: dict[Scope, Needs] = {}
        self.is_decorated = is_decorated
        self._only = only
        self._scope(machine, end or {})

    def is_read_whole(self, state: State) -> bool:
        """Tell whether all that a function answers is read in place, so that nothing may leave."""
        payload = below_key(self.answers.get(state, {}), "Payload")
        return payload.get((), Word.REACHED) >= Word.SCALAR

    def _scope(self, scope: Scope, end: Needs) -> Needs:
        """Return what is needed at the start of a scope."""
        self.ends[scope] = end
        states = list(reversed(order_of(scope)))
        reachable = {state.name for state in states}
        changed = set(reachable)
        readers = _predecessors(scope)
        while changed:
            for state in states:
                if state.name not in changed:
                    continue
                changed.discard(state.name)
                needs = settled(self._before(state, scope, end))
                if needs != self.entries.get(state):
                    self.entries[state] = needs
                    changed |= readers.get(state.name, set()) & reachable
        return self.entries.get(scope.states[scope.start], {})

    def _before(self, state: State, scope: Scope, end: Needs) -> Needs:
        needs: Needs = {}
        is_reader = self._only in {None, state}
        for exit_ in state.exits:
            _through(exit_, self._behind(exit_, scope, end), needs, computes=is_reader)
        for read in state.reads if is_reader else ():
            add(needs, read.path, read.word)
        for made in state.made:
            demand(made, {}, needs, computes=is_reader)
        if state.call and is_reader:
            _called(state.call, needs, is_decorated=self.is_decorated(state))
        self.answers[state] = under(needs, RESULT)
        if state.call and state.call.document is not None:
            later = below_key(below_key(self.answers[state], "Payload"), "document")
            demand(state.call.document, later, needs, computes=is_reader)
        if state.fan:
            self._fanned(state, state.fan, needs, is_reader=is_reader)
        return {path: word for path, word in needs.items() if path[0] not in {RESULT, ERROR}}

    def _behind(self, exit_: Exit, scope: Scope, end: Needs) -> Needs:
        if exit_.target is None:
            return {(DOCUMENT, *path): word for path, word in end.items()}
        return self.entries.get(scope.states[exit_.target], {})

    def _fanned(self, state: State, fan: Fan, needs: Needs, *, is_reader: bool) -> None:
        """Add what the bodies need, and through them what is needed of their results."""
        answer = self.answers[state]
        inside: Needs = {}
        for index, scope in enumerate(fan.scopes):
            end = below_key(answer, EACH if fan.is_map else index)
            # What a ResultWriter writes or formats is read by whoever knows no pointer.
            written: Needs = {(): Word.PLAIN} if is_reader else {}
            start = self._scope(scope, written if fan.is_written_out else end)
            # A child execution reads what its parent owns only if it knows whose that is.
            is_foreign = fan.is_distributed and place_of_owner(state) is None
            given = written if is_foreign else under(start, DOCUMENT)
            demand(fan.entry, given, inside, computes=is_reader)
            around = {path: word for path, word in start.items() if path[0] != DOCUMENT}
            add_all(inside, around)
        if fan.items is not None:
            listed: Needs = {}
            for path, word in under(inside, ITEM).items():
                add(listed, (EACH, *path), word)
                if path[:1] == (_PAIR_VALUE,):  # or it is an object, and the item a pair of it
                    add(listed, (EACH, *path[1:]), word)
            if is_reader:
                add(listed, (), Word.LIST)
            demand(fan.items, listed, needs, computes=is_reader)
        # The item of a Map is its own; in a Parallel it is that of the Map around.
        outer = {path: word for path, word in inside.items() if not fan.is_map or path[0] != ITEM}
        add_all(needs, outer)


def _through(exit_: Exit, behind: Needs, needs: Needs, *, computes: bool) -> None:
    """Add what is needed before an edge, from what is needed behind it."""
    moved = _untouched(exit_, behind)
    add_all(needs, moved)
    changed = {path: word for path, word in behind.items() if path not in moved}
    demand(exit_.output, under(changed, DOCUMENT), needs, computes=computes)
    for name, made in exit_.assigns.items():
        demand(made, under(behind, name), needs, computes=computes)
    for path, word in behind.items():
        if path[0] != DOCUMENT and path[0] not in exit_.assigns:
            add(needs, path, word)


def _untouched(exit_: Exit, behind: Needs) -> Needs:
    """Return the needs of what an edge leaves where it is: of long machines that is nearly all."""
    output = exit_.output
    if output == WHOLE_DOCUMENT:
        return {path: word for path, word in behind.items() if path[0] == DOCUMENT}
    if not isinstance(output, Written) or output.base != WHOLE_DOCUMENT:
        return {}
    first = output.path[0]
    return {
        path: word
        for path, word in behind.items()
        if path[0] == DOCUMENT and len(path) > 1 and path[1] != first and isinstance(path[1], str)
    }


def _called(call: Call, needs: Needs, *, is_decorated: bool) -> None:
    """Add what a call reads: all of its arguments, but for what may have pointers in it.

    That is the event of a decorated handler, and the document of an offload.
    """
    read: Needs = {(): Word.PLAIN}
    if is_decorated or call.document is not None:
        read = {}
        if isinstance(call.arguments, Struct) and call.payload is not None:
            read = {(key,): Word.PLAIN for key in call.arguments.fields if key != "Payload"}
    if call.document is not None and isinstance(call.payload, Struct):
        event = call.payload.fields
        read |= {("Payload", key): Word.PLAIN for key in event if key != "document"}
    demand(call.arguments, read, needs)


def _predecessors(scope: Scope) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for state in scope.states.values():
        for exit_ in state.exits:
            if exit_.target is not None:
                found.setdefault(exit_.target, set()).add(state.name)
    return found


def place_of_owner(state: State) -> Path | None:
    """Return the path at which a child of a Distributed Map can be told who owns its objects.

    That is a key of what an ItemSelector or an ItemBatcher hands to it, if the body takes neither
    the document whole nor its execution's input, so that nothing else changes. None where there is
    no such place: then each child owns what it stores.
    """
    fan, node = state.fan, state.node
    if fan is None or not fan.is_distributed:
        return None
    batcher = node.mapping("ItemBatcher")
    selector = node.mapping("ItemSelector") or node.mapping("Parameters")
    given = batcher if batcher is not None else selector
    if given is None or not given.entries:
        return None
    extra = given.get("BatchInput") if batcher is not None else None
    if extra is not None and not extra.entries:
        return None
    if any(key.value in {OWNER, f"{OWNER}.$"} for key, _ in (extra or given).entries):
        return None
    path = ("BatchInput", OWNER) if batcher is not None else (OWNER,)
    return None if _is_seen(fan.scopes[0], (DOCUMENT, *path)) else path


def _is_seen(body: Scope, path: Path) -> bool:
    """Tell whether a key of a body's document would show in what it sends, reads or answers.

    The document is also the input of the child's execution, which its context object has.
    """
    needs = Liveness(body, lambda _: False, end={(): Word.PLAIN}).entries
    start = needs.get(body.states[body.start], {})
    return any(
        word >= Word.LIST and (path[: len(each)] == each or each == INPUT_IN_CONTEXT)
        for each, word in start.items()
    )
