"""Bags as the core makes them, for the command to look at."""

import json
from typing import Any

from tests.statebag.cloud import BUCKET, arn_of
from universal_sync_core import create_snapshot, universal_sync_core
from universal_sync_core.settings import Settings
from universal_sync_core.storage.keys import execution_prefix
from universal_sync_core.storage.store import Location

RUN = arn_of("run-1")
CONTEXT = {"execution_id": RUN}


def section(number: int) -> dict[str, Any]:
    return {"title": f"Section {number}", "text": f"{number:03} " * 200}


def catalog_bag(execution_id: str = RUN) -> dict[str, Any]:
    """Return a bag with each form that a bag keeps a field in."""
    context = {"execution_id": execution_id}
    first = {
        "execution_id": execution_id,
        "current_state": {
            "title": "API catalog",
            "owner": {"name": "Ada", "api_key": "abc-123", "max_tokens": 512},
            "report": {"sections": [section(number) for number in range(100)]},
        },
        "chunk_results": [{"chunk": number} for number in range(30)],
        "status": "CONTINUE",
    }
    bag = universal_sync_core(None, first, context)
    entries = [{"timestamp": number, "segment_id": number % 7} for number in range(120)]
    return universal_sync_core(bag, {"state_history": entries}, context)


def snapshot_of(bag: dict[str, Any], kind: str = "pre") -> tuple[dict[str, Any], str]:
    """Return the bag with its snapshot, and the path of that."""
    context = {"execution_id": bag["execution_id"]}
    with_path = create_snapshot(bag, kind, context)
    path: str = with_path[f"{kind}_snapshot_s3_path"]
    return with_path, path


def key_prefix(execution_id: str = RUN) -> str:
    return execution_prefix(Settings(bucket=BUCKET), execution_id)


def location_of(path: str) -> Location:
    return Location.parse(path)


def decoded(text: str) -> list[Any]:
    """Return the JSON documents of lines."""
    return [json.loads(line) for line in text.splitlines()]
