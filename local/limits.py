"""The sizes at which AWS refuses, in bytes."""

import json
from datetime import datetime
from typing import Any

# Input and output of a task, a state or an execution, as UTF-8.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
PAYLOAD_BYTES = 262_144

# Events in the history of one execution (same page).
HISTORY_EVENTS = 25_000

# Request and response of a synchronous invocation: 6 MiB, and 100 bytes that Lambda adds to it.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
INVOCATION_BYTES = 6 * 1024 * 1024 + 100


def encode(value: Any) -> bytes:
    """Give a value as Step Functions passes it on: compact JSON in UTF-8."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_text)
    return text.encode("utf-8", "surrogatepass")


def _text(value: Any) -> str:
    """Give a value of an SDK's that JSON does not know, as Step Functions does."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def payload_bytes(value: Any) -> int:
    """Give the size of a value in bytes."""
    return len(encode(value))
