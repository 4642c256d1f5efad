"""What nobody of a stack may do, whatever it holds."""

from collections.abc import Iterator
from typing import Final

from tests.iam.intrinsics import STACK
from tests.iam.needs import DIGEST
from tests.iam.proof import Need
from tests.iam.stack import Stack, Statement

EXECUTION: Final = "v1/arn%3Aaws%3Astates%3Aus-east-1%3A123456789012%3Aexecution%3Am%3Ae/"
STATE: Final = f"{EXECUTION}packs/{DIGEST}"
RECORD: Final = f"{EXECUTION}callbacks/{DIGEST}.json"
ANSWER: Final = f"{EXECUTION}callbacks/{DIGEST}.answer.json"
ITEMS: Final = f"items/{DIGEST[:32]}/{DIGEST}.json"
RESULTS: Final = "distributed/e/manifest.json"
INPUT: Final = "inputs/catalog.json"
MARK: Final = f"{EXECUTION}executions/{DIGEST[:32]}.began.json"
WAITING: Final = f"jobs/waiting/{DIGEST}/1.json"
JOB_ENDED: Final = f"jobs/ended/{DIGEST}/1.json"
ENDED: Final = f"ended/2025-11-23/034213-{DIGEST[:32]}.json"
CREATES: Final = (("s3:if-none-match", "*"),)
# Of no stack: who may do everything in S3, for other reasons.
ADMINISTRATOR: Final = Statement(
    holder="administrator",
    sid="Everything",
    body={"Sid": "Everything", "Effect": "Allow", "Action": "s3:*", "Resource": "*"},
)
_OF_JOBS: Final = (WAITING, JOB_ENDED)
_KEPT: Final = (STATE, RECORD, ANSWER, ITEMS, RESULTS, MARK, ENDED, *_OF_JOBS)
# By who may delete, what not even they may.
_NOT_DELETED: Final = {"retention": (RESULTS, INPUT, *_OF_JOBS)}
# By who holds what, the keys that may not be read, and those that may not be created.
_NOT_READ: Final = {
    "function": (),
    "callbacks": (STATE, ITEMS, RESULTS, INPUT, MARK, ENDED, *_OF_JOBS),
    "jobs": (STATE, ITEMS, RESULTS, INPUT, MARK, ENDED),
    "retention": (STATE, RECORD, ANSWER, ITEMS, RESULTS, INPUT, *_OF_JOBS),
    "worker": (RECORD, ANSWER, ITEMS, RESULTS, MARK, ENDED, *_OF_JOBS),
    "machine": (STATE, RECORD, ANSWER, MARK, ENDED, *_OF_JOBS),
    "administrator": (RECORD, ANSWER, *_OF_JOBS),
}
_NOT_CREATED: Final = {
    "function": (RESULTS, INPUT, JOB_ENDED),
    "callbacks": (ITEMS, RESULTS, INPUT, MARK, ENDED, *_OF_JOBS),
    "jobs": (ITEMS, RESULTS, INPUT, MARK, ENDED, WAITING),
    "retention": (STATE, RECORD, ANSWER, ITEMS, RESULTS, INPUT, *_OF_JOBS),
    "worker": (RECORD, ANSWER, ITEMS, RESULTS, INPUT, MARK, ENDED, *_OF_JOBS),
    "machine": (STATE, RECORD, ANSWER, ITEMS, INPUT, MARK, ENDED, *_OF_JOBS),
    "administrator": (RECORD, ANSWER, *_OF_JOBS),
}


def forbidden(stack: Stack) -> list[Need]:
    """Return calls that a stack, and an administrator of the account, may not make."""
    holders = [each for each in _NOT_READ if each in stack.holders]
    return [call for holder in holders for call in _of_holder(stack, holder)]


def _of_holder(stack: Stack, holder: str) -> Iterator[Need]:
    yield from _in_bucket(stack, holder)
    if holder != "administrator":
        yield from _elsewhere(stack, holder)


def _in_bucket(stack: Stack, holder: str) -> Iterator[Need]:
    def on(action: str, key: str, context: tuple[tuple[str, str], ...] = ()) -> Need:
        resource = f"{stack.bucket}/{stack.resolver.parameters['StatePrefix']}{key}"
        return Need(holder=holder, action=action, resource=resource, context=context)

    for key in _NOT_READ[holder]:
        yield on("s3:GetObject", key)
        yield on("s3:GetObjectVersion", key)
    for key in _NOT_CREATED[holder]:
        yield on("s3:PutObject", key, CREATES)
    for key in (STATE, RECORD, ANSWER, ITEMS, MARK, ENDED, *_OF_JOBS):
        yield on("s3:PutObject", key)
    for key in _KEPT:
        yield on("s3:DeleteObjectVersion", key)
    for key in _NOT_DELETED.get(holder, _KEPT):
        yield on("s3:DeleteObject", key)
    without_tls = (("aws:SecureTransport", "false"),)
    yield on("s3:GetObject", INPUT, without_tls)
    yield on("s3:PutObject", STATE, CREATES + without_tls)
    listing = Need(holder=holder, action="s3:ListBucket", resource=stack.bucket)
    if holder in ("worker", "machine"):
        yield listing
    else:
        yield Need(
            holder=holder, action="s3:ListBucket", resource=stack.bucket, context=without_tls
        )


def _elsewhere(stack: Stack, holder: str) -> Iterator[Need]:
    """Yield calls on what is not the stack's: buckets, prefixes, buses, machines, keys."""
    place = stack.deployment.place
    machine, execution = f"{STACK}-state-data-2", f"{STACK}-state-data-2:e"
    calls = [
        ("s3:GetObject", place.arn("s3", f"another-bucket/{STATE}")),
        ("s3:PutObject", place.arn("s3", f"another-bucket/{STATE}")),
        ("s3:GetObject", f"{stack.bucket}/another/prefix/{STATE}"),
        ("s3:PutBucketPolicy", stack.bucket),
        ("s3:DeleteBucketPolicy", stack.bucket),
        ("s3:PutLifecycleConfiguration", stack.bucket),
        ("events:PutEvents", place.arn("events", "event-bus/another")),
        ("states:StartExecution", place.arn("states", f"stateMachine:{machine}")),
        ("states:StopExecution", place.arn("states", f"execution:{execution}")),
        ("states:DescribeExecution", place.arn("states", f"execution:{execution}")),
        ("states:GetExecutionHistory", place.arn("states", f"execution:{execution}")),
        ("lambda:InvokeFunction", place.arn("lambda", "function:another")),
        ("lambda:UpdateFunctionCode", stack.resolver.attribute("StateDataManagerFunction", "Arn")),
        ("kms:Decrypt", place.arn("kms", "key/99999999-2222-3333-4444-555555555555")),
        ("sts:AssumeRole", stack.principal("function")),
    ]
    if holder != "machine":
        calls.append(("states:StartExecution", stack.resolver.named("StateDataStateMachine")))
    if holder != "function" or "ServicePolicyArn" not in stack.deployment.parameters:
        calls.append(("dynamodb:ListTables", "*"))
    if holder in ("worker", "machine"):
        calls.append(("states:SendTaskSuccess", "*"))
    if holder != "function":
        calls.append(("events:PutEvents", place.arn("events", "event-bus/default")))
    if "SnapStart" in stack.deployment.parameters or holder != "machine":
        function = stack.resolver.attribute("StateDataManagerFunction", "Arn")
        calls.append(("lambda:InvokeFunction", function))
    for action, resource in calls:
        yield Need(holder=holder, action=action, resource=resource, context=CREATES)
    key = stack.resolver.parameters["KmsKeyArn"]
    if holder == "worker" and key:
        elsewhere = ("kms:EncryptionContext:aws:s3:arn", place.arn("s3", "another-bucket"))
        history = ("kms:EncryptionContext:aws:states:stateMachineArn", machine)
        for context in (elsewhere, history):
            yield Need(holder=holder, action="kms:Decrypt", resource=key, context=(context,))
