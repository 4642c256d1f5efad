"""A Distributed Map in memory: its children, and the files that a ResultWriter leaves."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from universal_sync_core import store_result
from universal_sync_core.storage.keys import results_prefix
from universal_sync_core.storage.runtime import Runtime
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import Json, JsonObject

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
        body = self._space.store.get(Location(place["bucket"], place["key"])).body
        size = place["items_per_batch"]
        records = [self._child(item, index, size) for index, item in enumerate(json.loads(body))]
        return {"ResultWriterDetails": self._written(records, execution_id, number)}

    def _child(self, item: Json, index: int, per_batch: int) -> JsonObject:
        """Return the record of a child."""
        given: JsonObject = {"execution_id": self._owner, "item": item, "index": index}
        given["items_per_batch"] = per_batch
        record: JsonObject = {"Input": json.dumps(given), "Name": f"item-{index}"}
        event = {"action": "run_segment", **given}
        owner = {"execution_id": self._owner}
        try:
            answer = self._tasks.called(self._handler, event, None, caught="")
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
