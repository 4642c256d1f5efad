"""The reports on branches in their parent's bag: how each ended, and the outputs of its maps."""

from collections.abc import Mapping, Sequence
from typing import Final

from universal_sync_core.bag.execution_budget import IN_PARENT
from universal_sync_core.bag.fields import (
    ABOUT_OUTPUTS,
    FAILED_SEGMENTS,
    OUTPUTS,
    STOPPED_BY,
    with_fields,
)
from universal_sync_core.bag.left_fields import is_stop
from universal_sync_core.bag.next_action import FAILED, failed_by
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.merge.difference import is_equal
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.pointer import unescape
from universal_sync_core.workflow.endings import Ending

TOLERATED: Final = "tolerated_branch_failures"
CONFLICTS: Final = "branch_conflicts"
RESULTS: Final = "branch_results"
_OF_FAILURE: Final = ("Error", "Cause", "error", "cause")


def summary_of(
    state: JsonObject, reports: Sequence[JsonObject], outputs: Mapping[int, Json]
) -> tuple[JsonObject, JsonObject]:
    """Return the fields that report on the branches in the parent's bag.

    Returns:
        The fields, and the parent's `stopped_by` if more branches failed than it tolerates.
    """
    failed = [report for report in reports if report.get("status") == FAILED]
    results = [
        report | {OUTPUTS: outputs[index]} if index in outputs else report
        for index, report in enumerate(reports)
    ]
    summary: JsonObject = {RESULTS: results}
    if failed:
        summary[FAILED_SEGMENTS] = failed
    tolerated = state.get(TOLERATED, max(0, len(reports) - 1))
    if type(tolerated) is not int:
        message = f"{TOLERATED} must be a whole number"
        raise InvalidRequestError(message, field=f"state_data.{TOLERATED}")
    if len(failed) <= tolerated:
        return summary, {}
    counts = f"{len(failed)} of {len(reports)} branches failed"
    cause = f"{counts}, and {TOLERATED} allows {tolerated}. {FAILED_SEGMENTS} reports each of them."
    return summary | {"status": FAILED}, failed_by(cause)


def conflicts_within(
    parent: JsonObject, names: Sequence[str], endings: Sequence[Ending], unit: UnitOfWork
) -> list[Json]:
    """Return the conflicts within groups that the branches forked, each with its branch's name."""
    found: list[Json] = []
    for name, ending in zip(names, endings, strict=True):
        bag = ending.bag or {}
        fields = with_fields(bag, {CONFLICTS}, unit.pages) if IN_PARENT in bag else {}
        conflicts = fields.get(CONFLICTS, parent.get(CONFLICTS))
        if not is_equal(conflicts, parent.get(CONFLICTS), unit.pages):
            reports: list[JsonObject] = unit.pages.resolve(conflicts)
            found += [{**each, "within": [name, *each.get("within", ())]} for each in reports]
    return found


def report_of(index: int, ending: Ending, delta: JsonObject) -> JsonObject:
    """Return the report on a branch for the parent's bag.

    The error and the cause of a failed branch go into its report, not into the parent's fields. If
    it told none, its bag may tell what stopped it.
    """
    taken = _reported(delta, _OF_FAILURE) if ending.is_failure else {}
    own = {name.lower(): item for name, item in taken.items() if item is not None}
    stop: Json = (ending.bag or {}).get(STOPPED_BY)
    told = own or (stop if is_stop(stop) else {})
    report = {"index": index} | told | ending.report
    return {name: value for name, value in report.items() if value is not None}


def outputs_by_branch(
    endings: Sequence[Ending], deltas: Sequence[JsonObject], unit: UnitOfWork
) -> Mapping[int, Json]:
    """Take the outputs of maps out of the deltas if more than one branch mapped.

    They belong to each branch then, as its items did, and do not conflict. If only one branch
    mapped, or a merge strategy adds the lists to each other, they are merged like any field.

    Returns:
        The outputs by the index of their branch.
    """
    strategy = unit.strategies.at((OUTPUTS,))
    mapped = [
        index
        for index, ending in enumerate(endings)
        if IN_PARENT in (ending.bag or {}) and OUTPUTS in deltas[index]
    ]
    if len(mapped) < 2 or (strategy is not None and strategy.grows):  # noqa: PLR2004 - a conflict
        return {}
    taken = {index: _reported(deltas[index], (OUTPUTS,))[OUTPUTS] for index in mapped}
    for index in mapped:
        for name in ABOUT_OUTPUTS:
            deltas[index].pop(name, None)
    return taken


def _reported(delta: JsonObject, names: Sequence[str]) -> JsonObject:
    """Take fields out of a delta for a report. A report is a result, which the pipe escapes."""
    return {name: unescape(delta.pop(name, None)) for name in names}
