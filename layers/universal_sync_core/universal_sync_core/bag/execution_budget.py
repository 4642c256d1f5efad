"""How much of an execution's history a workflow uses, counted in events.

Step Functions ends an execution with 25,000 events in its history, whatever it is doing, so a
workflow goes on as a new one before that. A segment takes 12 events, also in a branch: two for the
routing state, and five each for the states that run and sync it. A branch takes 14 more: two for
its iteration, five each for its fork and its end, and two for the state that routes it out. Each
retry of a task takes three more.

A wait for a time takes six events in addition to the segment that asked for it, and a wait for an
answer thirteen, also in a branch. Each counts as one segment.

Branches count only when they are joined. So the branches of a group share the history that is left
after the most segments that an execution may have run before, and each counts what it uses of its
share. A branch that forks or maps goes on as an execution with its own history. Starting and
awaiting it takes 17 events of the parent's history, which count as two segments. Each time that it
goes on in another execution, because its history is nearly full, takes ten more, which count as
one.

After 350 segments, the default, there is still room if every task was tried nine times, the most
that the state machine does when S3 or Lambda fails.
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from typing import Final

from universal_sync_core.bag.fields import FORKED_FROM, is_branch
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.limits import STEP_FUNCTIONS_HISTORY_EVENTS
from universal_sync_core.settings import MOST_SEGMENTS_PER_EXECUTION
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.pointer import is_whole

USED: Final = "execution_segments"
LIMIT: Final = "segments_per_execution"
# A count in the report of a branch.
SEGMENTS_RUN: Final = "segments_run"
WAITS: Final = "waits"
# How much of its parent's history a branch with an execution of its own has used.
IN_PARENT: Final = "segments_in_parent"
_WAIT: Final = "WAIT"

SEGMENT_EVENTS: Final = 12
BRANCH_EVENTS: Final = 14
# Events of the start, a map and its snapshots, a wait, the hand-over and the end.
_OTHER_EVENTS: Final = 500
# Segments of all branches of a group together, if each can have one; the rest of the history is for
# retried tasks.
_GROUP_SEGMENTS: Final = 900
# What the fork and the end of a branch take, in segments.
_BRANCH_SEGMENTS: Final = 2
# What awaiting a branch's own execution takes of the parent's history, and awaiting each that
# follows it, in segments.
_FIRST_AWAITED: Final = 2
_NEXT_AWAITED: Final = 1
# Besides segments, these actions add tasks to the history: a wait, a join or a snapshot counts as
# one segment.
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
    """Return the counter and the limit after an action, if the bag has them.

    They belong to the state machine: no result changes them. A branch counts two in addition to its
    segments and waits, for its fork and its end.
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
    """Return what a branch has used of the history besides its segments; 0 for any other bag.

    A branch with an execution of its own counts by `segments_in_parent` instead.
    """
    if not is_branch(branch) or IN_PARENT in branch:
        return 0
    used, segments = branch.get(USED), branch.get("loop_counter")
    return max(0, used - segments) if type(used) is int and type(segments) is int else 0


def begun_apart(branch: JsonObject) -> JsonObject:
    """Return the counter and the limit with which a branch's own execution begins."""
    if IN_PARENT in branch:
        in_parent = branch[IN_PARENT] + _NEXT_AWAITED
    else:
        in_parent = branch.get(USED, 0) + _FIRST_AWAITED
    return {USED: 0, LIMIT: segments_apart(branch), IN_PARENT: in_parent}


def segments_apart(branch: JsonObject) -> int:
    """Return how many segments a branch's own execution may run."""
    return count_around(branch, LIMIT, MOST_SEGMENTS_PER_EXECUTION)


def count_around(branch: JsonObject, name: str, default: int) -> int:
    """Return a count of the groups around a branch from its `forked_from`, or the default."""
    told: Json = branch.get(FORKED_FROM)
    count: Json = told.get(name) if type(told) is dict else None
    return count if type(count) is int and count > 0 else default


def _used_by(report: JsonObject) -> int:
    """Return what a branch reports to have used; only whole numbers count."""
    if is_whole(report.get(IN_PARENT)):
        in_parent: int = report[IN_PARENT]
        return in_parent
    counted = [name for name in (SEGMENTS_RUN, WAITS) if is_whole(report.get(name))]
    return sum(report[name] for name in counted)


def branch_limit(branches: int, segments_before: int = MOST_SEGMENTS_PER_EXECUTION) -> int:
    """Return how many segments each branch of a group may run, so that the group fits the history.

    Args:
        branches: of the group.
        segments_before: the most segments that the execution may have run before: its
            `segments_per_execution`.

    Returns:
        0 if not even one segment of each fits.
    """
    room = _room(segments_before) - BRANCH_EVENTS * branches
    share = max(1, _GROUP_SEGMENTS // max(1, branches))
    return min(share, max(0, room // (SEGMENT_EVENTS * max(1, branches))))


def require_room(branches: int, segments_before: Json, field: str) -> None:
    """Raise InvalidRequestError if a group with this many branches cannot fit the history.

    Args:
        branches: of the group.
        segments_before: the bag's `segments_per_execution`; None in a bag of another state machine,
            whose history is not known.
        field: the path of the branches, for the error.
    """
    if type(segments_before) is not int or branch_limit(branches, segments_before):
        return
    most = _room(segments_before) // (BRANCH_EVENTS + SEGMENT_EVENTS)
    message = (
        f"a group of {branches:,} branches does not fit the history of an execution; with a"
        f" {LIMIT} of {segments_before} at most {most:,} fit: lower it, or use a Distributed Map"
    )
    raise InvalidRequestError(message, field=field)


def _room(segments_before: int) -> int:
    return STEP_FUNCTIONS_HISTORY_EVENTS - _OTHER_EVENTS - SEGMENT_EVENTS * segments_before
