"""The template as it is deployed with some parameters: who has which policies."""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import boto3
from moto.iam.aws_managed_policies import aws_managed_policies_data
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests.iam.intrinsics import ACCOUNT, STACK, Place, Resolver

Policy = dict[str, Any]

MANAGED: Final = json.loads(aws_managed_policies_data)
# What is deployed by its address.
_PACKAGED: Final = ("CodeUri", "ContentUri")
WORKER: Final = "worker"
OPERATOR: Final = "operator"
# By its role's logical id, whose role it is.
ROLES: Final = {
    "StateDataManagerFunctionRole": "function",
    "CallbackFunctionRole": "callbacks",
    "JobEventsFunctionRole": "jobs",
    "RetentionFunctionRole": "retention",
    "StateDataStateMachineRole": "machine",
}


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The values that a stack is deployed with.

    Attributes:
        name: of the case.
        parameters: of the stack.
    """

    name: str
    parameters: dict[str, str] = field(default_factory=dict)
    place: Place = field(default_factory=Place)

    def __str__(self) -> str:
        """Return what a test is called by."""
        return self.name


KEY: Final = "key/11111111-2222-3333-4444-555555555555"
OTHER_MACHINE: Final = Place().arn("states", "stateMachine:another")
OPERATORS: Final = f"arn:aws:iam::{ACCOUNT}:role/{STACK}-operator"
WORKER_ARN: Final = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:mine:prod"
CHINA: Final = Place(partition="aws-cn", region="cn-north-1")
GOVERNMENT: Final = Place(partition="aws-us-gov", region="us-gov-west-1")
DEPLOYMENTS: Final = (
    Deployment(name="defaults"),
    Deployment(
        name="prefix",
        parameters={
            "StatePrefix": "team/a/",
            "WithCallbackFunction": "true",
            "TenantSeparator": ".",
            "JobSources": "aws.batch",
            "OtherStateMachineArns": f"{OTHER_MACHINE},{OTHER_MACHINE}-too",
            "OperatorArns": OPERATORS,
        },
    ),
    Deployment(
        name="key",
        parameters={
            "KmsKeyArn": Place().arn("kms", KEY),
            "WithCallbackFunction": "true",
            "JobSources": "aws.glue,aws.states",
            "OperatorArns": f"arn:aws:iam::{ACCOUNT}:role/someone,{OPERATORS}",
        },
    ),
    Deployment(
        name="bus and snapshots",
        parameters={
            "EventBusName": "approvals",
            "SnapStart": "PublishedVersions",
            "ServiceOperations": "dynamodb:listTables",
            "ServicePolicyArn": "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess",
        },
    ),
    Deployment(
        name="worker",
        parameters={
            "SegmentRunnerFunctionArn": WORKER_ARN,
            "SegmentRunnerSyncs": "true",
            "SnapStart": "PublishedVersions",
        },
    ),
    Deployment(
        name="China",
        place=CHINA,
        parameters={"KmsKeyArn": CHINA.arn("kms", KEY), "StatePrefix": "team/"},
    ),
    Deployment(name="GovCloud", place=GOVERNMENT, parameters={"WithCallbackFunction": "true"}),
)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a policy.

    Attributes:
        holder: whose policy it is in, or `bucket`.
        sid: its name.
        body: what it says.
    """

    holder: str
    sid: str
    body: Policy

    def parts(self) -> Iterator[Policy]:
        """Yield it as statements of one action and one resource each."""
        for action in _listed(self.body["Action"]):
            for resource in _listed(self.body["Resource"]):
                yield {**self.body, "Action": action, "Resource": resource}

    def __str__(self) -> str:
        """Return what it is called by."""
        return f"{self.sid} of {self.holder}"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A deployment as CloudFormation makes it.

    Attributes:
        statements: of our own policies.
        managed: by role, the documents of AWS's own policies.
    """

    deployment: Deployment
    resolver: Resolver
    statements: tuple[Statement, ...]
    managed: dict[str, list[Policy]]

    @property
    def holders(self) -> set[str]:
        """All that have policies, the bucket aside."""
        return {each.holder for each in self.statements} - {"bucket"}

    @property
    def bucket(self) -> str:
        """The ARN of the state bucket."""
        return self.resolver.attribute("StateBucket", "Arn")

    def principal(self, holder: str) -> str:
        """Return the ARN of a role."""
        logical = next((name for name, role in ROLES.items() if role == holder), None)
        if logical is not None:
            return self.resolver.attribute(logical, "Arn")
        return self.deployment.place.arn("iam", f"role/{STACK}-{holder}")

    def without(self, taken: Statement) -> "Stack":
        """Return the same with a statement taken out."""
        return replace(self, statements=tuple(each for each in self.statements if each != taken))

    def with_(self, *added: Statement) -> "Stack":
        """Return the same with statements put in."""
        return replace(self, statements=(*self.statements, *added))


def stack_of(template: Policy, deployment: Deployment) -> Stack:
    """Return what is made of the template with the values of a deployment."""
    place = deployment.place
    defaults = {
        name: str(each["Default"])
        for name, each in template["Parameters"].items()
        if "Default" in each
    }
    parameters = defaults | deployment.parameters
    expanded = _expanded(template, parameters, place)
    resolver = Resolver(template=expanded, parameters=parameters, place=place)
    statements: list[Statement] = []
    managed: dict[str, list[Policy]] = {}
    for name, role in resolver.resources("AWS::IAM::Role").items():
        holder = ROLES[name]
        for policy in role.get("Policies", []):
            statements += _statements(holder, policy["PolicyDocument"])
        arns = role.get("ManagedPolicyArns", [])
        managed[holder] = [MANAGED[arn.rsplit("/", 1)[-1]]["Document"] for arn in arns]
    for policy in resolver.resources("AWS::IAM::ManagedPolicy").values():
        statements += _statements(WORKER, policy["PolicyDocument"])
    for policy in resolver.resources("AWS::S3::BucketPolicy").values():
        statements += _statements("bucket", policy["PolicyDocument"])
    return Stack(
        deployment=deployment,
        resolver=resolver,
        statements=tuple(statements),
        managed=managed,
    )


def _expanded(template: Policy, parameters: dict[str, str], place: Place) -> Policy:
    packaged = copy.deepcopy(template)
    for resource in packaged["Resources"].values():
        for name in _PACKAGED:
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = "s3://packages/package"
    session = boto3.Session("none", "none", region_name=place.region)
    expanded: Policy = Translator({}, Parser(), boto_session=session).translate(
        packaged, dict(parameters)
    )
    return expanded


def _statements(holder: str, document: Policy) -> Iterator[Statement]:
    for body in _listed(document["Statement"]):
        yield Statement(holder=holder, sid=body["Sid"], body=body)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
