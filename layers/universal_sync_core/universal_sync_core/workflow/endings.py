"""How branches ended: what each one merges, and what is reported about it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from universal_sync_core.bag.execution_budget import IN_PARENT, SEGMENTS_RUN, WAITS, waits_of
from universal_sync_core.bag.fields import BRANCH, BRANCH_ID, is_branch, unwrap
from universal_sync_core.bag.next_action import FAILED
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.errors import InvalidRequestError, MalformedPointerError
from universal_sync_core.ingestion.ingest import require_admissible
from universal_sync_core.values.address import digest_in
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.item_failure import is_failure_status
from universal_sync_core.values.timestamps import read_time

PATH: Final = "s3_path"
_BAG: Final = "state_data"
_RECORD: Final = "record_s3_path"
_REPORTED: Final = (BRANCH_ID, "status", "error", "cause", _RECORD, SEGMENTS_RUN, WAITS, IN_PARENT)
# The fields that a Catch writes for an error.
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
_CAUGHT: Final = ("Error", "Cause")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How one branch ended.

    Attributes:
        report: what is reported about it.
        bag: the bag that it ended with, if it left one.
        result: what it left besides or instead of a bag; None if there is nothing.
    """

    report: JsonObject
    bag: JsonObject | None = None
    result: Json = None

    def name_at(self, index: int) -> str:
        """Return the branch's own id, or its position if it has none."""
        own: Json = self.report.get(BRANCH_ID)
        return own if type(own) is str else str(index)

    @property
    def time(self) -> int | None:
        """When the branch was last touched, as its bag says."""
        return read_time((self.bag or {}).get("last_update_time"))

    @property
    def is_failure(self) -> bool:
        """Whether the branch failed."""
        return self.report.get("status") == FAILED


def endings_of(branches: Sequence[Json], parent: JsonObject, unit: UnitOfWork) -> list[Ending]:
    """Return how each branch ended, with its bag instead of the path to it.

    A branch may end with the pointer of `complete_branch`, a bag, a result, a failure as a Catch
    writes it (`{"Error", "Cause"}`), or a failure as it was recorded. The pointer, the bag
    and the record may be in `{"branch"}`. The bag may also be in `{"state_data"}`, with the fields
    of a Catch beside it.

    Raises:
        InvalidRequestError: `state_data` is not a bag of this execution.
        MalformedPointerError: a path leads to something other than the bag of a branch.
        PointerNotAllowedError, MissingObjectError, ChecksumMismatchError: a path cannot be read; or
            a pointer in a bag leads elsewhere or nowhere.
    """
    given = [_unwrapped(branch) for branch in branches]
    paths = [branch[PATH] for branch in given if _is_pointer(branch)]
    documents = zip(unit.objects.records(paths), paths, strict=True)
    bags = iter([_branch_bag(document, path, unit) for document, path in documents])
    return [
        Ending(report=_report(branch), bag=next(bags))
        if _is_pointer(branch)
        else _ending(branch, parent, f"branches[{index}]", unit)
        for index, branch in enumerate(given)
    ]


def report_in(bag: JsonObject) -> JsonObject:
    """Return what the bag of a branch reports about the branch."""
    report = {
        BRANCH_ID: bag.get(BRANCH_ID),
        "status": bag.get("next_action"),
        SEGMENTS_RUN: bag.get("loop_counter"),
    }
    waits = waits_of(bag)
    report |= {IN_PARENT: bag[IN_PARENT]} if IN_PARENT in bag else {}
    return report | {WAITS: waits} if waits else report


def _unwrapped(branch: Json) -> Json:
    """Return the pointer, record or bag from a lone `{"branch": {...}}`, or the value itself."""
    inner = branch[BRANCH] if type(branch) is dict and branch.keys() == {BRANCH} else None
    if type(inner) is not dict:
        return branch
    return inner if _is_pointer(inner) or _is_failure(inner) or is_branch(inner) else branch


def _is_pointer(branch: Json) -> bool:
    """Tell whether this is a pointer of `complete_branch`; a bag may have a path of its own."""
    if type(branch) is not dict or "execution_id" in branch:
        return False
    path: Json = branch.get(PATH)
    return type(path) is str and (BRANCH_ID in branch or digest_in(path) is not None)


def _branch_bag(document: Json, path: str, unit: UnitOfWork) -> JsonObject:
    if type(document) is not dict or not is_branch(document):
        raise MalformedPointerError("the object is not the bag of a branch", path=path)
    # A worker can store an object of this form. The branch itself has stored what its bag points
    # to, so a request for each pointer would only cost.
    require_admissible(document, unit, looks_up=False)
    return document


def _ending(branch: Json, parent: JsonObject, place: str, unit: UnitOfWork) -> Ending:
    if type(branch) is not dict:
        return Ending(report={}, result=branch)
    if _BAG in branch:
        return _with_bag(branch, parent, place, unit)
    if is_branch(branch) or _is_bag_of(branch, parent):
        require_admissible(branch, unit)
        return Ending(report=_report_since(branch, parent), bag=branch)
    if _is_failure(branch):
        return Ending(report=_report(branch), result=_without(branch, _REPORT_FIELDS))
    return Ending(report=_report(branch, ("status", BRANCH_ID)), result=branch)


def _with_bag(branch: JsonObject, parent: JsonObject, place: str, unit: UnitOfWork) -> Ending:
    """Return the ending of a branch that left the document of its last state.

    A Catch writes the failure where its ResultPath says: under a name, or as fields.
    """
    bag = unwrap(branch[_BAG])
    if not isinstance(bag, dict) or not (is_branch(bag) or _is_bag_of(bag, parent)):
        message = f"{place}.{_BAG} must be a bag of this execution"
        raise InvalidRequestError(message, field=f"{place}.{_BAG}")
    require_admissible(bag, unit)
    beside = {name: item for name, item in branch.items() if name != _BAG}
    named = [name for name, item in beside.items() if _is_caught(item)][:1]
    report = _report(beside[named[0]]) if named else {}
    if _is_caught(beside):
        report, named = _report(beside), [*_CAUGHT]
    return Ending(
        report=_report_since(bag, parent) | report, bag=bag, result=_without(beside, named)
    )


def _is_bag_of(bag: JsonObject, parent: JsonObject) -> bool:
    """Tell whether this is the parent's bag, some steps later, from a branch without its own."""
    before, after = (_revision_and_owner(each) for each in (parent, bag))
    if before is None or after is None or before[1] != after[1]:
        return False
    if after[0] < before[0]:
        message = "a branch ended with a bag that is older than the bag that joins it"
        raise InvalidRequestError(message, field="branches")
    return True


def _revision_and_owner(bag: JsonObject) -> tuple[int, str] | None:
    revision, owner = bag.get("state_revision"), bag.get("execution_id")
    return (revision, owner) if type(revision) is int and type(owner) is str else None


def _report_since(bag: JsonObject, parent: JsonObject) -> JsonObject:
    """Return what a bag reports about its branch, whose counters may go on from its parent's."""
    report, before = report_in(bag), parent.get("loop_counter", 0)
    count: Json = report[SEGMENTS_RUN]
    if is_branch(bag) or type(count) is not int or type(before) is not int:
        return report
    return report | {SEGMENTS_RUN: count - before}


def _without(fields: JsonObject, names: Collection[str]) -> Json:
    """Return the other fields, or None if there are none."""
    return {name: item for name, item in fields.items() if name not in names} or None


def _is_caught(value: Json) -> bool:
    return type(value) is dict and all(name in value for name in _CAUGHT)


def _is_failure(value: Json) -> bool:
    """Tell whether this is a failure from a Catch or a record, or says that it is one."""
    if type(value) is not dict:
        return False
    return _is_caught(value) or _RECORD in value or is_failure_status(value.get("status"))


# Fields of a report, which are not part of a result.
_REPORT_FIELDS: Final = frozenset({*_REPORTED, *_CAUGHT, "index"})


def _report(branch: JsonObject, names: Sequence[str] = _REPORTED) -> JsonObject:
    """Return what a branch reports about itself, with a failure always under the same names."""
    report = {name: branch[name] for name in names if branch.get(name) is not None}
    if _is_caught(branch):
        report = {"error": branch["Error"], "cause": branch["Cause"]} | report
    return report | {"status": FAILED} if _is_failure(branch) else report
