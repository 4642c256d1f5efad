"""The boto3 clients that several rooms use, each made at its first use."""

import functools
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_stepfunctions import SFNClient

_CONFIG: Final = Config(
    connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4}
)


@functools.cache
def stepfunctions() -> "SFNClient":
    """Return the client that sends answers and describes executions."""
    return boto3.client("stepfunctions", config=_CONFIG)


@functools.cache
def events() -> "EventBridgeClient":
    """Return the client that announces callbacks."""
    return boto3.client("events", config=_CONFIG)
