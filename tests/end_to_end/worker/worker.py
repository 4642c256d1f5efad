"""A worker that does what the segment it is at asks for, well or badly."""

import time
from typing import Any

from universal_sync_core import hydrate_state, store_to_s3


def handler(event: Any, _context: Any) -> Any:
    """Run a segment; what is no instruction is its result."""
    bag = event["state_data"]
    position = bag["segment_to_run"]
    segments = hydrate_state(bag, ["segments"])["segments"]
    segment = segments[position]
    if not isinstance(segment, dict) or "worker" not in segment:
        return segment
    return getattr(Instructions, segment["worker"])(segment, bag)


class Instructions:
    """What a segment may ask for, by the name in `worker`."""

    @staticmethod
    def raises(segment: Any, _bag: Any) -> Any:
        """End with an error of the user's own."""
        raise ModelUnreadableError(segment["message"])

    @staticmethod
    def raises_until_resumed(segment: Any, bag: Any) -> Any:
        """End with an error, until somebody has mended what was wrong and resumed."""
        if "execution_chain" not in bag:
            raise ModelUnreadableError("not yet")
        return segment["result"]

    @staticmethod
    def sleeps(segment: Any, _bag: Any) -> Any:
        """Take longer than a function may."""
        time.sleep(segment["seconds"])

    @staticmethod
    def answers(segment: Any, _bag: Any) -> Any:
        """Give a result of so many bytes as it is."""
        return {"current_state": {"report": "x" * segment["bytes"]}}

    @staticmethod
    def stores(segment: Any, bag: Any) -> Any:
        """Give a result of so many bytes as a pointer to it."""
        report = store_to_s3("x" * segment["bytes"], {"execution_id": bag["execution_id"]})
        return {"current_state": {"report": report}}

    @staticmethod
    def points_elsewhere(_segment: Any, _bag: Any) -> Any:
        """Give a pointer to what this execution may not read."""
        path = f"s3://elsewhere/v1/another/packs/{'0' * 64}"
        pointer = {"__s3_offloaded": True, "__v": 1, "__kind": "value", "__s3_path": path}
        pointer |= {"__range": [0, 3], "__sha256": "0" * 64}
        return {"current_state": pointer | {"__size_bytes": 3}}


class ModelUnreadableError(Exception):
    """Something only this worker knows of."""
