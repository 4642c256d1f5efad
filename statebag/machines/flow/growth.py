"""How large the document can be at every state: a fixpoint from the start forwards."""

import heapq
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from statebag.errors import RefusedError
from statebag.machines.flow.bounds import (
    ENVELOPE,
    ERROR_OUTPUT,
    LIMIT,
    RECORD,
    WRITER_ANSWER,
    Assumptions,
    IsDecorated,
)
from statebag.machines.flow.edges import behind_edge
from statebag.machines.flow.order import order_of
from statebag.machines.flow.planner import (
    Excess,
    Outcome,
    Place,
    Planner,
    RestartError,
    Settled,
    Values,
)
from statebag.machines.flow.shapes import UNBOUNDED, Shape, joined, shallow, widened
from statebag.machines.flow.sizes import size_of
from statebag.machines.model.rebase import rebased
from statebag.machines.model.states import COMPACT, Call, Exit, Fan, Scope, State
from statebag.machines.values.expressions import Literal, Ref, Struct, select
from statebag.machines.values.paths import (
    ANY_LIST,
    CONTEXT,
    DOCUMENT,
    EACH,
    ERROR,
    ITEM,
    RESULT,
    Step,
)

# A bound that still grows after this many rounds grows without end.
_ROUNDS: Final = 6
# By then all that grows is without bound, and nothing more is to be learned.
_MOST_ROUNDS: Final = 24
_DEEPEST: Final = 6
# For each state of a machine: loops inside loops are walked again on each round of the outer one.
_MOST_VISITS: Final = 1_000


@dataclass(slots=True)
class Growth:
    """Bounds of every state of a machine.

    Attributes:
        assumed: of what cannot be read.
        is_decorated: which handlers answer large parts as pointers.
        planner: what offloads.
        limit: of a payload.
        entries: the values before each state, before anything is offloaded there.
        outcomes: of each state.
        loops: states on a loop that adds to the document without end.
        rounds: of states that a loop comes back to with more: the first document, what is added.
        is_mean: whether only the outcome for an element of mean size is wanted, at any depth.
        visits: how often a state may be looked at from now on.
    """

    assumed: Assumptions
    is_decorated: IsDecorated
    planner: Planner
    limit: int = LIMIT
    entries: dict[State, Values] = field(default_factory=dict)
    outcomes: dict[State, Outcome] = field(default_factory=dict)
    loops: dict[State, Excess] = field(default_factory=dict)
    rounds: dict[State, tuple[int, int]] = field(default_factory=dict)
    is_mean: bool = False
    visits: Iterator[int] = field(default_factory=itertools.count)

    def run(self, machine: Scope) -> Shape | None:
        """Find the bounds of a machine; return that of its output, None where it never ends.

        Raises:
            RefusedError: there are too many loops inside loops.
        """
        self.visits = iter(range(_MOST_VISITS * sum(1 for _ in machine.walk())))
        start = Shape(min(self.assumed.input_bytes, self.limit))
        any_list = Shape(0, count=self.assumed.items_of_any)
        return self.scope(machine, {DOCUMENT: start, CONTEXT: start, ANY_LIST: any_list})

    def scope(self, scope: Scope, values: Values) -> Shape | None:
        """Find the bounds of a scope; return that of its end."""
        while True:
            try:
                return self._once(scope, values)
            except RestartError:
                continue

    def _once(self, scope: Scope, values: Values) -> Shape | None:
        order = order_of(scope)
        position = {state.name: index for index, state in enumerate(order)}
        entries: dict[str, Values] = {scope.start: values}
        rounds = dict.fromkeys(position, 0)
        pending, end = [0], None
        while pending:
            state = order[heapq.heappop(pending)]
            for exit_, behind in self._visit(state, entries[state.name]):
                target = exit_.target
                if target is None:
                    end = joined(end, behind[DOCUMENT]) if end else behind[DOCUMENT]
                    continue
                if position[target] <= position[state.name]:
                    self._note_round(scope.states[target], entries[target], behind)
                if self._enter(scope.states[target], entries, behind, rounds) and (
                    position[target] not in pending
                ):
                    heapq.heappush(pending, position[target])
        return self.planner.ending(scope, end) if end else None

    def _note_round(self, target: State, known: Values, behind: Values) -> None:
        """Note what a loop adds when it comes back to a state for the first time."""
        first, step = known[DOCUMENT].size, behind[DOCUMENT].size - known[DOCUMENT].size
        if step > 0:
            self.rounds.setdefault(target, (first, step))

    def _enter(
        self,
        target: State,
        entries: dict[str, Values],
        behind: Values,
        rounds: dict[str, int],
    ) -> bool:
        """Join values into those before a state; tell whether they have grown."""
        known = entries.get(target.name)
        if known is None:
            entries[target.name] = behind
            return True
        new = {root: _either(known.get(root), behind.get(root)) for root in known | behind}
        if new == known:
            return False
        rounds[target.name] += 1
        if rounds[target.name] > _MOST_ROUNDS:
            return False
        if rounds[target.name] > _ROUNDS:
            new = {root: shallow(shape, _DEEPEST) for root, shape in new.items()}
            new = self._widen(target, known, new)
        entries[target.name] = new
        return new != known

    def _widen(self, target: State, known: Values, new: Values) -> Values:
        """Return values that no longer grow, and let the planner know that they did."""
        wide = {
            root: widened(known[root], shape) if root in known else shape
            for root, shape in new.items()
        }
        growing = [root for root, shape in wide.items() if shape.size > self.limit]
        if not growing:
            return wide
        root = DOCUMENT if DOCUMENT in growing else growing[0]
        step = new[root].size - (known[root].size if root in known else 0)
        variable = str(root) if root != DOCUMENT else None
        excess = Excess(place=Place.LOOP, size=wide[root].size, step=step, variable=variable)
        if self.planner.mend(target, known, Outcome(values=(), excesses=(excess,))):
            raise RestartError
        if not any(state.path[:-1] == target.path[:-1] for state in self.loops):
            self.loops[target] = excess
        full = {each: known.get(each, new[each]).capped(self.limit) for each in growing}
        return {**new, **full}

    def _visit(self, state: State, values: Values) -> tuple[tuple[Exit, Values], ...]:
        if next(self.visits, None) is None:
            message = "Maps and Parallels with loops are inside each other too deeply to be bounded"
            raise RefusedError(message, hint="Give an inner machine in a file of its own.")
        self.entries[state] = values
        while True:
            outcome = self.step(state, self.planner.entering(state, values))
            if not outcome.excesses or not self.planner.mend(state, values, outcome):
                break
        self.outcomes[state] = outcome
        return tuple(
            (exit_, {root: shape.capped(self.limit) for root, shape in behind.items()})
            for exit_, behind in outcome.values
        )

    def step(self, state: State, values: Values) -> Outcome:
        """Return what a state makes of values."""
        excesses: list[Excess] = []
        answer: Shape | None = None
        ends: tuple[Shape, ...] = ()
        if state.call:
            given = size_of(state.call.arguments, values).size
            if given > self.limit:
                excesses.append(Excess(place=Place.ARGUMENTS, size=given))
            answer = self._answer(state, state.call, values)
        if state.fan:
            excesses.extend(self._handed_excesses(state.fan, values))
            answer, ends = self.fanned(state, state.fan, values)
        if answer is not None and answer.size > self.limit and not _is_dropped(state):
            excesses.append(Excess(place=Place.ANSWER, size=answer.size))
        known = {**values, RESULT: answer or Shape(2), ERROR: Shape(ERROR_OUTPUT)}
        behind = tuple((exit_, behind_edge(state, exit_, known)) for exit_ in state.exits)
        excesses.extend(self._excesses_behind(behind))
        return Outcome(values=behind, excesses=tuple(excesses), answer=answer, ends=ends)

    def _answer(self, state: State, call: Call, values: Values) -> Shape:
        """Return what a Task is answered; an offload, the document with what it leaves of it."""
        answer = self.assumed.answer_of(state, is_decorated=self.is_decorated(state))
        if call.document is None:
            return answer
        left = size_of(call.document, values).moved().capped(answer.size)
        return Shape(ENVELOPE, {"Payload": Shape(0, {"document": left})})

    def _excesses_behind(self, behind: tuple[tuple[Exit, Values], ...]) -> Iterator[Excess]:
        """Yield where a document is too large, or what one Assign sets.

        https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
        """
        for exit_, made in behind:
            if made[DOCUMENT].size > self.limit:
                yield Excess(place=Place.OUTPUT, size=made[DOCUMENT].size, exit=exit_)
            assigned = min(UNBOUNDED, sum(made[name].size for name in exit_.assigns))
            if assigned > self.limit:
                yield Excess(place=Place.VARIABLES, size=assigned)

    def _handed_excesses(self, fan: Fan, values: Values) -> Iterator[Excess]:
        handed = self._handed(fan, values)
        if handed > self.limit:
            yield Excess(place=Place.BODY, size=handed)

    def _handed(self, fan: Fan, values: Values) -> int:
        """Return the bytes that a body begins with; of a batch, those of one item and the rest."""
        if isinstance(fan.items, Ref):
            # An item is a part of the document, and with others of its parts no larger than that.
            return size_of(rebased(fan.entry, select(fan.items, (EACH,)), ITEM), values).size
        items = size_of(fan.items, values).child(EACH) if fan.items is not None else None
        item = items or Shape(self.assumed.answer_bytes)
        return size_of(fan.entry, {**values, ITEM: item} if fan.is_map else values).size

    def fanned(self, state: State, fan: Fan, values: Values) -> tuple[Shape, tuple[Shape, ...]]:
        """Return what a Map or Parallel is answered, and the end of each body."""
        if not fan.is_map:
            ends = tuple(self.body(scope, fan, values, None) or Shape(2) for scope in fan.scopes)
            return Shape(2 + len(ends), dict(enumerate(ends))), ends
        listed = size_of(fan.items, values) if fan.items is not None else None
        count = self._count(state, fan)
        element = listed.child(EACH) if listed else Shape(self.assumed.answer_bytes)
        unknown = listed if listed and not listed.fields and not fan.writes_results else None
        if not (self.is_mean and unknown):
            end = self.body(fan.scopes[0], fan, values, element) or Shape(2)
        if fan.writes_results:
            return Shape(WRITER_ANSWER), (end,)
        if unknown:
            # One element may be as large as the list, but all of them are no larger than it.
            element = Shape(unknown.size // max(count, 1) + 2)
            end = self._of_means().body(fan.scopes[0], fan, values, element) or Shape(2)
        if fan.transformation not in {COMPACT, "FLATTEN"}:
            # A record has the input and the output as texts, and what the execution was.
            end = Shape(2 * (end.size + element.size) + RECORD)
        return Shape(2 + count, {EACH: end}, count), (end,)

    def _of_means(self) -> "Growth":
        """Return what walks bodies with mean elements, once more in all and not once a level."""
        apart = Growth(self.assumed, self.is_decorated, Settled(self.planner), self.limit)
        return self if self.is_mean else replace(apart, is_mean=True, visits=self.visits)

    def _count(self, state: State, fan: Fan) -> int:
        if isinstance(fan.items, Literal) and fan.items.count is not None:
            return fan.items.count
        if isinstance(fan.items, Struct):
            return len(fan.items.fields)
        return self.assumed.items_of(state)

    def body(
        self, scope: Scope, fan: Fan, values: Mapping[Step, Shape], element: Shape | None
    ) -> Shape | None:
        """Return the end of a body or branch that begins with what a state hands it."""
        around = {
            root: shape
            for root, shape in values.items()
            if not fan.is_distributed or root in {DOCUMENT, CONTEXT, ANY_LIST}
        }
        if element is not None:
            around[ITEM] = element
        handed = size_of(fan.entry, around).capped(self.limit)
        return self.scope(scope, {**around, DOCUMENT: handed})


def _either(one: Shape | None, other: Shape | None) -> Shape:
    if one is None or other is None:
        return one or other or Shape(0)
    return joined(one, other)


def _is_dropped(state: State) -> bool:
    """Tell whether nobody looks at what an inline Map or a Parallel is answered."""
    fan = state.fan
    return fan is not None and not fan.is_distributed and state.node.is_null("ResultPath")
