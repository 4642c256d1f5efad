"""Why a state cannot be brought under the limit, and what a person may do there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from statebag.machines.flow.bounds import LIMIT_WITH_PAYLOAD
from statebag.machines.flow.liveness import Liveness
from statebag.machines.flow.needs import Needs, under
from statebag.machines.flow.planner import Excess, Outcome, Place, Values
from statebag.machines.flow.readers import Readers
from statebag.machines.flow.shapes import Shape
from statebag.machines.model.services import Integration
from statebag.machines.model.states import Scope, State
from statebag.machines.planning.handlers import most_answered
from statebag.machines.values.expressions import Word, paths_in
from statebag.machines.values.paths import DOCUMENT, Path, show_path
from statebag.output.rendering import bytes_text
from universal_sync_core.limits import KIB

_FULL: Final = "the document is already too large there"
_SEE: Final = "see the states before it"
HYDRATE: Final = (
    "put a Lambda function with @large_payloads in between, which reads the value and"
    " answers only the needed part"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A state that is left as it is.

    Attributes:
        state: which.
        place: what of it passes the limit.
        size: how large that can be.
        why: nothing helps.
        cure: what a person may do.
        is_following: whether the document was too large already because another one is refused.
    """

    state: State
    place: Place
    size: int
    why: str
    cure: str
    is_following: bool = False


@dataclass(frozen=True, slots=True)
class Refusing:
    """Says why nothing can be inserted that would help a state of one machine.

    Attributes:
        machine: whose states they are.
        liveness: who reads what.
        readers: find who it is.
    """

    machine: Scope
    liveness: Liveness
    readers: Readers

    def of(
        self, state: State, values: Values, outcome: Outcome, refused: Iterable[State]
    ) -> Refusal:
        """Return why a state is refused; others may have been, whose documents it is handed."""
        worst = max(outcome.excesses, key=lambda excess: (_ORDER[excess.place], excess.size))
        is_full = values[DOCUMENT].size >= LIMIT_WITH_PAYLOAD
        is_following = False
        if worst.variable is not None:
            why, cure = f"the variable {worst.variable} grows on each round", _NO_VARIABLE
        elif is_full and any(is_behind(self.machine, each, state) for each in refused):
            why, cure, is_following = _FULL, _SEE, True
        else:
            why, cure = self._reason(state, values, worst, outcome)
        return Refusal(
            state=state,
            place=worst.place,
            size=worst.size,
            why=why,
            cure=cure,
            is_following=is_following,
        )

    def _reason(
        self, state: State, values: Values, worst: Excess, outcome: Outcome
    ) -> tuple[str, str]:
        needs = self.liveness.answers[state]
        if worst.place is Place.ANSWER and outcome.answer is not None:
            subject = "its results alone exceed" if state.fan else "its answer alone exceeds"
            path = largest_plain(needs, outcome.answer)
            if path is None:
                less = _fewer_results(state) if state.fan else _smaller_answer(state)
                return f"{subject} the limit", less
            reader = self.readers.of(path, partial(_answered, state))
            what = f"{_named(reader)} reads {show_path((DOCUMENT, *path))} of it in place"
            return f"{subject} the limit, and {what}", self._cure(reader)
        entering = under(self.liveness.entries.get(state, {}), DOCUMENT)
        path = largest_plain(entering, values[DOCUMENT])
        if path is None and state.fan and worst.place is not Place.BODY:
            return "its results alone exceed the limit", _fewer_results(state)
        if path is None and worst.place is Place.VARIABLES:
            return "what it assigns to variables alone exceeds the limit", _NO_VARIABLE
        if path is None:
            return "what it makes alone exceeds the limit", _MAKE_LESS
        reader = self.readers.of(path, lambda alone: under(alone.entries.get(state, {}), DOCUMENT))
        where = show_path((DOCUMENT, *path))
        return f"{where} has no bound, and {_named(reader)} reads it in place", self._cure(reader)

    def _cure(self, reader: State | None) -> str:
        """Return what to do about a state that reads in place, or about one that is not known."""
        if reader is None:
            return f"before that, {HYDRATE}"
        integration = reader.call.service.integration if reader.call else None
        if integration in _FUNCTIONS and not self.readers.is_decorated(reader):
            name = reader.name
            return f'decorate the handler of "{name}" with @large_payloads and say so: --decorated'
        if integration is Integration.UNKNOWN:
            return f'what "{reader.name}" calls is a substitution: resolve it, or {HYDRATE}'
        return f'before "{reader.name}", {HYDRATE}'


_MAKE_LESS: Final = "let it take less of the document, or use each value only once"
_NO_VARIABLE: Final = (
    "keep it in the document instead, where an offload state can store it, or in a table"
)
# What is told first where a state passes the limit in several ways.
_ORDER: Final = {
    Place.OUTPUT: 0,
    Place.LOOP: 1,
    Place.VARIABLES: 2,
    Place.ARGUMENTS: 3,
    Place.ANSWER: 4,
    Place.BODY: 5,
}


def is_behind(machine: Scope, first: State, state: State) -> bool:
    """Tell whether a state can be reached from another one, or from what stands around that."""
    steps = zip(first.path, state.path, strict=False)
    depth = next((index for index, (one, other) in enumerate(steps) if one != other), None)
    scope = next((each for each in machine.scopes() if each.path == state.path[:depth]), None)
    if depth is None or scope is None:
        return False  # of two branches, or one inside the other
    reached: set[str] = set()
    pending = [first.path[depth]]
    while pending:
        exits = scope.states[pending.pop()].exits
        targets = {exit_.target for exit_ in exits if exit_.target is not None} - reached
        reached |= targets
        pending += targets
    return state.path[depth] in reached


def _named(reader: State | None) -> str:
    return f'"{reader.title}"' if reader else "a later state"


def _smaller_answer(state: State) -> str:
    call = state.call
    if call and call.service.integration in _FUNCTIONS:
        return "decorate its handler with @large_payloads and say so: --decorated"
    if call and call.service.limit:
        return (
            f"limit its pages with {call.service.limit}, or call it through the action call_service"
        )
    return (
        "let it answer less (a ResultSelector comes too late), or call it through the action"
        " call_service"
    )


def _fewer_results(state: State) -> str:
    if "ResultWriter" in state.node:
        return "let its ResultWriter write to S3, with Resource and Parameters or Arguments"
    if state.fan and state.fan.is_distributed:
        return "give it a ResultWriter, and read the results from S3"
    return "let its bodies answer less, or make it a Distributed Map with a ResultWriter"


_FUNCTIONS: Final = {Integration.LAMBDA, Integration.LAMBDA_ARN}


def largest_plain(needs: Needs, value: Shape) -> Path | None:
    """Return the path that has to stay plain and takes up most, or None where none does."""
    for kind in (Word.PLAIN, Word.LIST):
        sizes = {path: value.read(path).size for path, word in needs.items() if word is kind}
        largest = max(sizes, key=lambda path: sizes[path], default=None)
        if largest is not None and sizes[largest] > _SMALL:
            return largest
    return None


_SMALL: Final = 16 * KIB


def paths_read(state: State) -> list[Path]:
    """Return the paths that a state reads itself: its tests, and what it sends."""
    found = [read.path for read in state.reads]
    if state.call:
        found.extend(paths_in(state.call.arguments))
    return found


def read_in_place(readers: Readers, liveness: Liveness, handlers: Iterable[State]) -> Iterator[str]:
    """Yield which answers of decorated handlers a state reads in place, so that they cannot leave.

    Args:
        readers: find out who it is.
        liveness: who reads what.
        handlers: states whose handlers are decorated.
    """
    for state in handlers:
        needs = liveness.answers.get(state, {})
        plain = [path for path, word in needs.items() if word is Word.PLAIN]
        read: dict[str, list[str]] = {}
        for path in sorted(plain, key=str):
            who = _named(readers.of(path, partial(_answered, state)))
            read.setdefault(who, []).append(show_path((DOCUMENT, *path)))
        most = bytes_text(most_answered(state, liveness))
        for who, paths in read.items():
            yield (
                f'The handler of "{state.title}" fails over {most}, because {who} reads'
                f" {', '.join(paths)} of its answer in place. Before that state, {HYDRATE}"
            )


def _answered(state: State, liveness: Liveness) -> Needs:
    return liveness.answers.get(state, {})
