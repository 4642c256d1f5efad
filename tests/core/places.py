"""Where documents are: those of others, each the one of a pack of its own, and the core's."""

import json
from typing import Any

import zstandard

from universal_sync_core.packs.frames import documents_in, from_frame
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.address import Address
from universal_sync_core.values.budget import Budget


def alone(path: str, length: int) -> Address:
    """Return where the only document of a pack is."""
    return Address(path, 0, length, path[-64:])


def place(path: str, length: int) -> dict[str, Any]:
    """Return what a pointer to it says of that."""
    return {"__s3_path": path, "__range": [0, length], "__sha256": path[-64:]}


def row(path: str, length: int) -> list[Any]:
    """Return what a row of an index object in the same folder says of that."""
    return [path[-64:], 0, length, path[-64:]]


def lines_of(pack: bytes) -> bytes:
    """Return the JSON lines of a pack, as `zstd -dc` gives them."""
    if not pack.startswith(b"\x28\xb5\x2f\xfd"):
        return pack
    with zstandard.ZstdDecompressor().stream_reader(pack, read_across_frames=True) as lines:
        return lines.read()


def documents_of(store: MemoryStore) -> dict[Address, Any]:
    """Return every document in the packs of a store, as it is stored there."""
    found: dict[Address, Any] = {}
    for location, stored in store.objects.items():
        for at in documents_in(stored.body, str(location)):
            body = from_frame(stored.body[at.start : at.stop], at.path, Budget(2**40, 2**40))
            found[at] = json.loads(body)
    return found
