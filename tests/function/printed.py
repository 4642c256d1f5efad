"""What the function has printed: metrics and log lines."""

import json
from typing import Any

import pytest

SECRET = "a-secret-of-the-state"  # noqa: S105 - it opens nothing


Output = pytest.CaptureFixture[str]


def lines(output: Output) -> list[dict[str, Any]]:
    """Return what the handler printed, which is JSON line by line."""
    return [json.loads(line) for line in output.readouterr().out.splitlines()]


def emf(output: Output) -> dict[str, Any]:
    """Return the one line of metrics an action leaves."""
    (metrics,) = [line for line in lines(output) if "PayloadBytesIn" in line]
    return metrics
