"""Everything that has the name of a run is deleted, also what an interrupted run has left."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .access import Access
from .stacks import resources_of

# `sam deploy --resolve-s3` keeps its bucket in a stack of this name.
_ARTEFACTS = "aws-sam-cli-managed-default"
_KEY_DAYS = 7
_GONE = {"ResourceNotFoundException", "NoSuchBucket", "StateMachineDoesNotExist", "NotFound"}


def delete_run(access: Access, run: str, report: Callable[[str], None]) -> list[str]:
    """Delete what a run has made and give what could not be deleted.

    Args:
        access: to the account.
        run: its name.
        report: is told each thing that is deleted.
    """
    failed = []
    for what, delete in list(_everything(access, run)):
        try:
            delete()
        except (BotoCoreError, ClientError) as error:
            if _code(error) not in _GONE:
                failed.append(f"{what}: {error}")
        else:
            report(f"deleted {what}")
    return failed


def _everything(access: Access, run: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what has the name of a run, in the order in which it can be deleted."""
    stacks = _stacks(access, run)
    for arn in _machines(access, run):
        yield f"state machine {arn}", partial(_delete_machine, access, arn)
    for name in _functions(access, run):
        yield f"function {name}", partial(_delete_function, access, name)
    for stack in stacks:
        yield f"stack {stack}", partial(_delete_stack, access, stack)
    for resource in (each for stack in stacks for each in resources_of(access, stack)):
        if delete := _RETAINED.get(resource["ResourceType"]):
            yield (
                resource["PhysicalResourceId"],
                partial(delete, access, resource["PhysicalResourceId"]),
            )
    for group in _log_groups(access, run):
        yield f"log group {group}", partial(_delete_log_group, access, group)
    for bucket in _artefact_buckets(access):
        yield f"packages in {bucket}", partial(_empty, access, bucket, f"{run}/")
    for key in _keys(access, run):
        yield f"KMS key {key}", partial(_delete_key, access, run, key)


def _code(error: Exception) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else ""


def _pages(access: Access, service: str, operation: str, key: str, **asked: Any) -> Iterator[Any]:
    for page in access.client(service).get_paginator(operation).paginate(**asked):
        yield from page.get(key, [])


def _stacks(access: Access, run: str) -> list[str]:
    """Return the stacks of a run, those that need others first."""
    found = {
        each["StackName"]
        for each in _pages(access, "cloudformation", "describe_stacks", "Stacks")
        if each["StackName"] == run or each["StackName"].startswith(f"{run}-")
    }
    return sorted(found, key=len, reverse=True)


def _machines(access: Access, run: str) -> list[str]:
    listed = _pages(access, "stepfunctions", "list_state_machines", "stateMachines")
    return [each["stateMachineArn"] for each in listed if each["name"].startswith(f"{run}-")]


def _functions(access: Access, run: str) -> list[str]:
    """Return the functions that were made beside the stacks: workers of the tests."""
    listed = _pages(access, "lambda", "list_functions", "Functions")
    of_stacks = {
        each["PhysicalResourceId"]
        for stack in _stacks(access, run)
        for each in resources_of(access, stack)
    }
    names = {each["FunctionName"] for each in listed if each["FunctionName"].startswith(f"{run}-")}
    return sorted(names - of_stacks)


def _log_groups(access: Access, run: str) -> list[str]:
    listed = _pages(
        access,
        "logs",
        "describe_log_groups",
        "logGroups",
        logGroupNamePrefix=f"/aws/lambda/{run}-",
    )
    return [each["logGroupName"] for each in listed]


def _delete_machine(access: Access, arn: str) -> None:
    """Delete a state machine, and stop its executions: they would wait for a week."""
    states = access.client("stepfunctions")
    running = _pages(
        access,
        "stepfunctions",
        "list_executions",
        "executions",
        stateMachineArn=arn,
        statusFilter="RUNNING",
    )
    for each in running:
        states.stop_execution(executionArn=each["executionArn"])
    states.delete_state_machine(stateMachineArn=arn)


def _delete_function(access: Access, name: str) -> None:
    access.client("lambda").delete_function(FunctionName=name)


def _delete_stack(access: Access, stack: str) -> None:
    cloudformation = access.client("cloudformation")
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack)


def _delete_bucket(access: Access, bucket: str) -> None:
    _empty(access, bucket, "")
    access.client("s3").delete_bucket(Bucket=bucket)


def _empty(access: Access, bucket: str, prefix: str) -> None:
    s3 = access.client("s3")
    versions = s3.get_paginator("list_object_versions")
    for page in versions.paginate(Bucket=bucket, Prefix=prefix):
        listed = page.get("Versions", []) + page.get("DeleteMarkers", [])
        objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in listed]
        if objects:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})


def _delete_layer(access: Access, arn: str) -> None:
    """Delete all versions of a layer that only this run can have made."""
    layer = arn.split(":")[6]
    for each in _pages(access, "lambda", "list_layer_versions", "LayerVersions", LayerName=layer):
        if each["LayerVersionArn"] == arn:
            access.client("lambda").delete_layer_version(
                LayerName=layer, VersionNumber=each["Version"]
            )


def _delete_log_group(access: Access, name: str) -> None:
    access.client("logs").delete_log_group(logGroupName=name)


def _artefact_buckets(access: Access) -> list[str]:
    stacks = {
        each["StackName"] for each in _pages(access, "cloudformation", "describe_stacks", "Stacks")
    }
    return [
        each["PhysicalResourceId"]
        for each in (resources_of(access, _ARTEFACTS) if _ARTEFACTS in stacks else ())
        if each["ResourceType"] == "AWS::S3::Bucket"
    ]


def key_alias(run: str) -> str:
    """Return the alias of the KMS key that a run makes."""
    return f"alias/{run}"


def _keys(access: Access, run: str) -> list[str]:
    listed = _pages(access, "kms", "list_aliases", "Aliases")
    return [each["TargetKeyId"] for each in listed if each["AliasName"] == key_alias(run)]


def _delete_key(access: Access, run: str, key: str) -> None:
    """Schedule the deletion of a key; AWS waits for some days."""
    kms = access.client("kms")
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=_KEY_DAYS)
    kms.delete_alias(AliasName=key_alias(run))


# What the templates keep when the stack goes, so that nobody loses state by a mistake.
_RETAINED: dict[str, Callable[[Access, str], None]] = {
    "AWS::S3::Bucket": _delete_bucket,
    "AWS::Lambda::LayerVersion": _delete_layer,
}
