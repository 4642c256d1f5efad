"""Findings in words."""

from typing import Final

from statebag.machines.flow.growth import Growth
from statebag.machines.flow.planner import Excess, Place
from statebag.machines.flow.shapes import UNBOUNDED
from statebag.machines.model.states import State
from statebag.machines.planning.planning import Planned
from statebag.machines.planning.refusals import paths_read
from statebag.machines.values.paths import CONTEXT, DOCUMENT, show_path
from universal_sync_core.limits import KIB

_WHAT: Final = {
    Place.ARGUMENTS: "what it sends",
    Place.ANSWER: "its answer",
    Place.OUTPUT: "the document after it",
    Place.LOOP: "the document on this loop",
    Place.VARIABLES: "what it assigns to variables",
}
_LINES: Final = 4


def kib(size: int) -> str:
    """Return bytes as KiB for people."""
    return f"{size / KIB:,.0f} KiB" if size >= KIB else f"{size} B"


def described_place(state: State, excess: Excess) -> str:
    """Say what passes the limit."""
    if excess.place is Place.ANSWER and state.fan:
        return "its results"
    if excess.place is Place.BODY:
        return f"what each {_body(state)} begins with"
    if excess.variable is not None:
        return f"the variable {excess.variable} on this loop"
    return _WHAT[excess.place]


def when_of(state: State, excess: Excess, growth: Growth, limit: int) -> str:
    """Say at how many items, rounds or bytes of answer the limit is passed."""
    outcome = growth.outcomes.get(state)
    before = growth.entries[state][DOCUMENT].size
    room = max(0, limit - before)
    if excess.place in {Place.BODY, Place.VARIABLES}:
        return f"at {kib(excess.size)}"
    if excess.place is Place.LOOP or state in growth.rounds:
        first, step = growth.rounds.get(state, (before, excess.step))
        if excess.variable is not None:
            first, step = 0, excess.step
        rounds = max(0, limit - first) // max(1, step)
        return f"after about {rounds} rounds of {kib(step)} each"
    if state.fan and state.fan.is_map and outcome and outcome.ends:
        each = max(1, outcome.ends[0].size)
        beside = 0 if excess.place is Place.ANSWER else before
        return f"beyond about {max(0, limit - beside) // each} items of {kib(each)} each"
    if outcome and outcome.answer and not state.fan and excess.place is Place.OUTPUT:
        return f"if its answer has more than {kib(room)}" if room else "whatever its answer"
    return "after a loop that grows" if excess.size >= UNBOUNDED else f"at {kib(excess.size)}"


def advice_of(state: State, planned: Planned) -> str:
    """Say what to do about a state that passes the limit."""
    plan = planned.plan
    if state in plan.refusals:
        refusal = plan.refusals[state]
        return f"{refusal.why}: {refusal.cure}"
    steps = [f'one state before "{state.name}"'] if state in plan.before else []
    scopes = state.fan.scopes if state.fan else ()
    ends = sum(scope in plan.ends for scope in scopes)
    if ends:
        steps.append(f"one at the end of {'its' if ends == 1 else ends} {_body(state)}")
    if not steps:
        others = ", ".join(f'"{other.title}"' for other in plan.before)
        return f"the offload state before {others} is enough" if others else "see the others"
    return f"offload: {' and '.join(steps)} (statebag adopt)"


def _body(state: State) -> str:
    return "body" if state.fan and state.fan.is_map else "branch"


def limit_advice(state: State) -> str | None:
    """Say how a service is asked for pages, where its answers have no bound and it can be."""
    call = state.call
    if call is None or call.service.most is not None or call.service.limit is None:
        return None
    parameters = state.node.mapping("Parameters") or state.node.mapping("Arguments")
    keys = {str(key.value) for key, _ in parameters.entries} if parameters else set()
    if keys & {call.service.limit, f"{call.service.limit}.$"}:
        return None
    return f'"{state.title}": bound the pages of {call.service.name} with {call.service.limit}'


def in_place(state: State) -> tuple[str, ...]:
    """Return the paths that a state reads itself, as a person wrote them."""
    paths = (path for path in paths_read(state) if path[0] != CONTEXT)
    return tuple(dict.fromkeys(show_path(path) for path in paths))[:_LINES]
