"""What AWS allows: sizes, counts and names, each with its source.

If AWS raises a quota, change one line here.
"""

import re
from functools import lru_cache
from typing import Final

KIB: Final = 1024

# Input or output of a task, a state or an execution, in UTF-8.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
STEP_FUNCTIONS_PAYLOAD_BYTES: Final = 262_144
# Events in the history of one execution, the longest that it may run, children of a Map Run at
# once, and days for which an execution is listed after its end.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
STEP_FUNCTIONS_HISTORY_EVENTS: Final = 25_000
STEP_FUNCTIONS_EXECUTION_SECONDS: Final = 31_536_000
STEP_FUNCTIONS_MAP_CONCURRENCY: Final = 10_000
# Iterations of an inline Map at once.
# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
STEP_FUNCTIONS_INLINE_CONCURRENCY: Final = 40
STEP_FUNCTIONS_KEPT_DAYS: Final = 90
# Days in which a failed execution can be redriven.
# https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
STEP_FUNCTIONS_REDRIVABLE_DAYS: Final = 14
# The name of an execution.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
STEP_FUNCTIONS_NAME_CHARS: Final = 80
# The error and cause of a failure, and the token of a task, in UTF-16 units.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html
STEP_FUNCTIONS_ERROR_CHARS: Final = 256
STEP_FUNCTIONS_CAUSE_CHARS: Final = 32_768
STEP_FUNCTIONS_TOKEN_CHARS: Final = 2_048

# Request and response of a synchronous invocation.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LAMBDA_PAYLOAD_BYTES: Final = 6 * KIB * KIB
# How long a function may run, and how large its code and layers are when unpacked.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LAMBDA_TIMEOUT_SECONDS: Final = 900
LAMBDA_UNPACKED_BYTES: Final = 250 * KIB * KIB
# Functions that an account runs at once, unless it has asked for a higher quota.
LAMBDA_CONCURRENCY: Final = 1_000

# The size of an event on a bus.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
EVENTBRIDGE_EVENT_BYTES: Final = 256 * KIB

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
S3_KEY_BYTES: Final = 1_024

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# Names that no bucket can have, or that cannot be written to. The alias of an access point, which
# ends in -s3alias, works like a bucket in every request of this package.
_NO_BUCKET: Final = re.compile(
    r"\d+(?:\.\d+){3}|.*\.\..*|(?:xn--|sthree-|amzn-s3-demo-).*|.*(?:\.mrap|--ol-s3|--table-s3)"
)
# S3 takes them literally; a proxy or another server may not.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_RELATIVE: Final = re.compile(r"(?:^|/)\.\.?(?:/|$)")


# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
_STATE_MACHINE: Final = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:stateMachine:[^:]+")


@lru_cache(maxsize=16)
def is_bucket(name: str) -> bool:
    """Tell whether a bucket can have that name, or an access point that alias."""
    return _BUCKET.fullmatch(name) is not None and _NO_BUCKET.fullmatch(name) is None


def is_relative(key: str) -> bool:
    """Tell whether a segment of a key is `.` or `..`."""
    return _RELATIVE.search(key) is not None


def is_state_machine(arn: str) -> bool:
    """Tell whether a string is the ARN of a state machine."""
    return _STATE_MACHINE.fullmatch(arn) is not None


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html
ARN_CHARS: Final = 2_048
