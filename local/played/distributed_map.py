"""A Distributed Map in memory: its children, and the files that a ResultWriter leaves."""

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from universal_sync_core import store_result
from universal_sync_core.storage.keys import results_prefix
from universal_sync_core.storage.runtime import Runtime
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import Json, JsonObject

from ..parquet import rows_of
from .lambda_context import LambdaContext
from .tasks import Tasks
from .workflow_run import FailedStateError

Handler: TypeAlias = Callable[[JsonObject, Any], Json]


class DistributedMap:
    """Runs one map."""

    def __init__(self, space: Runtime, tasks: Tasks, handler: Handler, owner: str) -> None:
        """Run the map of a bag that `owner` began, with the handler of a worker."""
        self._space = space
        self._tasks = tasks
        self._handler = handler
        self._owner = owner

    def run(self, place: JsonObject, execution_id: str, number: int) -> JsonObject:
        """Return the result of the map.

        Args:
            place: what `stage_items` told.
            execution_id: in which it runs.
            number: what tells it from other maps of that execution.
        """
        size = place["items_per_batch"]
        body = self._body(Location(place["bucket"], place["key"]))
        if place["input_type"] == "PARQUET":
            children = [self._batch(rows, size) for rows in self._batches(body, size)]
        else:
            children = [self._item(*each, size) for each in enumerate(json.loads(body))]
        records = [self._child(given, taken) for given, taken in children]
        return {"ResultWriterDetails": self._written(records, execution_id, number)}

    def _body(self, at: Location) -> bytes:
        return self._space.store.get(at).body

    def _batches(self, manifest: bytes, size: int) -> Iterator[list[JsonObject]]:
        """Yield the rows of the files that a manifest lists, as an ItemBatcher gives them."""
        files = (Location.parse(path) for path in manifest.decode().split("\n") if path)
        rows = [row for file in files for row in rows_of(self._body(file))]
        selected = [{"item": row, "index": index} for index, row in enumerate(rows)]
        yield from (selected[start : start + size] for start in range(0, len(rows), size))

    def _item(self, index: int, item: Json, per_batch: int) -> tuple[JsonObject, JsonObject]:
        """Return what a child is given, and its worker of that: the same."""
        given: JsonObject = {"execution_id": self._owner, "item": item, "index": index}
        given["items_per_batch"] = per_batch
        return given, given

    def _batch(self, rows: list[JsonObject], per_batch: int) -> tuple[JsonObject, JsonObject]:
        """Return what a child is given of files that Step Functions reads, and its worker."""
        shared = {"execution_id": self._owner, "items_per_batch": per_batch}
        item = rows[0]["item"] if per_batch == 1 else [row["item"] for row in rows]
        given = {"BatchInput": shared, "Items": rows}
        return given, {**shared, "item": item, "index": rows[0]["index"]}

    def _child(self, given: JsonObject, taken: JsonObject) -> JsonObject:
        """Return the record of a child.

        Args:
            given: its input.
            taken: what its worker is given of that.
        """
        record: JsonObject = {"Input": json.dumps(given), "Name": f"item-{taken['index']}"}
        event = {"action": "run_segment", **taken}
        owner = {"execution_id": self._owner}
        try:
            answer = self._tasks.called(self._handler, event, LambdaContext(), caught="")
            pointer = self._tasks.called(store_result, answer, owner, caught="")
        except FailedStateError as failed:
            return record | {"Status": "FAILED", **failed.failure}
        return record | {"Status": "SUCCEEDED", "Output": json.dumps(pointer)}

    def _written(self, records: list[JsonObject], execution_id: str, number: int) -> JsonObject:
        """Store what a ResultWriter leaves; return where its manifest is."""
        prefix = results_prefix(self._space.settings, execution_id)
        folder = Location.parse(f"{prefix}{number}/manifest.json")
        files: JsonObject = {"SUCCEEDED": [], "FAILED": [], "PENDING": []}
        for outcome in ("SUCCEEDED", "FAILED"):
            lines = [record for record in records if record["Status"] == outcome]
            body = json.dumps(lines).encode()
            key = folder.key.replace("manifest", f"{outcome}_0")
            self._space.store.put(Location(folder.bucket, key), body)
            files[outcome] += [{"Key": key, "Size": len(body)}] if lines else []
        manifest = {"DestinationBucket": folder.bucket, "ResultFiles": files}
        self._space.store.put(folder, json.dumps(manifest).encode())
        return {"Bucket": folder.bucket, "Key": folder.key}
