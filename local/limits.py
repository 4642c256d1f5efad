"""The sizes at which AWS refuses, in bytes."""

import json
from datetime import datetime
from typing import Any

from universal_sync_core.limits import LAMBDA_PAYLOAD_BYTES
from universal_sync_core.limits import STEP_FUNCTIONS_HISTORY_EVENTS as HISTORY_EVENTS
from universal_sync_core.limits import STEP_FUNCTIONS_PAYLOAD_BYTES as PAYLOAD_BYTES

__all__ = ["HISTORY_EVENTS", "INVOCATION_BYTES", "PAYLOAD_BYTES", "encode", "payload_bytes"]

# Lambda adds 100 bytes to it.
INVOCATION_BYTES = LAMBDA_PAYLOAD_BYTES + 100


def encode(value: Any) -> bytes:
    """Return a value as Step Functions passes it on: compact JSON in UTF-8."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_text)
    return text.encode("utf-8", "surrogatepass")


def _text(value: Any) -> str:
    """Return a value of an SDK's that JSON does not know, as Step Functions does."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def payload_bytes(value: Any) -> int:
    """Return the size of a value in bytes."""
    return len(encode(value))
