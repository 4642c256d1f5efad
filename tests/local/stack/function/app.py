"""Does what a test asks for."""

import importlib.util
import os
import time
from typing import Any

import boto3
from layered import VALUE  # type: ignore[import-not-found]


class OwnError(Exception):
    """An error of the function's own."""


def handler(event: dict[str, Any], context: Any) -> Any:
    """Do it."""
    print(f"a line of {context.aws_request_id}")  # noqa: T201 - what a function logs
    return globals()[f"do_{event['do']}"](event)


def do_echo(event: dict[str, Any]) -> Any:
    """Give back what came in."""
    return event["value"]


def do_raise(_event: dict[str, Any]) -> Any:
    """Fail."""
    raise OwnError("as asked")


def do_sleep(event: dict[str, Any]) -> Any:
    """Take a while, and say when."""
    begun = time.time()
    time.sleep(event["seconds"])
    return {"begun": begun, "ended": time.time()}


def do_exit(_event: dict[str, Any]) -> Any:
    """Die."""
    os._exit(3)


def do_fill(event: dict[str, Any]) -> Any:
    """Give so many bytes of JSON."""
    return "x" * (event["bytes"] - 2)


def do_look(_event: dict[str, Any]) -> Any:
    """Tell what is there."""
    return {
        "layer": VALUE,
        "environment": dict(os.environ),
        "development": importlib.util.find_spec("pytest") is not None,
    }


def do_send(event: dict[str, Any]) -> Any:
    """Answer a task token at once."""
    boto3.client("stepfunctions").send_task_success(taskToken=event["token"], output='"early"')


def do_write(event: dict[str, Any]) -> Any:
    """Put an object into the bucket."""
    bucket = os.environ["BUCKET"]
    boto3.client("s3").put_object(Bucket=bucket, Key=event["key"], Body=event["body"])
