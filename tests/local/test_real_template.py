"""The real template, deployed, with its built-in runner."""

from collections.abc import Iterator

import pytest

from local.cloud import LocalCloud
from universal_sync_core.retention.inventory import S3Inventory
from universal_sync_core.storage.store import Location


@pytest.fixture(scope="module")
def real() -> Iterator[LocalCloud]:
    with LocalCloud.start() as started:
        yield started


def test_recorded_segments_run_to_the_end(real: LocalCloud) -> None:
    segments = [
        {"status": "CONTINUE", "current_state": {"first": 1}},
        {"status": "COMPLETE", "current_state": {"second": 2}},
    ]
    execution = real.start_execution({"segments": segments}).wait(60)
    assert (execution.status, execution.error) == ("SUCCEEDED", None)
    assert execution.output["state_data"]["current_state"] == {"first": 1, "second": 2}


def test_outputs_name_what_was_deployed(real: LocalCloud) -> None:
    assert real.outputs["StateMachineArn"].endswith(":universal-sync-core-state-data")
    bucket = real.outputs["StateBucketName"]
    assert real.client("s3").head_bucket(Bucket=bucket)
    assert real.outputs["UniversalSyncCoreLayerArn"].endswith(":1")


def test_a_deletion_in_the_state_bucket_can_be_undone(real: LocalCloud) -> None:
    s3, place = real.client("s3"), Location(real.outputs["StateBucketName"], "inputs/deleted.json")
    s3.put_object(Bucket=place.bucket, Key=place.key, Body=b"{}")
    inventory = S3Inventory(s3)
    inventory.delete([place])
    inventory.undelete([place])
    assert inventory.head(place, 2) == b"{}"


def test_what_the_schedules_call_runs_when_it_is_asked_to(real: LocalCloud) -> None:
    (answer,) = real.run_schedules()
    assert answer["failed"] == []
    assert not answer["dry_run"]
