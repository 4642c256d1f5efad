"""What a workflow uses of an execution's history, counted in events.

An execution that has 25,000 events in its history ends, whatever it is doing, so a workflow goes
on as a new one before. A segment takes 12 events, in a branch as well: two of the state that
routes, five of each of the two that run and sync it. A branch takes 14 besides: two of its
iteration, five each of its fork and its end, two of the state that routes it out. Each retry of a
task takes three more.

A wait for a time takes six events more than the segment that asked for it, and one for an answer
thirteen, in a branch as well; each counts as one by itself.

Branches count only when they are joined, so the branches of one group share what is left beside
the most segments that an execution may have run before; each counts what it uses of its share. One
that forks or maps goes on as an execution of its own, with a history of its own: starting and
awaiting it takes 17 events of the parent's, which count as two, and ten more, which count as one,
each time that it goes on in another because its history is nearly full.

After 350 segments, the default, there would be room even if every task was tried nine times, the
most that the state machine does where S3 or Lambda fails.
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from typing import Final

from universal_sync_core.bag.fields import FORKED_FROM, is_branch
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.limits import STEP_FUNCTIONS_HISTORY_EVENTS
from universal_sync_core.settings import MOST_SEGMENTS_PER_EXECUTION
from universal_sync_core.values.codec import Json, JsonObject

USED: Final = "execution_segments"
LIMIT: Final = "segments_per_execution"
# What is told of a branch.
SEGMENTS_RUN: Final = "segments_run"
WAITS: Final = "waits"
# What a branch that is an execution of its own has used of its parent's history.
IN_PARENT: Final = "segments_in_parent"
_WAIT: Final = "WAIT"

SEGMENT_EVENTS: Final = 12
BRANCH_EVENTS: Final = 14
# Of the start, a map and its snapshots, a wait, the hand-over and the end.
_OTHER_EVENTS: Final = 500
# Of all branches of a group together, where each can have one; the rest is for tasks tried again.
_GROUP_SEGMENTS: Final = 900
# What fork and end of a branch take, in segments.
_BRANCH_SEGMENTS: Final = 2
# What awaiting a branch's own execution takes of the parent's history, and each that follows it.
_FIRST_AWAITED: Final = 2
_NEXT_AWAITED: Final = 1
# Besides a segment these put tasks into the history: a wait, a join or a snapshot counts as one.
_COUNTED: Final = frozenset(
    {
        "sync",
        "sync_branch",
        "update_and_compress",
        "merge_callback",
        "merge_async",
        "aggregate_branches",
        "aggregate_distributed",
        "create_snapshot",
    }
)


def used_after(base: JsonObject, delta: JsonObject, action: str | None) -> JsonObject:
    """Return counter and limit as they are after an action, where the bag has them.

    They are the state machine's: no result changes them. A branch counts two beside its segments
    and waits, for its fork and its end.
    """
    if action in ("init", "fork_branch"):
        return {}
    kept: JsonObject = {name: base[name] for name in (USED, LIMIT) if name in base}
    if action in _COUNTED and type(kept.get(USED)) is int:
        kept[USED] += 2 if delta.get("status") == _WAIT else 1
        if action == "aggregate_branches":
            reports: list[JsonObject] = delta.get("branch_results", [])
            kept[USED] += sum(_BRANCH_SEGMENTS + _used_by(report) for report in reports)
    return kept


def waits_of(branch: JsonObject) -> int:
    """Return what a branch has used of the history beside its segments; 0 of another bag.

    One that is an execution of its own counts otherwise, by `segments_in_parent`.
    """
    if not is_branch(branch) or IN_PARENT in branch:
        return 0
    used, segments = branch.get(USED), branch.get("loop_counter")
    return max(0, used - segments) if type(used) is int and type(segments) is int else 0


def begun_apart(branch: JsonObject) -> JsonObject:
    """Return counter and limit of a branch as an execution of its own begins with it."""
    if IN_PARENT in branch:
        in_parent = branch[IN_PARENT] + _NEXT_AWAITED
    else:
        in_parent = branch.get(USED, 0) + _FIRST_AWAITED
    return {USED: 0, LIMIT: segments_apart(branch), IN_PARENT: in_parent}


def segments_apart(branch: JsonObject) -> int:
    """Return the segments that an execution of a branch's own may run."""
    return count_around(branch, LIMIT, MOST_SEGMENTS_PER_EXECUTION)


def count_around(branch: JsonObject, name: str, default: int) -> int:
    """Return a count that a branch's `forked_from` has of the groups around it, or the default."""
    told: Json = branch.get(FORKED_FROM)
    count: Json = told.get(name) if type(told) is dict else None
    return count if type(count) is int and count > 0 else default


def _used_by(report: JsonObject) -> int:
    if type(report.get(IN_PARENT)) is int:
        in_parent: int = report[IN_PARENT]
        return in_parent
    counts = (report.get(name) for name in (SEGMENTS_RUN, WAITS))
    return sum(count for count in counts if type(count) is int)


def branch_limit(branches: int, segments_before: int = MOST_SEGMENTS_PER_EXECUTION) -> int:
    """Return the segments each of so many branches may run, so that the group fits the history.

    Args:
        branches: of the group.
        segments_before: the most that the execution may have run before, its
            `segments_per_execution`.

    Returns:
        0 where not even one segment of each fits.
    """
    room = _room(segments_before) - BRANCH_EVENTS * branches
    share = max(1, _GROUP_SEGMENTS // max(1, branches))
    return min(share, max(0, room // (SEGMENT_EVENTS * max(1, branches))))


def require_room(branches: int, segments_before: Json, field: str) -> None:
    """Raise InvalidRequestError where a group of so many branches cannot fit the history.

    Args:
        branches: of the group.
        segments_before: the bag's `segments_per_execution`; None in a bag of another state
            machine, of whose history nothing is known.
        field: where the branches were given, for the error.
    """
    if type(segments_before) is not int or branch_limit(branches, segments_before):
        return
    most = _room(segments_before) // (BRANCH_EVENTS + SEGMENT_EVENTS)
    message = (
        f"a group of {branches:,} branches does not fit the history of an execution; with a"
        f" {LIMIT} of {segments_before} at most {most:,} do: lower it, or use a Distributed Map"
    )
    raise InvalidRequestError(message, field=field)


def _room(segments_before: int) -> int:
    return STEP_FUNCTIONS_HISTORY_EVENTS - _OTHER_EVENTS - SEGMENT_EVENTS * segments_before
