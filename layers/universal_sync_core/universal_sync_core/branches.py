"""Parallel branches: each works on a bag of its own and comes back as a pointer."""

from collections.abc import Sequence
from typing import Final

from universal_sync_core.bag import with_spilled
from universal_sync_core.call import Call, Context, open_call, serving
from universal_sync_core.codec import Json, JsonObject, canonical, decode, encode
from universal_sync_core.conflicts import DEFAULT_STRATEGY, Change, Conflicts
from universal_sync_core.difference import changes_since
from universal_sync_core.errors import InvalidRequestError, MalformedPointerError
from universal_sync_core.execution_budget import branch_limit
from universal_sync_core.flatten import FAILURE_STATUSES, flatten_result
from universal_sync_core.merge import merge_delta
from universal_sync_core.next_action import COMPLETE, CONTINUE, FAILED
from universal_sync_core.page_format import digest_mark
from universal_sync_core.pointer import parse
from universal_sync_core.sync import universal_sync_core
from universal_sync_core.timestamps import read_time

# What a branch's bag has for itself; none of it is merged into the parent's.
BRANCH: Final = "branch"
_BRANCH_ID: Final = "branch_id"
_FORKED_FROM: Final = "forked_from"
_PENDING: Final = "pending_branches"
_OWN_FIELDS: Final = (BRANCH, _BRANCH_ID, _FORKED_FROM, _PENDING, "loop_limit")
# What the parent's bag may ask for, and is told.
_TOLERATED: Final = "tolerated_branch_failures"
_CONFLICT_STRATEGY: Final = "branch_conflict_strategy"
_CONFLICTS: Final = "branch_conflicts"
_REPORTED: Final = ("error", "cause", "record_s3_path", "segments_run")
_REPORT_FIELDS: Final = {_BRANCH_ID, "index", "status", *_REPORTED}
_PROGRESS: Final = ("status", "segment_id", "next_segment_to_run", "total_segments")


def fork_branch(state: JsonObject, branch: Json, context: Context | None = None) -> JsonObject:
    """Return the bag a branch starts with: the parent's, with a progress of its own.

    Args:
        state: the parent's bag.
        branch: an element of `pending_branches`: any JSON value; of an object `branch_id`,
            `segments`, `total_segments` and `loop_limit` count.
        context: may carry `execution_id`.
    """
    with open_call(serving("fork_branch", context), state) as call:
        fields = _fields(branch, call)
        kept = {name: value for name, value in state.items() if name not in (*_PROGRESS, _PENDING)}
        own: JsonObject = {
            BRANCH: branch,
            _BRANCH_ID: _branch_id(fields, branch),
            _FORKED_FROM: _origin(state),
            "next_action": CONTINUE,
            "segment_to_run": 0,
            "loop_counter": 0,
            "loop_limit": _loop_limit(state, fields),
        }
        total = fields.get("total_segments", _length(fields.get("segments")))
        if total is not None:
            own["total_segments"] = total
        # All of it is from a bag already: as a result it would be taken for new, and escaped again.
        return universal_sync_core(kept | {"next_action": CONTINUE} | own, None)


def is_branch(state: JsonObject) -> bool:
    """Tell whether a bag is a branch's own."""
    return _FORKED_FROM in state


def complete_branch(
    state: JsonObject, context: Context | None = None, *, status: str | None = None
) -> JsonObject:
    """Return the pointer a branch ends as: `{branch_id, status, s3_path, ...}`.

    Args:
        state: the branch's bag.
        context: may carry `execution_id`.
        status: how it ended, where not as its `next_action` says.
    """
    with open_call(context, state) as call:
        return {
            _BRANCH_ID: state.get(_BRANCH_ID),
            "status": status or state.get("next_action", COMPLETE),
            "s3_path": call.objects.add(encode(state)),
            "state_revision": state.get("state_revision"),
            "segments_run": state.get("loop_counter"),
        }


def join_branches(
    state: JsonObject, branches: Sequence[Json], context: Context | None = None
) -> JsonObject:
    """Return the bag with the results of all branches, in branch order.

    Of a branch that was forked from this bag, what it changed is merged; of anything else its
    value, as `flatten_result` takes it. Where branches changed one leaf differently, the bag's
    `branch_conflict_strategy` decides, and `branch_conflicts` tells. A branch that failed is
    reported in `failed_segments`; more of them than `tolerated_branch_failures`, or all where
    the bag does not say, make the status FAILED.

    Args:
        state: the parent's bag.
        branches: pointers as `complete_branch` returns them, or values.
        context: may carry `execution_id` and `merge_strategy`.

    Raises:
        InvalidRequestError: a branch was forked from another state.
        MergeConflictError: branches are in conflict and the strategy is `fail`.
    """
    with open_call(serving("aggregate_branches", context), state) as call:
        results = _loaded(branches, call)
        names = [_name(index, branch) for index, branch in enumerate(branches)]
        strategy = state.get(_CONFLICT_STRATEGY, DEFAULT_STRATEGY)
        conflicts = Conflicts(call=call, names=names, strategy=strategy)
        changes = [
            Change(branch=index, value=_delta(state, result, call), time=_time(result))
            for index, result in enumerate(results)
        ]
        merged = state
        for delta in conflicts.settle(changes):
            merged = merge_delta(merged, delta, call, by_time=False)
        return universal_sync_core(merged, _summary(state, branches, conflicts))


def _summary(state: JsonObject, branches: Sequence[Json], conflicts: Conflicts) -> JsonObject:
    """Return what the parent's bag is told of its branches."""
    reports = [_report(index, branch) for index, branch in enumerate(branches)]
    failed = [report for report in reports if report.get("status") == FAILED]
    summary: JsonObject = {"branch_results": reports}
    if conflicts.reports or _CONFLICTS in state:
        summary[_CONFLICTS] = conflicts.reports
    if failed:
        summary["failed_segments"] = failed
    tolerated = state.get(_TOLERATED, max(0, len(branches) - 1))
    if type(tolerated) is not int:
        message = f"{_TOLERATED} must be a whole number"
        raise InvalidRequestError(message, field=f"state_data.{_TOLERATED}")
    if len(failed) > tolerated:
        summary["status"] = FAILED
    return summary


def _time(result: Json) -> float | None:
    return read_time(result.get("last_update_time")) if type(result) is dict else None


def _name(index: int, branch: Json) -> str:
    given = branch.get(_BRANCH_ID) if type(branch) is dict else None
    return given if type(given) is str else str(index)


def _fields(branch: Json, call: Call) -> JsonObject:
    """Return what a branch says of itself; a large one is a pointer in the bag."""
    pointer = parse(branch)
    if pointer is not None and pointer.kind == "map":
        return call.pages.entries(pointer)
    return branch if type(branch) is dict else {}


def _length(value: Json) -> int | None:
    """Return the elements of a list, inline or in S3, or None of anything else."""
    pointer = parse(value)
    if pointer is not None:
        return pointer.count if pointer.kind == "list" else None
    return len(value) if type(value) is list else None


def _loop_limit(state: JsonObject, fields: JsonObject) -> int:
    """Return the segments a branch may run: what it or its parent says, and the history bears."""
    wanted: Json = fields.get("loop_limit", state.get("loop_limit"))
    bearable = branch_limit(_length(state.get(_PENDING)) or 1)
    return min(wanted, bearable) if type(wanted) is int else bearable


def _branch_id(fields: JsonObject, branch: Json) -> str:
    given = fields.get(_BRANCH_ID)
    return given if type(given) is str and given else digest_mark(canonical(branch)).hex()


def _origin(state: JsonObject) -> JsonObject:
    return {
        "state_revision": state.get("state_revision"),
        "digest": digest_mark(canonical(state)).hex(),
    }


def _loaded(branches: Sequence[Json], call: Call) -> list[Json]:
    """Return the branches with what their paths lead to in the place of pointers."""
    paths = {
        index: branch["s3_path"]
        for index, branch in enumerate(branches)
        if type(branch) is dict and type(branch.get("s3_path")) is str
    }
    bodies = call.objects.read_many(list(paths.values()))
    loaded = {
        index: decode(body, path=path)
        for (index, path), body in zip(paths.items(), bodies, strict=True)
    }
    for index, document in loaded.items():
        if type(document) is not dict or _FORKED_FROM not in document:
            raise MalformedPointerError("this is no branch's bag", path=paths[index])
    return [loaded.get(index, branch) for index, branch in enumerate(branches)]


def _delta(parent: JsonObject, result: Json, call: Call) -> JsonObject:
    """Return what a branch brings into the parent's bag."""
    if type(result) is not dict or _FORKED_FROM not in result:
        return {} if _is_report(result) else flatten_result(result)
    if result[_FORKED_FROM] != _origin(parent):
        message = "a branch was forked from another state than this"
        raise InvalidRequestError(message, field="branches")
    every = with_spilled(result, call.pages)
    shared = {name: value for name, value in every.items() if name not in _OWN_FIELDS}
    return changes_since(parent, shared, call)


def _is_report(result: Json) -> bool:
    """Tell whether a branch left nothing but the news of its failure."""
    return type(result) is dict and "error" in result and result.keys() <= _REPORT_FIELDS


def _report(index: int, branch: Json) -> JsonObject:
    fields = branch if type(branch) is dict else {}
    status = fields.get("status")
    report = {
        "index": index,
        "branch_id": fields.get(_BRANCH_ID),
        "status": FAILED if status in FAILURE_STATUSES else status,
        **{name: fields.get(name) for name in _REPORTED},
    }
    return {name: value for name, value in report.items() if value is not None}
