"""The ground a hostile value is sent on: two executions, what each has stored, and who looks."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from urllib.parse import quote

import universal_sync_core as core
from tests.core.places import place
from universal_sync_core.settings import Settings
from universal_sync_core.storage.keys import execution_prefix, items_prefix
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, Part, StoredObject

BUCKET: Final = "hostile-bucket"
ATTACKER: Final = "arn:aws:states:eu-west-1:111122223333:execution:machine:attacker"
VICTIM: Final = "arn:aws:states:eu-west-1:111122223333:execution:machine:victim"
# What nobody but the victim may ever see.
CANARY: Final = "CANARY-of-the-victim"


class WatchedStore(MemoryStore):
    """Notes each request for an object that the attacker may not touch.

    Attributes:
        outside: the paths of those requests.
    """

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.watching = False

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        self._look(location)
        return super().put(location, body, content_encoding=content_encoding)

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        self._look(location)
        return super().get(location, part)

    def exists(self, location: Location) -> bool:
        self._look(location)
        return location in self.objects

    def stream(self, location: Location) -> Iterator[bytes]:
        self._look(location)
        return super().stream(location)

    def _look(self, location: Location) -> None:
        state, items = execution_prefix(Settings(), ATTACKER), items_prefix(Settings(), ATTACKER)
        own = (state, items, "inputs/", "distributed/attacker/")
        if self.watching and not (location.bucket == BUCKET and location.key.startswith(own)):
            self.outside.append(str(location))


@dataclass(slots=True, kw_only=True)
class Ground:
    """What the attacker knows and has.

    Attributes:
        own: pointers of the attacker's with what they stand for.
        foreign: pointers of the victim's.
        manifests: keys of manifests of the victim's.
    """

    store: WatchedStore
    bucket: str = BUCKET
    victim: str = VICTIM
    own: list[tuple[dict[str, Any], Any]] = field(default_factory=list)
    foreign: list[dict[str, Any]] = field(default_factory=list)
    manifests: list[str] = field(default_factory=list)

    def own_path(self, random: Random) -> str:
        """Return a path of the attacker's, of an object that is there."""
        path: str = random.choice(self.own)[0]["__s3_path"]
        return path

    def put(self, document: Any) -> tuple[str, int]:
        """Store a document of the attacker's own making; return its path and its length."""
        body = json.dumps(document, separators=(",", ":")).encode()
        folder = f"v1/{quote(ATTACKER, safe='')}/packs/"
        location = Location(BUCKET, folder + hashlib.sha256(body).hexdigest())
        self.store.objects[location] = StoredObject(body)
        return str(location), len(body)

    def tower(self, levels: int) -> dict[str, Any]:
        """Return a pointer to a list of a hundred times the list below it."""
        value, size = ["x" * 60_000], 60_004
        path, length = self.put({"__page": 1, "kind": "list", "height": 0, "items": value})
        count = 1
        for _ in range(levels):
            form = {"__s3_offloaded": True, "__v": 1, "__kind": "list", **place(path, length)}
            inner = form | {"__size_bytes": size, "__count": count}
            count, size = 100, 100 * (size + 1) + 1
            page = {"__page": 1, "kind": "list", "height": 0, "items": [inner] * count}
            path, length = self.put(page)
        form = {"__s3_offloaded": True, "__v": 1, "__kind": "list", **place(path, length)}
        return form | {"__size_bytes": size, "__count": count}


def ground(store: WatchedStore) -> Ground:
    """Return the ground, with some objects of both executions in the store."""
    made = Ground(store=store)
    for value in ("o" * 500, {"a": ["own"] * 200}, [{"n": n} for n in range(3_000)], 7):
        made.own.append((core.store_to_s3(value, {"execution_id": ATTACKER}), value))
    for secret in (CANARY * 2_000, {"s": CANARY}, [CANARY] * 4_000):
        made.foreign.append(core.store_to_s3(secret, {"execution_id": VICTIM}))
    made.manifests.append(_map_of_the_victim(store))
    return made


def _map_of_the_victim(store: WatchedStore) -> str:
    folder = "distributed/victim/uuid/"
    record = {
        "Input": json.dumps({"item": CANARY, "index": 0}),
        "Error": CANARY,
        "Status": "FAILED",
    }
    files = {"FAILED": [{"Key": f"{folder}FAILED_0.json"}]}
    for name, content in (
        ("FAILED_0.json", [record]),
        ("manifest.json", {"DestinationBucket": BUCKET, "ResultFiles": files}),
    ):
        body = json.dumps(content).encode()
        store.objects[Location(BUCKET, folder + name)] = StoredObject(body)
    return f"{folder}manifest.json"
