"""The files a Distributed Map's ResultWriter leaves, as Step Functions writes them.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

import json
from typing import Any

from tests.core.bags import BUCKET, CONTEXT, fresh
from universal_sync_core import flatten_result
from universal_sync_core.storage.store import Location, ObjectStore

AGGREGATE = CONTEXT | {"action": "aggregate_distributed"}
RUN = "arn:aws:states:eu-west-1:123456789012:mapRun:state-data/run:6c6b"
FOLDER = "distributed/run-1/6c6b/"


def record(index: int, output: Any = None, **fields: Any) -> dict[str, Any]:
    """Return the record of an item that succeeded, as our ItemSelector passes its input."""
    given = {"execution_id": "run-1", "item": f"item {index}", "index": index}
    return {
        "ExecutionArn": f"{RUN}:{index}",
        "Input": json.dumps(given),
        "InputDetails": {"Included": True},
        "Name": f"name-{index}",
        "Output": json.dumps(output),
        "OutputDetails": {"Included": True},
        "RedriveCount": 0,
        "Status": "SUCCEEDED",
    } | fields


def failed(index: int, **fields: Any) -> dict[str, Any]:
    """Return the record of an item that failed."""
    line = record(index, Status="FAILED", Error="States.TaskFailed", Cause=f"cause {index}")
    return {name: value for name, value in line.items() if "Output" not in name} | fields


def pending(index: int) -> dict[str, Any]:
    """Return the record of an item that was never begun."""
    return {"Input": record(index)["Input"], "Status": "PENDING"}


def array(*records: dict[str, Any]) -> bytes:
    return json.dumps(list(records)).encode()


def lines(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in records)


def write(
    store: ObjectStore,
    files: dict[str, Any],
    *,
    cut: int = 0,
    folder: str = FOLDER,
    run: str = RUN,
) -> dict[str, Any]:
    """Store files under their outcomes and a manifest of them; return what the Map answers.

    Args:
        store: where to.
        files: the body of a file, or those of several, by outcome.
        cut: bytes that each file has lost since the manifest was written.
        folder: key prefix of all of them.
        run: the ARN of the Map Run, as the manifest tells it.
    """
    listed: dict[str, list[dict[str, Any]]] = {"SUCCEEDED": [], "FAILED": [], "PENDING": []}
    for outcome, given in files.items():
        for number, body in enumerate(given if isinstance(given, list) else [given]):
            key = f"{folder}{outcome}_{number}.json"
            store.put(Location(BUCKET, key), body)
            listed[outcome].append({"Key": key, "Size": len(body) + cut})
    manifest = {"DestinationBucket": BUCKET, "MapRunArn": run, "ResultFiles": listed}
    return write_manifest(store, json.dumps(manifest).encode(), folder)


def write_manifest(store: ObjectStore, body: bytes, folder: str = FOLDER) -> dict[str, Any]:
    key = f"{folder}manifest.json"
    store.put(Location(BUCKET, key), body)
    return {"MapRunArn": RUN, "ResultWriterDetails": {"Bucket": BUCKET, "Key": key}}


def flattened(store: ObjectStore, files: dict[str, Any]) -> dict[str, Any]:
    """Return the delta that the results of these files give."""
    with fresh(store):
        return flatten_result(write(store, files), CONTEXT)
