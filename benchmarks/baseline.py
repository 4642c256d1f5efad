"""The pipeline as first designed, written out plainly: what the product is measured against.

Everything is copied deeply, every size is asked of the standard library's JSON, a field over the
threshold is uploaded whole each time under a new key, and one request follows another.
"""

import copy
import json
from typing import Any, Final

from universal_sync_core.limits import KIB
from universal_sync_core.storage.store import Location, ObjectStore

FIELD_BYTES: Final = 30 * KIB
STATE_BYTES: Final = 100 * KIB
BOUND_BYTES: Final = 150 * KIB
POINTER: Final = "__s3_path"


class FirstDesign:
    """Merges results into a bag, one whole field at a time."""

    def __init__(self, store: ObjectStore, bucket: str, append: tuple[str, ...] = ()) -> None:
        """Offload to `bucket`; lists of `current_state` named in `append` grow."""
        self._store = store
        self._bucket = bucket
        self._append = append
        self._written = 0

    def sync(self, bag: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        """Return the bag with a result merged in."""
        merged = copy.deepcopy(bag)
        delta = copy.deepcopy(result)
        state = self._loaded(merged.get("current_state", {}))
        merged["current_state"] = self._merged(state, delta.pop("current_state", {}))
        history = self._loaded(merged.get("state_history", []))
        known = [json.dumps(entry, sort_keys=True) for entry in history]
        for entry in delta.pop("state_history", []):
            if json.dumps(entry, sort_keys=True) not in known:
                history.append(entry)
        merged["state_history"] = history
        merged.update(delta)
        return self._offloaded(merged)

    def hydrate(self, bag: dict[str, Any]) -> dict[str, Any]:
        """Return the bag with its fields loaded, one after another."""
        whole = {name: self._loaded(value) for name, value in bag.items()}
        state = whole.get("current_state", {})
        whole["current_state"] = {name: self._loaded(value) for name, value in state.items()}
        return whole

    def _merged(self, base: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
        for name, value in delta.items():
            before = self._loaded(base.get(name))
            if name in self._append and isinstance(before, list):
                base[name] = before + value
            elif isinstance(before, dict) and isinstance(value, dict):
                base[name] = self._merged(before, value)
            else:
                base[name] = value
        return base

    def _offloaded(self, merged: dict[str, Any]) -> dict[str, Any]:
        """Return the bag after each step of the design has looked at its size."""
        bag = copy.deepcopy(merged)
        state = bag["current_state"]
        for fields in (state, bag):
            for name, value in fields.items():
                if name != "current_state" and size_of(value) > FIELD_BYTES:
                    fields[name] = self._stored(value)
        if size_of(state) > STATE_BYTES:
            bag["current_state"] = self._stored(state)
        bag = without_bloat(bag)
        while size_of(bag) > BOUND_BYTES:
            largest = max(
                bag["current_state"], key=lambda name: size_of(bag["current_state"][name])
            )
            bag["current_state"][largest] = self._stored(bag["current_state"][largest])
        bag["payload_size_kb"] = size_of(bag) / KIB
        return bag

    def _stored(self, value: Any) -> Any:
        self._written += 1
        location = Location(self._bucket, f"first-design/{self._written}.json")
        self._store.put(location, json.dumps(value).encode())
        return {POINTER: str(location)}

    def _loaded(self, value: Any) -> Any:
        if not isinstance(value, dict) or value.keys() != {POINTER}:
            return value
        return json.loads(self._store.get(Location.parse(value[POINTER])).body)


def without_bloat(bag: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of the bag whose long lists of results keep a sample."""
    slim = copy.deepcopy(bag)
    for name, entries in (("chunk_results", 10), ("failed_segments", 5)):
        if name in slim and size_of(slim) > BOUND_BYTES:
            slim[name] = slim[name][:entries]
    return slim


def size_of(value: Any) -> int:
    """Return the length of a value's JSON."""
    return len(json.dumps(value))
