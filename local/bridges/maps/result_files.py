"""The files of ResultWriter, and the error names when reading or writing S3 fails.

moto writes a manifest that lists no files, knows no WriterConfig, and gives the wrong error name if
S3 refuses.
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from collections.abc import Iterable
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader import (
    item_reader_decl as reader,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.map_run_record import (  # noqa: E501
    MapRunRecord,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer import (
    result_writer_decl as writer,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.resource_eval.resource_eval_s3 import (  # noqa: E501
    ResourceEvalS3,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment

from ...clients import Clients
from ...errors import LocalCloudError
from ...limits import encode
from ..failures import failure_event
from ..patches import Original, around, put
from .children import Child, ChildOutputs, child_arn

_FILES = ("FAILED", "PENDING", "SUCCEEDED")
_FILE_OF_STATUS = {"TIMED_OUT": "FAILED", "ABORTED": "FAILED"}


def install(stack: ExitStack, clients: Clients) -> None:
    """Write the files through this client of S3."""

    def put_object(env: Environment, _resource: Any, _credentials: Any) -> None:
        parameters = env.stack.pop()
        env.stack.append(_write(env.stack.pop(), parameters, clients.client("s3")))

    put(stack, ResourceEvalS3, "_handle_put_object", staticmethod(put_object))
    failures = StatesErrorNameType
    _name_failure(stack, reader.ItemReader, failures.StatesItemReaderFailed)
    _name_failure(stack, writer.ResultWriter, failures.StatesResultWriterFailed)


def _write(outputs: ChildOutputs, parameters: dict[str, Any], s3: Any) -> dict[str, Any]:
    record = outputs.record
    bucket, prefix = parameters["Bucket"], parameters.get("Prefix", "")
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    directory = f"{prefix}{record.map_run_arn.rsplit(':', 1)[-1]}"
    files: dict[str, list[dict[str, Any]]] = {name: [] for name in _FILES}
    for name, children in _by_file([*outputs.ended, *outputs.pending]).items():
        results = results_of(outputs, children)
        has_lines = outputs.config.get("OutputType") == "JSONL"
        body = b"\n".join(map(encode, results)) if has_lines else encode(results)
        key = f"{directory}/{name}_0.json{'l' * has_lines}"
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
        files[name].append({"Key": key, "Size": len(body)})
    manifest = {
        "DestinationBucket": bucket,
        "MapRunArn": record.map_run_arn,
        "ResultFiles": files,
    }
    key = f"{directory}/manifest.json"
    s3.put_object(Bucket=bucket, Key=key, Body=encode(manifest), ContentType="application/json")
    return {
        "MapRunArn": record.map_run_arn,
        "ResultWriterDetails": {"Bucket": bucket, "Key": key},
    }


def results_of(outputs: ChildOutputs, children: Iterable[Child]) -> list[Any]:
    """Return what a ResultWriter makes of children; of one that failed it is always its record."""
    made: list[Any] = []
    transformation = outputs.config.get("Transformation", "NONE")
    for child in children:
        if child.status != "SUCCEEDED" or transformation == "NONE":
            made.append(_record(outputs.record, child))
        elif transformation == "FLATTEN" and isinstance(child.output, list):
            made += child.output
        else:
            made.append(child.output)
    return made


def _by_file(children: Iterable[Child]) -> dict[str, list[Child]]:
    """Sort children into their files, each in the order in which they ended."""
    sorted_children: dict[str, list[Child]] = {}
    for child in children:
        name = _FILE_OF_STATUS.get(child.status, child.status)
        sorted_children.setdefault(name, []).append(child)
    return sorted_children


def _record(record: MapRunRecord, child: Child) -> dict[str, Any]:
    """Return the line of a child; AWS names neither its item's position nor what is unset."""
    succeeded = child.status == "SUCCEEDED"
    line = {
        "Cause": child.cause,
        "Error": child.error,
        "ExecutionArn": child_arn(record, child),
        "Input": encode(child.input).decode(),
        "InputDetails": {"Included": True},
        "Name": child.name,
        "Output": encode(child.output).decode() if succeeded else None,
        "OutputDetails": {"Included": True} if succeeded else None,
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE" if succeeded else "REDRIVABLE_BY_MAP_RUN",
        "RedriveStatusReason": _NOT_REDRIVABLE if succeeded else None,
        "StartDate": _timestamp(child.started),
        "StateMachineArn": record.map_state_machine_arn,
        "Status": child.status,
        "StopDate": _timestamp(child.stopped),
    }
    return {name: value for name, value in line.items() if value is not None}


_NOT_REDRIVABLE = "Execution is SUCCEEDED and cannot be redriven"


def _timestamp(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _name_failure(stack: ExitStack, part: Any, error: StatesErrorNameType) -> None:
    """Fail a part of the Map state with its own error name where S3 or the data refuses."""

    @around(stack, part, "_eval_body")
    def eval_body(original: Original, self: Any, env: Environment) -> None:
        try:
            original(self, env)
        except (BotoCoreError, ClientError, LocalCloudError, ValueError) as refused:
            cause = f"{_place_of(self, env)}{refused}"
            raise FailureEventException(failure_event(env, error, cause)) from refused


def _place_of(part: Any, env: Environment) -> str:
    """Return the bucket and the key or prefix that a part of the Map state names, for a cause."""
    if part.parargs is None:
        return ""
    part.parargs.eval(env)
    place = env.stack.pop()
    key = place.get("Key", place.get("Prefix", ""))
    return f"s3://{place['Bucket']}/{key}: " if "Bucket" in place else ""
