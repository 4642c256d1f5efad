"""The stack on moto's CloudFormation."""

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.parsing import clean_json

from ..clients import ACCOUNT, REGION, Clients
from ..errors import DeploymentError, LocalCloudError
from .expand import expand
from .package import package
from .parameters import require_allowed

_BUCKET_POLICY = "AWS::S3::BucketPolicy"
_ARTEFACT_BUCKET = "aws-sam-cli-managed-default-samclisourcebucket"
_VERSIONING = "VersioningConfiguration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A deployed stack.

    Attributes:
        outputs: values by the names the template gives them.
        resources: physical ids by resource type.
        bucket_policies: documents by the name of the bucket.
        versioned_buckets: names of the buckets that keep versions.
    """

    outputs: Mapping[str, str]
    resources: Mapping[str, Sequence[str]]
    bucket_policies: Mapping[str, Mapping[str, Any]]
    versioned_buckets: Sequence[str]

    def only(self, resource_type: str) -> str:
        """Return the physical id of the one resource of a type."""
        ids = self.resources.get(resource_type, ())
        if len(ids) != 1:
            raise LocalCloudError(
                f"the stack has {len(ids)} resources of the type {resource_type}; name the one"
                " you mean"
            )
        return ids[0]


def deploy(
    built: Path,
    name: str,
    parameters: Mapping[str, str],
    clients: Clients,
    *,
    defaults: Mapping[str, str],
) -> Stack:
    """Package, expand and create the stack of a built template.

    Args:
        built: the built template.
        name: of the stack.
        parameters: of the stack.
        clients: of the cloud it is deployed to.
        defaults: parameters for a template that has them.
    """
    artefacts = clients.moto("s3")
    artefacts.create_bucket(Bucket=_ARTEFACT_BUCKET)
    packaged = package(built, artefacts, _ARTEFACT_BUCKET)
    declared = packaged.get("Parameters", {})
    given = {key: value for key, value in defaults.items() if key in declared} | dict(parameters)
    require_allowed(declared, given)
    expanded = expand(packaged, given, clients.session, artefacts)
    artefacts.put_object(
        Bucket=_ARTEFACT_BUCKET, Key=f"{name}.template", Body=json.dumps(expanded).encode()
    )
    return _create(name, given, expanded, clients)


def _create(
    name: str, parameters: Mapping[str, str], expanded: Mapping[str, Any], clients: Clients
) -> Stack:
    cloudformation = clients.moto("cloudformation")
    with warnings.catch_warnings():
        # moto warns of each resource type it makes nothing of, such as a bucket policy.
        warnings.simplefilter("ignore")
        try:
            cloudformation.create_stack(
                StackName=name,
                TemplateURL=f"https://s3.amazonaws.com/{_ARTEFACT_BUCKET}/{name}.template",
                Parameters=[
                    {"ParameterKey": key, "ParameterValue": value}
                    for key, value in parameters.items()
                ],
                Capabilities=["CAPABILITY_IAM"],
            )
        except (BotoCoreError, ClientError) as error:
            raise DeploymentError(f"the stack cannot be created: {error}") from error
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        described = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    if stack["StackStatus"] != "CREATE_COMPLETE":
        raise DeploymentError(f"the stack ended in the status {stack['StackStatus']}")
    resources: dict[str, list[str]] = {}
    versioned = []
    for each in described:
        # What moto makes nothing of has no id.
        if "PhysicalResourceId" in each:
            resources.setdefault(each["ResourceType"], []).append(each["PhysicalResourceId"])
        written = expanded["Resources"].get(each.get("LogicalResourceId"), {})
        if _VERSIONING in written.get("Properties", {}):
            versioned.append(each["PhysicalResourceId"])
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    return Stack(
        outputs=outputs,
        resources=resources,
        bucket_policies=_bucket_policies(name, expanded),
        versioned_buckets=versioned,
    )


def _bucket_policies(name: str, expanded: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the policies of the stack's buckets: moto makes nothing of them."""
    stack = cloudformation_backends[ACCOUNT][REGION].get_stack(name)
    found = [
        clean_json(resource["Properties"], stack.resource_map)
        for resource in expanded["Resources"].values()
        if resource["Type"] == _BUCKET_POLICY
    ]
    return {each["Bucket"]: _valued(each["PolicyDocument"]) for each in found}


def _valued(node: Any) -> Any:
    """Return a part of a template without what has no value."""
    if isinstance(node, list):
        return [_valued(each) for each in node if each is not None]
    if not isinstance(node, dict):
        return node
    return {name: _valued(each) for name, each in node.items() if each is not None}
