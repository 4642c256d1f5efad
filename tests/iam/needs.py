"""What each role needs: the calls that were recorded, and what AWS's pages say of its own."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, Final

from local.access.calls import Call
from tests.iam.intrinsics import ACCOUNT, STACK
from tests.iam.proof import Need
from tests.iam.stack import OPERATOR, WORKER, Stack, Statement

DIGEST: Final = "0" * 64
EXECUTION: Final = f"{STACK}-state-data:run-1"
# By whose log group it is, who writes to it.
_FUNCTIONS: Final = {
    "StateDataManager": "function",
    "Callback": "callbacks",
    "JobEvents": "jobs",
    "Retention": "retention",
}
# The role of a recorded call by a part of its name.
_HOLDERS: Final = {
    "StateDataManagerFunctionRole": "function",
    "CallbackFunctionRole": "callbacks",
    "JobEventsFunctionRole": "jobs",
    "RetentionFunctionRole": "retention",
    "Worker-role": WORKER,
    OPERATOR: OPERATOR,
}
# What no call's permission depends on.
_OF_ONE_RUN: Final = re.compile(r"[0-9a-f]{32,64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WRITES_LOGS: Final = ("logs:CreateLogStream", "logs:PutLogEvents")
# https://docs.aws.amazon.com/xray/latest/devguide/security_iam_id-based-policy-examples.html
_TRACES: Final = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
_SAMPLES: Final = ("xray:GetSamplingRules", "xray:GetSamplingTargets")
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
_DELIVERS_LOGS: Final = (
    "logs:CreateLogDelivery",
    "logs:CreateLogStream",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutLogEvents",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
_AWAITING_RULE: Final = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
# By what is asked for, what that asks of the key of the bucket and the machine, if they have one.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
_OF_KEY: Final = {
    "s3:GetObject": ("kms:Decrypt",),
    "s3:PutObject": ("kms:GenerateDataKey",),
    # Of a result, which may be in parts.
    # https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
    "s3:ListMultipartUploadParts": ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
    # Of an execution, whose history is encrypted by the key as well.
    # https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
    "states:DescribeExecution": ("kms:Decrypt",),
    "states:GetExecutionHistory": ("kms:Decrypt",),
}


def needs_of(stack: Stack, calls: Iterable[Call], definition: dict[str, Any]) -> list[Need]:
    """Return all that the roles of a stack need.

    Args:
        stack: under some parameters.
        calls: that were recorded on the local cloud.
        definition: of the state machine.
    """
    own = [
        *_recorded(stack, calls),
        *_of_machine(stack, definition),
        *_of_runtime(stack),
        *_of_other_machines(stack),
    ]
    needs = [need for need in own if need.holder in stack.holders]
    return sorted({*needs, *_of_missing(stack, needs), *_of_key(stack, needs)}, key=str)


def _recorded(stack: Stack, calls: Iterable[Call]) -> Iterator[Need]:
    for call in calls:
        holder = next((held for name, held in _HOLDERS.items() if name in call.role), None)
        # Of a stack that hears of no jobs, nobody asks for these.
        is_of_jobs = "/jobs/" in call.resource and not stack.resolver.parameters["JobSources"]
        if holder is not None and not is_of_jobs:
            resource = _OF_ONE_RUN.sub(lambda found: "0" * len(found[0]), call.resource)
            yield Need(
                holder=holder,
                action=call.action,
                resource=_in(stack, resource),
                context=tuple(call.context.items()),
            )


def _in(stack: Stack, recorded: str) -> str:
    """Return the resource of a recorded call as it is in a stack under other parameters."""
    place, parameters = stack.deployment.place, stack.resolver.parameters
    _, _, service, _, _, rest = recorded.split(":", 5) if recorded != "*" else [""] * 5 + ["*"]
    if service == "s3":
        _, slash, key = rest.partition("/")
        return f"{stack.bucket}/{parameters['StatePrefix']}{key}" if slash else stack.bucket
    if service == "events":
        return place.arn("events", f"event-bus/{parameters['EventBusName']}")
    if service == "lambda":
        return stack.resolver.attribute("StateDataManagerFunction", "Arn")
    return place.arn(service, rest) if service else rest


def _of_machine(stack: Stack, definition: dict[str, Any]) -> Iterator[Need]:
    """Yield what Step Functions needs for the states, the logs and the traces of the machine."""
    for state in _states(definition):
        resource = str(state.get("Resource", "")).partition(":states:::")[2]
        for action, on in _of_task(stack, resource, state):
            yield Need(holder="machine", action=action, resource=on)
        if state["Type"] == "Map" and state["ItemProcessor"]["ProcessorConfig"]["Mode"] != "INLINE":
            for action, on in _of_map(stack, state):
                yield Need(holder="machine", action=action, resource=on)
    for action in (*_DELIVERS_LOGS, *_TRACES, *_SAMPLES):
        yield Need(holder="machine", action=action, resource="*")


def _states(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in machine["States"].values():
        yield state
        if "ItemProcessor" in state:
            yield from _states(state["ItemProcessor"])


def _of_task(stack: Stack, resource: str, state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a task needs.

    https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html
    """
    if resource.startswith("lambda:invoke"):
        yield "lambda:InvokeFunction", _filled(stack, state["Parameters"]["FunctionName"])
    elif resource == "states:startExecution":
        yield "states:StartExecution", stack.resolver.named("StateDataStateMachine")
    elif resource == "states:startExecution.sync:2":
        yield from _of_awaited(stack)
    elif resource:
        raise NotImplementedError(f"nothing is known of what {resource} needs")


def _of_awaited(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield what starting an execution of the same machine, and waiting for its end, needs.

    https://docs.aws.amazon.com/step-functions/latest/dg/stepfunctions-iam.html
    """
    place = stack.deployment.place
    yield "states:StartExecution", stack.resolver.named("StateDataStateMachine")
    for action in ("DescribeExecution", "StopExecution"):
        yield f"states:{action}", place.arn("states", f"execution:{EXECUTION}")
    for action in ("PutTargets", "PutRule", "DescribeRule"):
        yield f"events:{action}", place.arn("events", f"rule/{_AWAITING_RULE}")


def _of_map(stack: Stack, state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a Distributed Map needs.

    https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
    """
    place, prefix = stack.deployment.place, stack.resolver.parameters["StatePrefix"]
    yield "states:StartExecution", stack.resolver.named("StateDataStateMachine")
    child = f"{STACK}-state-data/{state['Label']}:{DIGEST[:32]}"
    for action in ("DescribeExecution", "StopExecution", "RedriveExecution"):
        yield f"states:{action}", place.arn("states", f"execution:{child}")
        yield f"states:{action}", place.arn("states", f"execution:{EXECUTION}")
    assert state["ItemReader"]["Resource"].endswith(":states:::s3:getObject")
    yield "s3:GetObject", f"{stack.bucket}/{prefix}items/{DIGEST[:32]}/{DIGEST}.json"
    yield "s3:GetObject", f"{stack.bucket}/{prefix}inputs/catalog/items.json"
    assert state["ResultWriter"]["Resource"].endswith(":states:::s3:putObject")
    for action in ("PutObject", "GetObject", "ListMultipartUploadParts", "AbortMultipartUpload"):
        yield f"s3:{action}", f"{stack.bucket}/{prefix}distributed/run-1/{DIGEST}/manifest.json"


def _filled(stack: Stack, name: str) -> str:
    machine = stack.resolver.resources("AWS::StepFunctions::StateMachine")["StateDataStateMachine"]
    substitution = re.fullmatch(r"\$\{(\w+)\}", name)
    assert substitution is not None
    return str(machine["DefinitionSubstitutions"][substitution[1]])


def _of_runtime(stack: Stack) -> Iterator[Need]:
    """Yield what Lambda does as a function's role: it writes its logs and traces.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    """
    for function, holder in _FUNCTIONS.items():
        group = stack.resolver.attribute(f"{function}LogGroup", "Arn").removesuffix(":*")
        for action in _WRITES_LOGS:
            stream = f"{group.removesuffix(':*')}:log-stream:2025/11/23/[$LATEST]0"
            yield Need(holder=holder, action=action, resource=stream)
        for action in _TRACES:
            yield Need(holder=holder, action=action, resource="*")
    # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    for config in stack.resolver.resources("AWS::Lambda::EventInvokeConfig").values():
        failed = config.get("DestinationConfig", {}).get("OnFailure")
        if failed:
            is_of_jobs = config["FunctionName"] == stack.resolver.named("JobEventsFunction")
            holder = "jobs" if is_of_jobs else "function"
            yield Need(holder=holder, action="sqs:SendMessage", resource=failed["Destination"])


def _of_other_machines(stack: Stack) -> Iterator[Need]:
    """Yield what recording ends, and deleting daily, asks of machines that are named to a stack."""
    own = stack.resolver.named("StateDataStateMachine")
    others = list(filter(None, stack.resolver.parameters["OtherStateMachineArns"].split(",")))
    for machine in (own, *others):
        yield from _of_children(machine)
    for machine in others:
        execution = f"{machine.replace(':stateMachine:', ':execution:')}:run-1"
        for holder in ("function", "retention"):
            yield Need(holder=holder, action="states:DescribeExecution", resource=execution)
        yield Need(holder="function", action="states:GetExecutionHistory", resource=execution)


def _of_children(machine: str) -> Iterator[Need]:
    """Yield what the daily deletion asks of children with ids of their own.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    """
    for kind, actions in {
        "execution": ("DescribeExecution",),
        "express": ("DescribeExecution",),
        "mapRun": ("DescribeMapRun", "ListExecutions"),
    }.items():
        name = f"Items:{DIGEST[:32]}{f':{DIGEST[:32]}' if kind == 'express' else ''}"
        resource = f"{machine.replace(':stateMachine:', f':{kind}:')}/{name}"
        for action in actions:
            yield Need(holder="retention", action=f"states:{action}", resource=resource)


def _of_missing(stack: Stack, needs: Iterable[Need]) -> Iterator[Need]:
    """Yield what the functions need to tell what is missing from what is forbidden.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    for need in needs:
        if need.holder in _FUNCTIONS.values() and need.action == "s3:GetObject":
            yield Need(holder=need.holder, action="s3:ListBucket", resource=stack.bucket)


def _of_key(stack: Stack, needs: Iterable[Need]) -> Iterator[Need]:
    key = stack.resolver.parameters["KmsKeyArn"]
    for need in needs if key else ():
        for action, context in product(_OF_KEY.get(need.action, ()), _contexts(stack, need)):
            yield Need(holder=need.holder, action=action, resource=key, context=context)


def _contexts(stack: Stack, need: Need) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield what S3 tells the key: the bucket, where that has a bucket key, else the object."""
    if not need.action.startswith("s3:"):
        yield ()
        return
    for told in (stack.bucket, need.resource):
        yield (("kms:EncryptionContext:aws:s3:arn", told),)


def operator_statements(text: str, stack: Stack) -> Iterator[Statement]:
    """Yield the statements of the policy that the documentation gives operators, for a stack.

    The one for a key is left out where there is none, as it says.
    """
    place, parameters = stack.deployment.place, stack.resolver.parameters
    block = re.search(r"```json policy\n(.*?)```", text, re.DOTALL)
    assert block is not None
    filled = block[1].replace("arn:aws:", f"arn:{place.partition}:")
    for name, value in {
        "REGION": place.region,
        "ACCOUNT": ACCOUNT,
        "STATE_BUCKET": stack.bucket.rpartition(":")[2],
        "STATE_PREFIX": parameters["StatePrefix"],
        "STACK": STACK,
        "KEY_ID": parameters["KmsKeyArn"].rpartition("/")[2],
        "FUNCTION": stack.resolver.named("StateDataManagerFunction"),
    }.items():
        filled = filled.replace(name, value)
    for body in json.loads(filled)["Statement"]:
        if parameters["KmsKeyArn"] or body["Action"] != "kms:Decrypt":
            yield Statement(holder=OPERATOR, sid=body["Sid"], body=body)
