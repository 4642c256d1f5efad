"""Parallel branches: each works on its own bag and comes back as a pointer."""

from collections.abc import Sequence
from typing import Final

from universal_sync_core.bag.execution_budget import IN_PARENT, LIMIT, USED, branch_limit
from universal_sync_core.bag.fields import (
    BRANCH,
    BRANCH_ID,
    BRANCHES,
    CHAIN,
    CONTROL_FIELDS_NEVER_OFFLOAD,
    FORKED_FROM,
    ITEMS,
    ITEMS_PER_BATCH,
    MAP_CONCURRENCY,
    UNFINISHED,
    is_branch,
    with_fields,
    with_overflow,
    without_fields,
)
from universal_sync_core.bag.holding import HELD
from universal_sync_core.bag.left_fields import LEFT_NAMES
from universal_sync_core.bag.nesting import branches_of, fork_of, require_of_fork, segments_before
from universal_sync_core.bag.next_action import COMPLETE, CONTINUE, require_simple
from universal_sync_core.bag.strategies import DEFAULT_CONFLICT_STRATEGY
from universal_sync_core.bag.tolerance import TOLERATED_ITEMS
from universal_sync_core.bag.unit_of_work import Context, UnitOfWork, serving, unit_of_work
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.ingestion.control_fields import checked
from universal_sync_core.ingestion.ingest import ingest_delta, require_admissible
from universal_sync_core.merge.branch_changes import Change
from universal_sync_core.merge.conflicts import Conflicts
from universal_sync_core.merge.difference import Differences
from universal_sync_core.merge.merge import merge_branches, merge_delta
from universal_sync_core.pages.page_format import digest_mark
from universal_sync_core.pipe.flatten import flatten
from universal_sync_core.settings import MOST_SEGMENTS_PER_EXECUTION
from universal_sync_core.sync import universal_sync_core
from universal_sync_core.values.codec import Json, JsonObject, canonical, require_json
from universal_sync_core.values.pointer import is_list, length
from universal_sync_core.values.portable import portable
from universal_sync_core.workflow.branch_reports import (
    CONFLICTS,
    RESULTS,
    TOLERATED,
    conflicts_within,
    outputs_by_branch,
    report_of,
    summary_of,
)
from universal_sync_core.workflow.endings import PATH, Ending, endings_of, report_in

# Fields of a branch's own bag, and fields that only the machine counts. None of them is merged into
# the parent's bag.
_OWN_FIELDS: Final = (
    BRANCH,
    HELD,
    *LEFT_NAMES,
    BRANCH_ID,
    FORKED_FROM,
    BRANCHES,
    USED,
    LIMIT,
    IN_PARENT,
    "loop_limit",
    "next_segment_to_run",
)
# Fields of a branch's result that are ignored. A result for another execution is refused.
_PRIVATE: Final = {*CONTROL_FIELDS_NEVER_OFFLOAD, *_OWN_FIELDS} - {BRANCH, "execution_id"}
# The fields of a branch's element that have a meaning. All others are data.
_TOLD_OF_BRANCH: Final = (BRANCH_ID, "segments", "total_segments", "loop_limit")
# A longer one is not an id: it stands in the pointer of each branch, and in the name of each wait.
_MOST_ID_CHARS: Final = 256
# The field of the parent's bag that says how a join settles conflicts.
_CONFLICT_STRATEGY: Final = "branch_conflict_strategy"
# Fields of the parent's progress that a branch does not begin with.
_NOT_INHERITED: Final = (
    "status",
    "segment_id",
    "next_segment_to_run",
    "total_segments",
    BRANCHES,
    IN_PARENT,
)
# Fields for the own groups and maps of a branch that was an execution of its own.
_OF_EXECUTION: Final = {
    CHAIN,
    ITEMS,
    ITEMS_PER_BATCH,
    MAP_CONCURRENCY,
    TOLERATED_ITEMS,
    UNFINISHED,
    RESULTS,
    TOLERATED,
    _CONFLICT_STRATEGY,
    CONFLICTS,
}


def fork_branch(state: JsonObject, branch: Json, context: Context | None = None) -> JsonObject:
    """Return the bag that a branch starts with: the parent's, with its own progress.

    Args:
        state: the parent's bag.
        branch: an element of `pending_branches`: any JSON value. In an object, `branch_id` (of at
            most 256 characters), `segments`, `total_segments` and `loop_limit` have a meaning.
        context: may carry `execution_id`.
    """
    with unit_of_work(serving("fork_branch", context), state) as unit:
        element = unit.pages.map_of(unit.pages.opened(branch)) or {}  # a large one is a pointer
        told: JsonObject = {name: element[name] for name in _TOLD_OF_BRANCH if name in element}
        fields = checked(told, f"state_data.{BRANCH}")
        kept = without_fields(state, _NOT_INHERITED, unit.pages)
        share = _share(state)
        own: JsonObject = {
            BRANCH: branch,
            BRANCH_ID: _branch_id(fields, branch),
            FORKED_FROM: fork_of(state),
            "next_action": CONTINUE,
            "segment_to_run": 0,
            "loop_counter": 0,
            "loop_limit": _loop_limit(state, fields, share),
            USED: 0,
            LIMIT: min(share, MOST_SEGMENTS_PER_EXECUTION),
        }
        total = fields.get("total_segments", length(fields.get("segments")))
        if total is not None:
            own["total_segments"] = total
        # All of it comes from a bag. As a result, it would be taken for new, and escaped again.
        return universal_sync_core(kept | {"next_action": CONTINUE} | own, None)


def complete_branch(
    state: JsonObject, context: Context | None = None, *, status: str | None = None
) -> JsonObject:
    """Return the pointer that a branch ends with: `{branch_id, status, s3_path, ...}`.

    Args:
        state: the branch's bag.
        context: may carry `execution_id`.
        status: how it ended, if that differs from its `next_action`.

    Raises:
        InvalidRequestError: a part of the bag has no JSON form, such as an infinite number, or
            there is no such status.
    """
    require_json(state, "state_data")
    told = {} if status is None else checked({"status": status}, BRANCH)
    with unit_of_work(context, state) as unit:
        report = report_in(state)
        return report | {
            "status": told.get("status") or report["status"] or COMPLETE,
            PATH: unit.objects.add_record(state),
            "state_revision": state.get("state_revision"),
        }


def join_branches(
    state: JsonObject, branches: Sequence[Json] | JsonObject, context: Context | None = None
) -> JsonObject:
    """Return the bag with the results of all branches, in branch order.

    If a branch ended with a bag that was forked from this one, or with this one some steps later,
    its changes are merged. Anything else is merged as `flatten_result` takes it, without control
    fields. If branches changed a leaf differently, `branch_conflict_strategy` decides, and
    `branch_conflicts` reports it. Failed branches are in `failed_segments`. If more fail than
    `tolerated_branch_failures`, or all if the bag does not set it, the status is FAILED.

    Args:
        state: the parent's bag.
        branches: how each ended: the pointer of `complete_branch`, alone or as `{"branch"}`; a bag,
            alone or as `{"branch"}` or `{"state_data"}`; `{"Error", "Cause"}` as a Catch writes it,
            alone or beside the bag; the answer of `record_failure`; or any other value. A pointer
            to the list is accepted too.
        context: may carry `execution_id` and `merge_strategy`.

    Raises:
        InvalidRequestError: a branch was forked from another state, or its `state_data` is not a
            bag of this execution.
        MalformedPointerError: a path leads to something other than the bag of a branch.
        MergeConflictError: branches are in conflict and the strategy is `fail`.
    """
    with unit_of_work(serving("aggregate_branches", context), state) as unit:
        endings = endings_of(_listed(branches, unit), state, unit)
        names = [ending.name_at(index) for index, ending in enumerate(endings)]
        strategy = state.get(_CONFLICT_STRATEGY, DEFAULT_CONFLICT_STRATEGY)
        conflicts = Conflicts(unit=unit, parent=state, names=names, strategy=strategy)
        fork = fork_of(state)
        for ending in endings:
            if ending.bag is not None and is_branch(ending.bag):
                require_of_fork(ending.bag, fork)
        before = Differences(state, unit)
        before.read_ahead(ending.bag for ending in endings if ending.bag is not None)
        deltas = [_delta(state, before, n, ending, unit) for n, ending in enumerate(endings)]
        outputs = outputs_by_branch(endings, deltas, unit)
        brought = list(enumerate(zip(endings, deltas, strict=True)))
        reports = [report_of(index, ending, delta) for index, (ending, delta) in brought]
        changes = [
            Change(branch=index, value=delta, time=ending.time)
            for index, (ending, delta) in brought
        ]
        merged = merge_branches(state, conflicts.settle(changes), unit)
        summary, stop = summary_of(state, reports, outputs)
        known = with_fields(state, {CONFLICTS}, unit.pages)
        found = [*conflicts.reports, *conflicts_within(known, names, endings, unit)]
        if found or CONFLICTS in known:
            summary[CONFLICTS] = found
        return universal_sync_core(merged | stop, summary)


def _listed(branches: Json, unit: UnitOfWork) -> Sequence[Json]:
    """Return how branches ended, one by one, even if their list is in S3."""
    if isinstance(branches, list | tuple):
        return branches
    opened = unit.pages.opened(branches)
    if not is_list(opened):
        message = "branches must be a list with the result of each branch"
        raise InvalidRequestError(message, field="branches")
    require_admissible(opened, unit)
    return unit.pages.list_of(opened) or []


def _share(state: JsonObject) -> int:
    """Return how many segments and waits the history has room for in each branch."""
    return max(1, branch_limit(branches_of(state), segments_before(state)))


def _loop_limit(state: JsonObject, fields: JsonObject, share: int) -> int:
    """Return how many segments a branch may run: its own or its parent's limit, or its share."""
    wanted: Json = fields.get("loop_limit", state.get("loop_limit"))
    return min(wanted, share) if type(wanted) is int else share


def _branch_id(fields: JsonObject, branch: Json) -> str:
    given = portable(fields.get(BRANCH_ID))
    is_id = type(given) is str and 0 < len(given) <= _MOST_ID_CHARS
    return given if is_id else digest_mark(canonical(branch)).hex()


def _delta(
    parent: JsonObject, before: Differences, index: int, ending: Ending, unit: UnitOfWork
) -> JsonObject:
    """Return the delta that a branch brings into the parent's bag."""
    base = parent if ending.bag is None else ending.bag
    delta = ingest_delta(flatten(ending.result, unit), base, unit)
    require_simple(delta, f"branches[{index}]: a branch")
    # These fields are only about the branch itself.
    result = {name: item for name, item in delta.items() if name not in _PRIVATE}
    if ending.bag is None:
        return result
    every = merge_delta(with_overflow(ending.bag, unit.pages), result, unit)
    own = {*_OWN_FIELDS, *(_OF_EXECUTION if IN_PARENT in ending.bag else ())}
    shared = {name: value for name, value in every.items() if name not in own}
    return checked(before.of(shared), "branches")
