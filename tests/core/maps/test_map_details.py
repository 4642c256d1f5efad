"""What a map answers leads to its results: in which forms, to which action, and of whose maps."""

from typing import Any

import pytest

from tests.core.bags import BUCKET, CONTEXT, EXECUTION, OTHER_EXECUTION, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from tests.core.map_runs import AGGREGATE, FOLDER, RUN, array, failed, record, write
from universal_sync_core import first_bag, universal_sync_core
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedManifestError,
    MissingObjectError,
    PointerNotAllowedError,
    StateSyncError,
)
from universal_sync_core.retention.members import leave_mark
from universal_sync_core.storage import runtime


def details(answer: dict[str, Any]) -> dict[str, Any]:
    return {"ResultWriterDetails": answer["ResultWriterDetails"]}


def test_the_details_alone_are_read_as_a_result_selector_leaves_them(store: CountingStore) -> None:
    with fresh(store):
        answer = details(write(store, {"SUCCEEDED": array(record(0, 1))}))
        bag = universal_sync_core(CONTEXT, answer, AGGREGATE)
        assert bag["distributed_outputs"] == [1]
        beside = universal_sync_core(CONTEXT, answer | {"started": "today"}, AGGREGATE)
        assert (beside["distributed_outputs"], beside["started"]) == ([1], "today")


def test_what_a_map_answers_may_stand_alone_in_execution_result(store: CountingStore) -> None:
    with fresh(store):
        answer = write(store, {"SUCCEEDED": array(record(0, 1))})
        bag = universal_sync_core(CONTEXT, {"execution_result": answer}, AGGREGATE)
        assert bag["distributed_outputs"] == [1]


@pytest.mark.parametrize("answer", [{"MapRunArn": RUN}, {"MapRunArn": RUN, "started": "today"}])
@pytest.mark.usefixtures("store")
def test_a_map_run_without_its_details_is_never_zero_results(answer: dict[str, Any]) -> None:
    for result in (answer, {"execution_result": answer}):
        with pytest.raises(MalformedManifestError, match="must have Bucket and Key"):
            universal_sync_core(CONTEXT, result, AGGREGATE)


@pytest.mark.parametrize("name", ["failed_segments", "distributed_outputs", "chunk_count"])
def test_a_field_beside_the_details_wins_nothing_from_the_results(
    store: CountingStore, name: str
) -> None:
    with fresh(store):
        answer = write(store, {"SUCCEEDED": array(record(0, 1))})
        with pytest.raises(InvalidRequestError, match=name):
            universal_sync_core(CONTEXT, answer | {name: 5}, AGGREGATE)


BROKEN: list[Any] = [
    {},
    None,
    [],
    "s3://b/k",
    {"Bucket": BUCKET},
    {"Bucket": 5, "Key": FOLDER},
    {"Bucket": f"{BUCKET}/{FOLDER}", "Key": "manifest.json"},
    {"Bucket": BUCKET, "Key": ""},
    {"Bucket": BUCKET, "Key": None},
]


@pytest.mark.parametrize("more", [{}, {"MapRunArn": RUN}, {"started": 5}])
@pytest.mark.parametrize("broken", BROKEN, ids=repr)
@pytest.mark.usefixtures("store")
def test_broken_details_are_never_zero_results(broken: Any, more: dict[str, Any]) -> None:
    with pytest.raises(MalformedManifestError, match="must have Bucket and Key"):
        universal_sync_core(CONTEXT, {"ResultWriterDetails": broken, **more}, AGGREGATE)


@pytest.mark.parametrize(
    "action",
    ["sync", "sync_branch", "merge_callback", "merge_async", "update_and_compress", "init"],
)
def test_to_any_other_action_a_result_of_that_form_is_data(
    store: CountingStore, action: str
) -> None:
    with fresh(store):
        answer = write(store, {"FAILED": array(failed(0))})
        store.reset()
        for result in (answer, {"callback_result": answer}, details(answer)):
            bag = universal_sync_core(CONTEXT, result, {"action": action})
            assert hydrated(bag)["ResultWriterDetails"] == answer["ResultWriterDetails"]
            assert "failed_segments" not in bag
        assert store.gets == []


@pytest.mark.parametrize(
    ("chain", "folder", "is_read"),
    [
        (None, "distributed/run-1/x/", True),
        (None, "distributed/run-2/x/", False),
        (None, "distributed/run-12/x/", False),
        (None, "distributed/", False),
        ([EXECUTION, OTHER_EXECUTION], "distributed/run-2/x/", True),
        ([EXECUTION, OTHER_EXECUTION], "distributed/run-1/x/", True),
        ([EXECUTION, OTHER_EXECUTION], "distributed/run-3/x/", False),
        (None, "elsewhere/", False),
    ],
)
@pytest.mark.parametrize("many", [False, True], ids=["few fields", "many fields"])
def test_results_are_read_from_the_maps_of_the_bags_own_executions(
    store: CountingStore, chain: Any, folder: str, *, is_read: bool, many: bool
) -> None:
    with fresh(store):
        leave_mark(runtime.current(), EXECUTION, OTHER_EXECUTION, "began")
        answer = write(store, {"SUCCEEDED": array(record(0, 1))}, folder=folder)
        more = {f"field-{n}": "x" * 200 for n in range(900)} if many else {}
        more |= {"execution_chain": chain} if chain else {}
        bag = synced(CONTEXT, more)
        if is_read:
            assert universal_sync_core(bag, answer, AGGREGATE)["chunk_count"] == 1
        else:
            with pytest.raises(PointerNotAllowedError):
                universal_sync_core(bag, answer, AGGREGATE)


@pytest.mark.parametrize(
    ("chain", "error"),
    [
        ([EXECUTION, OTHER_EXECUTION], MissingObjectError),
        ([OTHER_EXECUTION, OTHER_EXECUTION, 7, [], None, ""], MissingObjectError),
        ({OTHER_EXECUTION: OTHER_EXECUTION}, PointerNotAllowedError),
        (7, PointerNotAllowedError),
    ],
)
def test_a_chain_opens_no_results_without_the_marks_of_those_who_went_on(
    store: CountingStore, chain: Any, error: type[StateSyncError]
) -> None:
    bag = CONTEXT | {"execution_chain": chain}
    with fresh(store):
        own = write(store, {"SUCCEEDED": array(record(0, 1))}, folder="distributed/run-1/x/")
        other = write(store, {"SUCCEEDED": array(record(0, 1))}, folder="distributed/run-2/x/")
        assert universal_sync_core(bag, own, AGGREGATE)["chunk_count"] == 1
        with pytest.raises(error):
            universal_sync_core(bag, other, AGGREGATE)


@pytest.mark.parametrize(
    ("run", "is_read"),
    [
        (RUN, True),
        (RUN.replace("state-data/run", "state-data"), True),
        ("a run", True),
        (RUN.replace("state-data/", "payroll/"), False),
        (RUN.replace("123456789012", "999999999999"), False),
        (RUN.replace("eu-west-1", "eu-west-2"), False),
    ],
    ids=["own", "without a label", "no ARN", "machine", "account", "region"],
)
def test_results_of_another_machines_execution_of_the_same_name_are_not_read(
    store: CountingStore, run: str, *, is_read: bool
) -> None:
    with fresh(store):
        answer = write(store, {"SUCCEEDED": array(record(0, 1, ExecutionArn=None))}, run=run)
        if is_read:
            assert universal_sync_core(CONTEXT, answer, AGGREGATE)["chunk_count"] == 1
        else:
            with pytest.raises(PointerNotAllowedError, match="another state machine"):
                universal_sync_core(CONTEXT, answer, AGGREGATE)


@pytest.mark.parametrize("action", ["sync", "sync_branch", "merge_callback", "merge_async"])
@pytest.mark.usefixtures("store")
def test_a_result_does_not_say_whose_maps_may_be_read(action: str) -> None:
    forged = {"execution_chain": [EXECUTION, "arn:aws:states:eu-west-1:1:execution:m:victim"]}
    with pytest.raises(InvalidRequestError, match="execution_chain"):
        universal_sync_core(CONTEXT, forged, {"action": action})
    for given in (forged, forged | {"resume_from": "s3://b/k"}):
        with pytest.raises(InvalidRequestError, match="execution_chain"):
            first_bag(given, CONTEXT)
