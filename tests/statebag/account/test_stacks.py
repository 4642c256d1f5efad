"""A stack is known by its outputs, and else by what is in it."""

from types import SimpleNamespace
from typing import Any

import pytest

from statebag.account.stacks import Stack, stack_named
from statebag.errors import NotFoundError
from tests.statebag.cloud import BUCKET, FUNCTION, MACHINE, client_error

OTHER = MACHINE.replace("catalog", "orders")
OUTPUTS = {
    "StateBucketName": BUCKET,
    "StateDataManagerFunctionArn": FUNCTION,
    "StateMachineArn": MACHINE,
    "DashboardName": "anything",
}
RESOURCES = [
    ("StateBucket", "AWS::S3::Bucket", BUCKET),
    ("Uploads", "AWS::S3::Bucket", "another"),
    ("StateDataManagerFunction", "AWS::Lambda::Function", "manager"),
    ("Orders", "AWS::StepFunctions::StateMachine", OTHER),
    ("StateDataStateMachine", "AWS::StepFunctions::StateMachine", MACHINE),
]


class FakeStacks:
    """CloudFormation with stacks of outputs, parameters and resources.

    Attributes:
        asked: names of the operations asked for.
    """

    def __init__(self, **stacks: Any) -> None:
        self._stacks = stacks
        self.asked: list[str] = []

    def describe_stacks(self, *, StackName: str) -> Any:  # noqa: N803
        self.asked.append("DescribeStacks")
        if StackName not in self._stacks:
            raise client_error("ValidationError", "DescribeStacks")
        told = self._stacks[StackName]
        return {
            "Stacks": [
                {
                    "Outputs": _pairs("Output", told.get("outputs", {})),
                    "Parameters": _pairs("Parameter", told.get("parameters", {})),
                }
            ]
        }

    def get_paginator(self, operation: str) -> Any:
        self.asked.append(operation)
        return SimpleNamespace(paginate=self._resources)

    def _resources(self, *, StackName: str) -> Any:  # noqa: N803
        for logical, kind, physical in self._stacks[StackName].get("resources", ()):
            summary = {
                "LogicalResourceId": logical,
                "ResourceType": kind,
                "PhysicalResourceId": physical,
            }
            yield {"StackResourceSummaries": [summary]}


def _pairs(kind: str, given: dict[str, str]) -> list[dict[str, str]]:
    return [{f"{kind}Key": name, f"{kind}Value": value} for name, value in given.items()]


def found(fake: FakeStacks, name: str = "shop") -> Stack:
    client: Any = fake
    return stack_named(client, name)


def test_outputs_and_parameters_tell_all_in_one_request() -> None:
    parameters = {"StatePrefix": "team/", "OtherStateMachineArns": f"{OTHER},{OTHER}-2"}
    fake = FakeStacks(shop={"outputs": OUTPUTS, "parameters": parameters})

    assert found(fake) == Stack(
        name="shop",
        bucket=BUCKET,
        prefix="team/",
        function=FUNCTION,
        machines=(MACHINE, OTHER, f"{OTHER}-2"),
    )
    assert fake.asked == ["DescribeStacks"]


def test_stack_without_those_outputs_is_known_by_its_resources() -> None:
    stack = found(FakeStacks(shop={"resources": RESOURCES}))

    assert (stack.bucket, stack.function) == (BUCKET, "manager")
    assert stack.machines == (OTHER, MACHINE)


def test_stack_in_a_stack_is_looked_into() -> None:
    nested = {"outputs": OUTPUTS, "parameters": {"StatePrefix": "team/"}}
    own = [("Sync", "AWS::CloudFormation::Stack", "inner"), RESOURCES[3]]

    stack = found(FakeStacks(shop={"resources": own}, inner=nested))

    assert (stack.bucket, stack.prefix, stack.function) == (BUCKET, "team/", FUNCTION)
    assert stack.machines == (MACHINE, OTHER)


def test_stack_without_any_state_has_no_place() -> None:
    assert found(FakeStacks(shop={})).place is None


def test_stack_that_is_not_there_is_named() -> None:
    with pytest.raises(NotFoundError, match="no such stack: shop") as caught:
        found(FakeStacks())

    assert "list-stacks" in caught.value.hint
