"""Files of items that moto's ItemReader does not know: Parquet, JSON lines, and lists of files.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader import (
    item_reader_decl as reader,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment

from ...clients import Clients
from ...parquet import rows_of
from ..patches import Original, around

_KEPT = "local_cloud_reads"


def _lines_of(body: bytes) -> list[Any]:
    return [json.loads(line) for line in body.splitlines() if line.strip()]


_READERS: Mapping[str, Callable[[bytes], list[Any]]] = {"JSONL": _lines_of, "PARQUET": rows_of}
_MANIFESTS = (None, "ATHENA_DATA")


def is_read_here(config: Mapping[str, Any]) -> bool:
    """Tell whether moto does not know a ReaderConfig that is read here."""
    known = config.keys() <= {"InputType", "ManifestType"}
    return (
        known and config.get("InputType") in _READERS and config.get("ManifestType") in _MANIFESTS
    )


def read_here(item_reader: Any, config: Mapping[str, Any]) -> None:
    """Have an ItemReader read what its ReaderConfig says."""
    setattr(item_reader, _KEPT, config)


def install(stack: ExitStack, clients: Clients) -> None:
    """Read such files through this client of S3."""

    @around(stack, reader.ItemReader, "_eval_body")
    def eval_body(original: Original, self: Any, env: Environment) -> None:
        config = getattr(self, _KEPT, None)
        if config is None:
            original(self, env)
            return
        self.parargs.eval(env)
        place = env.stack.pop()
        env.stack.append(list(_items(place["Bucket"], place["Key"], config, clients.client("s3"))))


def _items(bucket: str, key: str, config: Mapping[str, Any], s3: Any) -> Iterator[Any]:
    read = _READERS[config["InputType"]]
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    if "ManifestType" not in config:
        yield from read(body)
        return
    for path in body.decode().split("\n"):
        if path:
            at = urlsplit(path, allow_fragments=False)
            file = s3.get_object(Bucket=at.netloc, Key=path.partition(f"{at.netloc}/")[2])
            yield from read(file["Body"].read())
