"""A deployed stack: its bucket, its function, and the state machines whose state it keeps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from statebag.account.places import Place
from statebag.errors import NotFoundError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackResourceSummaryTypeDef, StackTypeDef

# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html
_UNKNOWN: Final = "ValidationError"
_NESTED: Final = "AWS::CloudFormation::Stack"
_MACHINE: Final = "AWS::StepFunctions::StateMachine"
# Of template.yaml, also where another template has it in one of its own.
_BUCKET_ID: Final = "StateBucket"
_FUNCTION_ID: Final = "StateDataManagerFunction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What a stack has of a deployment.

    Attributes:
        function: the StateDataManagerFunction, by its ARN or name.
        machines: ARNs of its state machines, and of the others that it was deployed for.
    """

    name: str
    bucket: str | None = None
    prefix: str = ""
    function: str | None = None
    machines: tuple[str, ...] = ()

    @property
    def place(self) -> Place | None:
        """Where its state is; None where it has no bucket."""
        return Place(self.bucket, self.prefix) if self.bucket else None


def stack_named(client: "CloudFormationClient", name: str) -> Stack:
    """Return a stack by its outputs or, where it has others, by its resources.

    Raises:
        NotFoundError: there is none of that name.
    """
    told = _described(client, name)
    found = _of_outputs(name, told)
    return found if found.bucket and found.machines else _of_resources(client, found)


def _described(client: "CloudFormationClient", name: str) -> "StackTypeDef":
    try:
        return client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] != _UNKNOWN:
            raise
        hint = (
            "`aws cloudformation list-stacks` shows the names. Check --region, --profile"
            " and --endpoint-url, too."
        )
        raise NotFoundError(f"no such stack: {name}", hint=hint) from error


def _of_outputs(name: str, told: "StackTypeDef") -> Stack:
    outputs = {each["OutputKey"]: each["OutputValue"] for each in told.get("Outputs", ())}
    given = {
        each["ParameterKey"]: each.get("ResolvedValue", each.get("ParameterValue", ""))
        for each in told.get("Parameters", ())
    }
    return Stack(
        name=name,
        bucket=outputs.get("StateBucketName"),
        prefix=given.get("StatePrefix", ""),
        function=outputs.get("StateDataManagerFunctionArn"),
        machines=tuple(_machines(outputs, given)),
    )


def _machines(outputs: Mapping[str, str], given: Mapping[str, str]) -> Iterator[str]:
    others = given.get("OtherStateMachineArns", "").split(",")
    yield from filter(None, [outputs.get("StateMachineArn", ""), *others])


def _of_resources(client: "CloudFormationClient", stack: Stack) -> Stack:
    """Return a stack with what its resources, and the stacks in it, tell besides."""
    for each in _resources(client, stack.name):
        physical = each.get("PhysicalResourceId", "")
        if each["ResourceType"] == _NESTED:
            inner = stack_named(client, physical)
            stack = replace(
                stack,
                bucket=stack.bucket or inner.bucket,
                prefix=stack.prefix or inner.prefix,
                function=stack.function or inner.function,
                machines=tuple(dict.fromkeys(stack.machines + inner.machines)),
            )
        elif each["ResourceType"] == _MACHINE:
            stack = replace(stack, machines=tuple(dict.fromkeys((*stack.machines, physical))))
        elif each["LogicalResourceId"] == _BUCKET_ID:
            stack = replace(stack, bucket=stack.bucket or physical)
        elif each["LogicalResourceId"] == _FUNCTION_ID:
            stack = replace(stack, function=stack.function or physical)
    return stack


def _resources(
    client: "CloudFormationClient", name: str
) -> "Iterator[StackResourceSummaryTypeDef]":
    for page in client.get_paginator("list_stack_resources").paginate(StackName=name):
        yield from page["StackResourceSummaries"]
