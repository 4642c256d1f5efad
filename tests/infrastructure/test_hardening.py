"""What the roles trust, what the key of the stack encrypts, and what becomes of lost ends."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.iam.intrinsics import ACCOUNT, STACK
from tests.iam.stack import DEPLOYMENTS, Deployment, Stack, stack_of

WITH_KEY = next(each for each in DEPLOYMENTS if each.name == "key")
WITHOUT = next(each for each in DEPLOYMENTS if each.name == "defaults")
MACHINE = "AWS::StepFunctions::StateMachine"


@pytest.fixture(scope="module", params=DEPLOYMENTS, ids=str)
def stack(request: pytest.FixtureRequest, template: dict[str, Any]) -> Stack:
    return stack_of(template, request.param)


def resources(template: dict[str, Any], deployment: Deployment, kind: str) -> dict[str, Any]:
    return stack_of(template, deployment).resolver.resources(kind)


@pytest.mark.parametrize("boundary", ["", f"arn:aws:iam::{ACCOUNT}:policy/boundary"])
def test_a_boundary_is_on_every_role_where_one_is_named(
    template: dict[str, Any], boundary: str
) -> None:
    """Accounts may let nobody create a role without one."""
    parameters = {
        "PermissionsBoundaryArn": boundary,
        "WithCallbackFunction": "true",
        "JobSources": "aws.glue",
    }
    deployment = Deployment(name="boundary", parameters=parameters)
    roles = resources(template, deployment, "AWS::IAM::Role").values()
    assert len(roles) >= 5
    assert {role.get("PermissionsBoundary", "") for role in roles} == {boundary}


def trust_of(role: dict[str, Any]) -> dict[str, Any]:
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    return dict(statement)


def test_a_service_takes_a_role_for_this_account_alone(stack: Stack) -> None:
    roles = stack.resolver.resources("AWS::IAM::Role")
    assert len(roles) >= 3
    for role in roles.values():
        trust = trust_of(role)
        assert trust["Principal"]["Service"] in ("lambda.amazonaws.com", "states.amazonaws.com")
        assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("-state-data", True),
        ("-state-data:3", True),
        ("-state-data:live", True),
        ("-state-data/Items", True),
        ("-state-data-2", False),
        ("", False),
    ],
)
def test_step_functions_takes_the_role_for_this_machine_alone(
    stack: Stack, name: str, *, may: bool
) -> None:
    role = stack.resolver.resources("AWS::IAM::Role")["StateDataStateMachineRole"]
    patterns = trust_of(role)["Condition"]["ArnLike"]["aws:SourceArn"]
    arn = stack.deployment.place.arn("states", f"stateMachine:{STACK}{name}")
    assert any(fnmatchcase(arn, pattern) for pattern in patterns) is may


def test_the_key_encrypts_histories_and_logs(template: dict[str, Any]) -> None:
    key = WITH_KEY.parameters["KmsKeyArn"]
    (machine,) = resources(template, WITH_KEY, MACHINE).values()
    assert machine["EncryptionConfiguration"] == {
        "Type": "CUSTOMER_MANAGED_KMS_KEY",
        "KmsKeyId": key,
        "KmsDataKeyReusePeriodSeconds": 300,
    }
    groups = resources(template, WITH_KEY, "AWS::Logs::LogGroup")
    assert len(groups) >= 4
    assert {each["KmsKeyId"] for each in groups.values()} == {key}


def test_without_a_key_aws_encrypts_by_its_own(template: dict[str, Any]) -> None:
    (machine,) = resources(template, WITHOUT, MACHINE).values()
    assert "EncryptionConfiguration" not in machine
    groups = resources(template, WITHOUT, "AWS::Logs::LogGroup").values()
    assert not any("KmsKeyId" in each for each in groups)


def test_the_policy_of_the_documentation_lets_every_log_group_use_the_key(
    root: Path, template: dict[str, Any]
) -> None:
    text = (root / "docs" / "howto" / "encryption.md").read_text(encoding="utf-8")
    block = re.search(r"```json key policy\n(.*?)```", text, re.DOTALL)
    assert block is not None
    filled = block[1].replace("STACK", STACK)
    statements = {each["Sid"]: each for each in json.loads(filled)["Statement"]}
    (patterns,) = statements["LogGroups"]["Condition"]["ArnLike"].values()
    for group in resources(template, WITH_KEY, "AWS::Logs::LogGroup").values():
        arn = f"arn:aws:logs:REGION:ACCOUNT:log-group:{group['LogGroupName']}"
        assert any(fnmatchcase(arn, pattern) for pattern in patterns)
    delivery = statements["LogOfTheStateMachine"]
    assert delivery["Principal"] == {"Service": "delivery.logs.amazonaws.com"}


def test_an_end_that_is_not_delivered_goes_to_the_queue(stack: Stack) -> None:
    queue = stack.resolver.attribute("UnrecordedEndsQueue", "Arn")
    rules = stack.resolver.resources("AWS::Events::Rule")
    names = {"ExecutionEndedRule", "JobEndedRule"} & rules.keys()
    for name in names:
        (target,) = rules[name]["Targets"]
        assert target["DeadLetterConfig"] == {"Arn": queue}
    (policy,) = stack.resolver.resources("AWS::SQS::QueuePolicy").values()
    denied, statement = policy["PolicyDocument"]["Statement"]
    assert (denied["Effect"], statement["Effect"]) == ("Deny", "Allow")
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert (statement["Action"], statement["Resource"]) == ("sqs:SendMessage", queue)
    arns = [stack.resolver.attribute(name, "Arn") for name in sorted(names)]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": arns}}


def test_an_end_that_cannot_be_recorded_goes_to_the_queue(stack: Stack) -> None:
    """What the rule calls, which is not the alias that the machine may call."""
    queue = stack.resolver.attribute("UnrecordedEndsQueue", "Arn")
    functions = stack.resolver.resources("AWS::Lambda::Function")
    manager = stack.resolver.named("StateDataManagerFunction")
    configs = stack.resolver.resources("AWS::Lambda::EventInvokeConfig").values()
    (config,) = [each for each in configs if each["FunctionName"] == manager]
    assert "StateDataManagerFunction" in functions
    of_jobs = [
        each
        for each in configs
        if each["FunctionName"] == stack.resolver.named("JobEventsFunction")
    ]
    assert len(of_jobs) == ("JobEventsFunction" in functions)
    for each in (config, *of_jobs):
        assert each["Qualifier"] == "$LATEST"
        assert each["DestinationConfig"]["OnFailure"]["Destination"] == queue
    rule = stack.resolver.resources("AWS::Events::Rule")["ExecutionEndedRule"]
    (target,) = rule["Targets"]
    assert target["Arn"] == stack.resolver.attribute("StateDataManagerFunction", "Arn")


def test_the_queue_keeps_what_it_has_for_two_weeks_and_an_alarm_tells(
    template: dict[str, Any],
) -> None:
    (queue,) = resources(template, WITHOUT, "AWS::SQS::Queue").values()
    assert queue == {"MessageRetentionPeriod": 14 * 86_400, "SqsManagedSseEnabled": True}
    alarm = resources(template, WITHOUT, "AWS::CloudWatch::Alarm")["UnrecordedEndsAlarm"]
    assert alarm["Dimensions"][0]["Value"] == "UnrecordedEndsQueue-QueueName"
    assert (alarm["Threshold"], alarm["Statistic"]) == (1, "Maximum")
