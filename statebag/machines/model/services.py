"""What a Task calls, and whether its answer has a bound.

Bounds go by the operation's name: what gets, lists or queries answers as much as there is, what
puts, starts or deletes answers a receipt.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from universal_sync_core.limits import KIB


class Integration(Enum):
    """How a Task reaches what it calls."""

    LAMBDA = auto()
    LAMBDA_ARN = auto()
    SERVICE = auto()
    ACTIVITY = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a Task calls.

    Attributes:
        integration: how.
        name: for people, such as `dynamodb:query`.
        most: bound of its answer in bytes; None where it has none.
        waits: whether the answer is sent by whoever has the task token.
        limit: the parameter that bounds a page of its answer, if it has one.
    """

    integration: Integration
    name: str
    most: int | None = None
    waits: bool = False
    limit: str | None = None


_RESOURCE: Final = re.compile(
    r"arn:[^:]*:states:[^:]*:[^:]*:(?P<service>(?:aws-sdk:)?[^:.]+):(?P<operation>[^:.]+)(?:\.(?P<pattern>.+))?"
)
# `arn:${AWS::Partition}:states:::lambda:invoke` has colons of its own.
_SUBSTITUTION: Final = re.compile(r"\$\{[^{}]*+\}")
_STANDS_FOR: Final = "-"
_FUNCTION: Final = re.compile(r"arn:[^:]*+:lambda:|.*?:function:")
_OF_TERRAFORM: Final = re.compile(r"\$\{aws_lambda_function\.[^{}]++\}")
_ACTIVITY: Final = re.compile(r"arn:[^:]*:states:[^:]*:[^:]*:activity:.*")
# A receipt is identifiers, and SdkHttpMetadata with the headers.
_RECEIPT: Final = 4 * KIB
_JOB: Final = 16 * KIB
_RECEIPTS: Final = re.compile(
    r"(?:put|start|send|publish|delete|update|create|tag|untag|stop|cancel|add|remove|register|attach|detach"
    r"|enable|disable|modify|set|copy|restore|terminate|reboot|associate|disassociate|run|submit|notify"
    r"|authorize|revoke|complete|abort|invalidate|purge|change|upload|write|record|signal|post|accept|reject"
    r"|assume|head|reset|resume|transactWrite)"
)
# These answer an entry for each of hundreds of things that they are given.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
# https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
_OF_EACH: Final = {
    "deleteObjects",
    "putRecordBatch",
    "putRecords",
    "runInstances",
    "startInstances",
    "stopInstances",
    "terminateInstances",
}
# These read a name, or a value of at most 8 KB.
# https://docs.aws.amazon.com/general/latest/gr/ssm.html
_READ_LITTLE: Final = {"getCallerIdentity", "getParameter", "getQueueUrl"}
# These start something and wait for what it answers.
_WAITS_FOR_ANSWER: Final = {"startSyncExecution", "batchExecuteStatement"}
# Of this service they do not wait: they answer an id.
# https://docs.aws.amazon.com/redshift-data/latest/APIReference/API_ExecuteStatement.html
_STATEMENTS: Final = {"batchExecuteStatement", "executeStatement"}
_LIMITS: Final = {
    "dynamodb": "Limit",
    "s3": "MaxKeys",
    "athena": "MaxResults",
    "cloudwatchlogs": "Limit",
}


def service_of(resource: str) -> Service:
    """Return what the Resource of a Task stands for; what cannot be told is a service."""
    is_function = _OF_TERRAFORM.fullmatch(resource)
    resource = _SUBSTITUTION.sub(_STANDS_FOR, resource)
    if _ACTIVITY.fullmatch(resource):
        return Service(integration=Integration.ACTIVITY, name="activity", waits=True)
    found = _RESOURCE.fullmatch(resource)
    if found:
        return _integration(found["service"], found["operation"], found["pattern"] or "")
    if is_function or _FUNCTION.match(resource):
        return Service(integration=Integration.LAMBDA_ARN, name="lambda")
    return Service(integration=Integration.UNKNOWN, name="a substitution")


def _integration(service: str, operation: str, pattern: str) -> Service:
    name = f"{service.removeprefix('aws-sdk:')}:{operation}{'.' if pattern else ''}{pattern}"
    waits = pattern.startswith("waitForTaskToken")
    if service == "lambda" and operation == "invoke":
        return Service(integration=Integration.LAMBDA, name=name, waits=waits)
    return Service(
        integration=Integration.SERVICE,
        name=name,
        most=None if waits else _bound(service, operation, pattern),
        waits=waits,
        limit=_limit(service.removeprefix("aws-sdk:"), operation),
    )


def _bound(service: str, operation: str, pattern: str) -> int | None:
    if service in {"http", "apigateway", "eks", "bedrock"}:
        return None  # whatever the other side says
    if pattern.startswith("sync"):
        # A nested execution answers its input and its output.
        return None if service == "states" else _JOB
    if operation in _READ_LITTLE:
        return _JOB
    if service == "aws-sdk:redshiftdata" and operation in _STATEMENTS:
        return _RECEIPT
    if operation in _WAITS_FOR_ANSWER | _OF_EACH or not _RECEIPTS.match(operation):
        return None
    return _RECEIPT


def _limit(service: str, operation: str) -> str | None:
    pages = operation.startswith(("list", "query", "scan", "get", "describe", "search", "filter"))
    is_single = operation in {"getItem", "getObject", "getParameter", "getSecretValue"}
    return _LIMITS.get(service, "MaxResults") if pages and not is_single else None
