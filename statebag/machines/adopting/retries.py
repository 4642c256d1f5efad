"""The Retry of an inserted state: `offload` is idempotent, so all that passes is tried again.

The same retriers as those of the stack's own machine for such actions; a test compares them.
"""

from typing import Final

from universal_sync_core.values.codec import JsonObject

RETRIES: Final[list[JsonObject]] = [
    {
        "ErrorEquals": [
            "StoreUnavailableError",
            "StoreThrottledError",
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
            "Lambda.ClientExecutionTimeoutException",
        ],
        "IntervalSeconds": 1,
        "BackoffRate": 2.0,
        "MaxDelaySeconds": 30,
        "MaxAttempts": 8,
        "JitterStrategy": "FULL",
    },
    {
        "ErrorEquals": ["Lambda.TooManyRequestsException"],
        "IntervalSeconds": 1,
        "BackoffRate": 2.0,
        "MaxDelaySeconds": 60,
        "MaxAttempts": 100,
        "JitterStrategy": "FULL",
    },
    {
        "ErrorEquals": [
            "Lambda.SnapStartNotReadyException",
            "Lambda.SnapStartTimeoutException",
            "Lambda.SnapStartException",
            "Lambda.ResourceNotReadyException",
        ],
        "IntervalSeconds": 5,
        "BackoffRate": 1.5,
        "MaxDelaySeconds": 30,
        "MaxAttempts": 20,
        "JitterStrategy": "FULL",
    },
    {
        "ErrorEquals": [
            "Sandbox.Timedout",
            "Lambda.Unknown",
            "Runtime.ExitError",
            "States.Timeout",
        ],
        "IntervalSeconds": 2,
        "BackoffRate": 2.0,
        "MaxDelaySeconds": 30,
        "MaxAttempts": 2,
        "JitterStrategy": "FULL",
    },
]

# What is tried again, as Catch knows it: by then all tries have failed.
TRANSIENT: Final = tuple(
    str(error)
    for retrier in RETRIES
    if isinstance(retrier["ErrorEquals"], list)
    for error in retrier["ErrorEquals"]
)
