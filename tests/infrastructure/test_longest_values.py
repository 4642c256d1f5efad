"""Lists in parameters, as long as they may be: what is made of them is within AWS's quotas."""

import json
from typing import Any, Final

import pytest

from tests.iam.intrinsics import ACCOUNT, Place
from tests.iam.stack import GOVERNMENT, KEY, Deployment, Stack, stack_of

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
PATTERN_CHARS: Final = 2_048
# Of all inline policies of a role, without white space, and of a managed policy.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
INLINE_CHARS: Final = 10_240
MANAGED_CHARS: Final = 6_144
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
BUCKET_POLICY_BYTES: Final = 20 * 1_024
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ENVIRONMENT_BYTES: Final = 4 * 1_024
SOURCES: Final = ("athena", "batch", "codebuild", "ecs", "emr", "emr-serverless", "glue", "states")
DEFAULTS: Final = Place()


def longest_of(entries: list[str], room: int) -> str:
    """Join as many entries as fit."""
    text = ""
    for entry in entries:
        if len(text) + len(entry) + 1 > room:
            break
        text = f"{text},{entry}" if text else entry
    return text


@pytest.fixture(
    scope="module",
    params=[(DEFAULTS, 1), (DEFAULTS, 80), (GOVERNMENT, 1), (GOVERNMENT, 80)],
    ids=lambda case: f"{case[0].partition} {case[1]}",
)
def stack(request: pytest.FixtureRequest, template: dict[str, Any]) -> Stack:
    """Deploy with lists of the shortest and of the longest names, and all that adds to policies."""
    place, chars = request.param
    room = {name: each.get("MaxLength", 4_096) for name, each in template["Parameters"].items()}
    machines = [
        place.arn("states", f"stateMachine:{number:x}".ljust(13 + chars, "m"))
        for number in range(room["OtherStateMachineArns"])
    ]
    people = [f"arn:{place.partition}:iam::{ACCOUNT}:role/{number:x}" for number in range(999)]
    parameters = {
        "OtherStateMachineArns": longest_of(machines, room["OtherStateMachineArns"]),
        "OperatorArns": longest_of(people, room["OperatorArns"]),
        "StatePrefix": "p" * 31 + "/",
        "KmsKeyArn": place.arn("kms", KEY),
        "JobSources": ",".join(f"aws.{source}" for source in SOURCES),
        "WithCallbackFunction": "true",
    }
    return stack_of(template, Deployment(name="longest", place=place, parameters=parameters))


def size_of(document: Any) -> int:
    return len(json.dumps(document, separators=(",", ":")).encode())


def test_patterns_of_rules_are_within_the_quota(stack: Stack) -> None:
    rules = stack.resolver.resources("AWS::Events::Rule")
    patterns = [each["EventPattern"] for each in rules.values() if "EventPattern" in each]
    assert len(patterns) == 2
    assert max(map(size_of, patterns)) <= PATTERN_CHARS


def test_policies_of_roles_are_within_the_quotas(stack: Stack) -> None:
    for role in stack.resolver.resources("AWS::IAM::Role").values():
        policies = [each["PolicyDocument"] for each in role.get("Policies", [])]
        assert sum(map(size_of, policies)) <= INLINE_CHARS
    for policy in stack.resolver.resources("AWS::IAM::ManagedPolicy").values():
        assert size_of(policy["PolicyDocument"]) <= MANAGED_CHARS


def test_policy_of_the_bucket_is_within_the_quota(stack: Stack) -> None:
    (policy,) = stack.resolver.resources("AWS::S3::BucketPolicy").values()
    assert size_of(policy["PolicyDocument"]) <= BUCKET_POLICY_BYTES


def test_environments_of_functions_are_within_the_quota(stack: Stack) -> None:
    for function in stack.resolver.resources("AWS::Lambda::Function").values():
        assert size_of(function["Environment"]["Variables"]) <= ENVIRONMENT_BYTES
