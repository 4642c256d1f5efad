"""A bag may say anything: no command reads another execution's state because of it."""

from typing import Any

import pytest

from statebag.errors import USAGE
from tests.statebag.cloud import BUCKET, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.histories import History
from tests.statebag.states import CONTEXT, RUN, catalog_bag, key_prefix, snapshot_of
from universal_sync_core import record_failure, store_to_s3

VICTIM = arn_of("victim")
THEIRS = "of the victim "
FIELDS = (
    *("current_state", "state_history", "chunk_results", "failed_segments", "execution_chain"),
    *("pre_snapshot_s3_path", "post_snapshot_s3_path", "branch_results", "branch", "stopped_by"),
    *("distributed_items", "distributed_outputs", "wait_state", "prompt", "pending_branches"),
)
# Fields that count as a part of a bag's form, and what they stand for.
FORMS = {
    "state_s3_path": "state_s3_path",
    "state_history_archive": "state_history",
    "chunk_results_s3_path": "chunk_results",
    "scheduling_metadata_s3_path": "scheduling_metadata",
    "unfinished_map": "unfinished_map",
}
COMMANDS = (
    *("show", "history", "verify", "failure", "snapshots", "timeline", "cost", "watch"),
    *("callbacks list", "diff", "resume"),
    pytest.param("report", marks=pytest.mark.slow),
)


@pytest.fixture
def path(cloud: FakeCloud) -> str:
    """A snapshot of another execution, which has failed."""
    bag, path = snapshot_of(catalog_bag(VICTIM))
    report = record_failure(bag, {"Error": "E", "Cause": THEIRS}, {"execution_id": VICTIM})
    cloud.states.add("victim", "FAILED", input={}, error="E", cause=report["cause"])
    return path


def forged(path: str) -> list[dict[str, Any]]:
    """Return fields that lead, or try to lead, to what the victim has stored."""
    pointer = store_to_s3({"s": THEIRS * 3_000}, {"execution_id": VICTIM})
    own = f"s3://{BUCKET}/{key_prefix()}packs/"
    escaping = f"{own}../../{path.split('/v1/')[1]}"
    elsewhere = path.replace("s3://", "s3://other-")
    values: list[Any] = [
        *(pointer, pointer | {"__s3_path": escaping}, pointer | {"__s3_path": elsewhere}),
        *(path, escaping, elsewhere, VICTIM, [VICTIM, RUN]),
        {"s3_path": path, "record_s3_path": path, "execution_arn": VICTIM, "name": "victim"},
    ]
    forms = [
        {name: value | {"of_field": field}} for name, field in FORMS.items() for value in values[:3]
    ]
    return [*({field: value} for field in FIELDS for value in values), *forms]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_leaves_the_state_of_its_execution(
    run: Run, cloud: FakeCloud, path: str, command: str
) -> None:
    made, _ = snapshot_of(catalog_bag())
    own = record_failure(made, {"Error": "E", "Cause": "C"}, CONTEXT)
    cloud.functions.answer = {"failure": own, "state_data": made}
    arguments = (*command.split(), RUN)
    for fields in forged(path):
        history = History()
        history.enter("RunSegment", {"state_data": made | fields})
        cloud.states.add("run-1", "FAILED", events=history.events, input={}, error="E", cause="C")
        cloud.store.reset()

        ran = run(*arguments, *([RUN] if command == "diff" else []))

        assert ran.code != USAGE
        asked = [*cloud.store.gets, *cloud.store.puts, *cloud.store.heads]
        assert [at for at in asked if not at.key.startswith(key_prefix())] == [], fields
        assert {at.bucket for at in asked} <= {BUCKET}, fields
        assert THEIRS not in ran.out + ran.err, fields
