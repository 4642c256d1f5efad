"""Branches without limits: what each begins with, and what it has changed since."""

from typing import Any, Final

from tests.simulation import merging
from tests.simulation.comparing import Plain, same
from tests.simulation.merging import GONE, STATE, Replaced, Rules
from tests.simulation.oracle import advance

# A branch has these for itself, or the machine counts them: none of it is merged.
_OWN: Final = (
    "branch",
    "branch_id",
    "forked_from",
    "pending_branches",
    "loop_limit",
    "execution_segments",
    "segments_per_execution",
    "execution_id",
    "status",
    "next_action",
    "segment_to_run",
    "total_segments",
    "loop_counter",
    "state_revision",
    "pre_snapshot_s3_path",
    "post_snapshot_s3_path",
    "next_segment_to_run",
    "wait_state",
    "stopped_by",
)
_NOT_INHERITED: Final = (
    "status",
    "total_segments",
    "next_segment_to_run",
    "pending_branches",
    "segments_in_parent",
)
# One that was an execution of its own has also these of its own groups and maps.
_APART: Final = (
    "segments_in_parent",
    "execution_chain",
    "distributed_items",
    "items_per_batch",
    "map_concurrency",
    "tolerated_failed_items",
    "branch_results",
    "tolerated_branch_failures",
    "branch_conflict_strategy",
    "branch_conflicts",
)
_GROUP_SEGMENTS: Final = 900
_MOST_SEGMENTS: Final = 800


def fork(parent: Plain, branch: Plain, branches: int) -> Plain:
    """Return the bag with which a branch starts."""
    kept = {name: value for name, value in parent.items() if name not in _NOT_INHERITED}
    share = max(1, _GROUP_SEGMENTS // branches)
    own: Plain = {
        "branch": branch,
        "branch_id": branch["branch_id"],
        "segment_to_run": 0,
        "loop_counter": 0,
        "loop_limit": min(parent["loop_limit"], share),
        "execution_segments": 0,
        "segments_per_execution": min(share, _MOST_SEGMENTS),
    }
    if "total_segments" in branch:
        own["total_segments"] = branch["total_segments"]
    return advance(kept | {"next_action": "CONTINUE"}, kept | own, {}, "fork_branch")


def changed(before: Plain, after: Plain, rules: Rules) -> Plain:
    """Return what a bag has that the one it was forked from has not."""
    delta: Plain = {}
    own = (*_OWN, *(_APART if "segments_in_parent" in after else ()))
    for name, value in after.items():
        if name in own or (name in before and same(before[name], value)):
            continue
        inner = rules.at(name)
        is_merged = name in before and (name == STATE or inner.grows)
        delta[name] = _difference(before[name], value, inner) if is_merged else value
    return delta


def _difference(before: Any, after: Any, rules: Rules) -> Any:
    if rules.grows:
        items = [] if before is None else merging.as_list(before)
        if not isinstance(after, list):
            return Replaced(after)
        if isinstance(rules.strategy, dict):
            return _changed_items(items, after, rules)
        if rules.strategy == "set_union" and not same(after[: len(items)], items):
            items = merging.distinct(items)
        return after[len(items) :] if same(after[: len(items)], items) else Replaced(after)
    if rules.strategy is not None or not (isinstance(before, dict) and isinstance(after, dict)):
        return after
    changes = {
        key: _difference(before[key], value, rules.at(f".{key}")) if key in before else value
        for key, value in after.items()
        if key not in before or not same(before[key], value)
    }
    return changes | {key: GONE for key in before if key not in after}


def _changed_items(before: list[Any], after: list[Any], rules: Rules) -> Any:
    key = rules.strategy["key"]
    pairs = [pair for pair in zip(before, after, strict=False) if not same(*pair)]
    if len(after) < len(before) or not all(_is_one_item(*pair, key) for pair in pairs):
        return Replaced(after)
    changed_items = [{key: new[key]} | _difference(old, new, rules.at("[]")) for old, new in pairs]
    return [*changed_items, *after[len(before) :]]


def _is_one_item(old: Any, new: Any, key: str) -> bool:
    identity = merging.identity(new, key)
    return identity is not None and identity == merging.identity(old, key)
