"""What `sam package` does: artefacts to S3, and a template that points there."""

import copy
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from mypy_boto3_s3 import S3Client
from samcli.yamlhelper import yaml_parse

from ..functions.artefacts import zipped

_ARTEFACTS = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
    "AWS::StepFunctions::StateMachine": "DefinitionS3Location",
}


def package(built: Path, s3: S3Client, bucket: str) -> dict[str, Any]:
    """Return the built template with its artefacts in the bucket."""
    template = copy.deepcopy(_parsed(built))
    for resource in template["Resources"].values():
        name = _ARTEFACTS.get(resource["Type"])
        local = resource.get("Properties", {}).get(name)
        if isinstance(local, str):
            path = (built.parent / local).resolve()
            location = {"Bucket": bucket, "Key": _upload(path, s3, bucket)}
            resource["Properties"][name] = location
    return template


def _upload(path: Path, s3: S3Client, bucket: str) -> str:
    body = path.read_bytes() if path.is_file() else _archive(path)
    key = hashlib.sha256(body).hexdigest()
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    return key


# What is built lies in a folder that its content names: it is the same for all clouds of a process.


@lru_cache(maxsize=8)
def _parsed(built: Path) -> dict[str, Any]:
    template: dict[str, Any] = yaml_parse(built.read_text(encoding="utf-8"))
    return template


@lru_cache(maxsize=8)
def _archive(directory: Path) -> bytes:
    return zipped(directory)
