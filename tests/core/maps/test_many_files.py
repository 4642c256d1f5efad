"""A small manifest makes no endless run: each of its files is a request."""

import json
from typing import Any

import pytest

from tests.core.bags import EXECUTION, fresh, synced
from tests.core.fakes import CountingStore
from universal_sync_core import stage_items
from universal_sync_core.errors import StateTooLargeError
from universal_sync_core.maps import item_manifests
from universal_sync_core.storage.store import Location

FILE = "inputs/empty.csv"


def athena(count: int) -> tuple[bytes, dict[str, Any]]:
    body = f"s3://state-bucket/{FILE}\n" * count
    return body.encode(), {"manifest_type": "ATHENA_DATA", "input_type": "CSV"}


def inventory(count: int) -> tuple[bytes, dict[str, Any]]:
    manifest = {
        "destinationBucket": "arn:aws:s3:::state-bucket",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key",
        "files": [{"key": FILE}] * count,
    }
    return json.dumps(manifest).encode(), {"manifest_type": "S3_INVENTORY"}


@pytest.mark.parametrize("made", [athena, inventory])
def test_a_manifest_of_more_files_than_a_call_has_time_for_is_refused(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch, made: Any
) -> None:
    monkeypatch.setattr(item_manifests, "MOST_FILES", 3)
    store.put(Location("state-bucket", FILE), b"")
    with fresh(store, allowed_prefixes=("s3://state-bucket/inputs/",)):
        for count in (3, 4):
            body, place = made(count)
            key = f"inputs/{count}"
            store.put(Location("state-bucket", key), body)
            items = {"bucket": "state-bucket", "key": key} | place
            bag = synced({"execution_id": EXECUTION}, {"distributed_items": items})
            if count == 3:
                assert stage_items(bag)["count"] == 0
                continue
            with pytest.raises(StateTooLargeError, match="lists more files") as caught:
                stage_items(bag)
            assert (caught.value.size, caught.value.limit) == (4, 3)
