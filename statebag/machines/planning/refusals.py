"""Why a state cannot be brought under the limit, and what a person may do there."""

from dataclasses import dataclass
from typing import Final

from statebag.machines.flow.bounds import LIMIT_WITH_PAYLOAD
from statebag.machines.flow.growth import Excess, Outcome, Place, Values
from statebag.machines.flow.liveness import Liveness
from statebag.machines.flow.needs import Needs, under
from statebag.machines.flow.order import order_of
from statebag.machines.model.services import Integration
from statebag.machines.model.states import Scope, State
from statebag.machines.values.expressions import Word, paths_in
from statebag.machines.values.paths import DOCUMENT, Path, show_path

_FULL: Final = "the document is full by then"
_SEE: Final = "see the states before it"
HYDRATE: Final = (
    "put a Lambda function with @large_payloads between, which reads the value and answers what is"
    " needed of it"
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
    """

    state: State
    place: Place
    size: int
    why: str
    cure: str


def refusal_of(
    state: State, values: Values, outcome: Outcome, liveness: Liveness, machine: Scope
) -> Refusal:
    """Return why nothing can be inserted that would help a state."""
    worst = max(outcome.excesses, key=lambda excess: (_ORDER[excess.place], excess.size))
    if values[DOCUMENT].size >= LIMIT_WITH_PAYLOAD:
        return Refusal(state=state, place=worst.place, size=worst.size, why=_FULL, cure=_SEE)
    path = _largest_plain(state, values, liveness)
    why, cure = _reason(state, worst, path, machine, liveness)
    return Refusal(state=state, place=worst.place, size=worst.size, why=why, cure=cure)


# What is told first where a state passes the limit in several ways.
_ORDER: Final = {Place.OUTPUT: 0, Place.LOOP: 1, Place.ANSWER: 2, Place.ARGUMENTS: 3}


def _reason(
    state: State, worst: Excess, path: Path | None, machine: Scope, liveness: Liveness
) -> tuple[str, str]:
    if worst.place is Place.ANSWER and state.fan is None:
        return "its answer alone passes the limit", _smaller_answer(state)
    if path is None:
        return "its results alone pass the limit", _fewer_results(state)
    where = show_path((DOCUMENT, *path))
    reader = _reader_of(path, machine, state, liveness)
    who = f'"{reader.title}"' if reader else "a later state"
    return f"{where} has no bound, and {who} reads it in place", _cure_of(reader or state)


def _smaller_answer(state: State) -> str:
    call = state.call
    if call and call.service.integration is Integration.LAMBDA:
        return "decorate its handler with @large_payloads and say so: --decorated"
    if call and call.service.limit:
        return f"limit its pages with {call.service.limit}, or call it by the action call_service"
    return "have it answer less (ResultSelector is too late), or call it by the action call_service"


def _fewer_results(state: State) -> str:
    if state.fan and state.fan.is_distributed:
        return "give it a ResultWriter, and read the results from S3"
    return "have its bodies answer less, or make it a Distributed Map with a ResultWriter"


def _cure_of(reader: State) -> str:
    call = reader.call
    if call and call.service.integration in {Integration.LAMBDA, Integration.LAMBDA_ARN}:
        return (
            f'decorate the handler of "{reader.name}" with @large_payloads and say so: --decorated'
        )
    if call and call.service.integration is Integration.UNKNOWN:
        return f'what "{reader.name}" calls is a substitution: resolve it, or ' + HYDRATE
    return f'before "{reader.name}", ' + HYDRATE


def _largest_plain(state: State, values: Values, liveness: Liveness) -> Path | None:
    """Return the path that has to stay plain and takes up most, or None where none does."""
    needs = under(liveness.entries.get(state, {}), DOCUMENT)
    plain = [path for path, word in needs.items() if word >= Word.LIST]
    sizes = {path: values[DOCUMENT].read(path).size for path in plain}
    largest = max(sizes, key=lambda path: sizes[path], default=None)
    return largest if largest is not None and sizes[largest] > _SMALL else None


_SMALL: Final = 16 * 1024


def _reader_of(path: Path, machine: Scope, state: State, liveness: Liveness) -> State | None:
    """Return a state that reads a path itself: the state in question, or the first that does."""
    candidates = [state, *(each for each in machine.walk() if each is not state)]
    readers = (each for each in candidates if not liveness.is_decorated(each))
    return next((each for each in readers if _reads(each, path)), None)


def _reads(state: State, path: Path) -> bool:
    return any(
        each[0] == DOCUMENT and (each[1:][: len(path)] == path or path[: len(each) - 1] == each[1:])
        for each in paths_read(state)
    )


def paths_read(state: State) -> list[Path]:
    """Return the paths that a state reads itself: its tests, and what it sends."""
    found = [read.path for read in state.reads]
    if state.call:
        found.extend(paths_in(state.call.arguments))
    return found


def plain_paths(needs: Needs) -> list[Path]:
    """Return the paths that are plain to the bottom, scalars apart."""
    return [path for path, word in needs.items() if word is Word.PLAIN]


def reader_behind(machine: Scope, state: State, path: Path) -> State | None:
    """Return the first state behind another that reads what is called as the end of a path."""
    scope = next(each for each in machine.scopes() if each.states.get(state.name) is state)
    order = order_of(scope)
    behind = order[order.index(state) + 1 :] if state in order else []
    return next(
        (each for each in behind if any(read[-1:] == path[-1:] for read in paths_read(each))), None
    )
