"""What a workflow uses of an execution's history, counted in segments.

An execution that has 25,000 events in its history ends, whatever it is doing, so a workflow goes
on as a new one before. A segment takes 12 events, in a branch as well: two of the state that
routes, five of each of the two that run and sync it; each retry of a task takes three more.
Branches count only when they are joined, so there is room for the branches of one group beside
the most that an execution may have run before: 800 segments and 900 of branches are 20,400
events. After 350, the default, there would be room even if every task was tried nine
times, the most that the state machine does where S3 or Lambda fails.
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from typing import Final

from universal_sync_core.codec import JsonObject

USED: Final = "execution_segments"
LIMIT: Final = "segments_per_execution"

# Of all branches of a group together.
_BRANCH_SEGMENTS: Final = 900
# Besides a segment these put tasks into the history: a wait, a join or a snapshot counts as one.
_COUNTED: Final = frozenset(
    {
        "sync",
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

    They are the state machine's: no result changes them. A branch counts one beside its segments,
    for its fork and its end.
    """
    if action == "init":
        return {}
    kept: JsonObject = {name: base[name] for name in (USED, LIMIT) if name in base}
    if action in _COUNTED and type(kept.get(USED)) is int:
        kept[USED] += 1
        if action == "aggregate_branches":
            counts = [report.get("segments_run") for report in delta.get("branch_results", [])]
            kept[USED] += sum(1 + (count if type(count) is int else 0) for count in counts)
    return kept


def branch_limit(branches: int) -> int:
    """Return the segments each of so many branches may run, so that the group fits the history."""
    return max(1, _BRANCH_SEGMENTS // max(1, branches))
