"""The stack on services that have started, and functions of the user's beside it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .functions.user_functions import UserFunction
from .functions.workers import deploy_worker
from .services import Services
from .stack.deploy import Stack, deploy

STACK_NAME = "universal-sync-core"


def deploy_on(
    running: Services,
    built: Path,
    extra_functions: Sequence[UserFunction],
    parameters: Mapping[str, str],
) -> Stack:
    """Deploy a stack on services, and functions of the user's beside it.

    Args:
        running: the services.
        built: the template, built.
        extra_functions: whose ARNs parameters of the stack name.
        parameters: of the stack; they win over those.
    """
    clients = running.clients
    arns = {f"{each.name}FunctionArn": each.arn for each in extra_functions}
    stack = deploy(built, STACK_NAME, parameters, clients, defaults=arns)
    if clients.s3_endpoint != clients.endpoint:
        s3 = clients.client("s3")
        for bucket in stack.resources.get("AWS::S3::Bucket", ()):
            # It may be there with the data of an earlier run.
            with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
                s3.create_bucket(Bucket=bucket)
    else:
        for bucket in stack.versioned_buckets:  # moto's CloudFormation leaves it out
            enabled = {"Status": "Enabled"}
            clients.moto("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration=enabled)
    for bucket, policy in stack.bucket_policies.items():
        running.guard.guard(bucket, policy)
    for each in extra_functions:
        deploy_worker(each, stack, clients)
    return stack
