"""ItemReaders: files, lists of files, and the objects of a bucket.

moto knows CSV with commas and JSON alone, and of a bucket the first thousand objects.
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader import (
    item_reader_decl as reader,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment

from ...clients import Clients
from ...errors import LocalCloudError
from ..patches import put
from .item_files import DELIMITERS, INPUT_TYPES, Config, items_in, rows_in, text_of

Found: TypeAlias = tuple[str, Any]

_KEPT: Final = "local_cloud_config"
_INVENTORY: Final = "S3_INVENTORY"
# What a field may say; None where that is told when it is read.
FIELDS: Final[Mapping[str, tuple[str, ...] | None]] = {
    "CSVDelimiter": DELIMITERS,
    "CSVHeaderLocation": ("FIRST_ROW", "GIVEN"),
    "CSVHeaders": None,
    "InputType": (*INPUT_TYPES, "MANIFEST"),
    "ItemsPointer": None,
    "ManifestType": ("ATHENA_DATA", _INVENTORY),
    "MaxItems": None,
    "MaxItemsPath": None,
    "Transformation": ("NONE", "LOAD_AND_FLATTEN"),
}


class ReadItems(list[Any]):
    """Items that were read.

    Attributes:
        sources: where each of them was read: the URI of a bucket or an object.
    """

    def __init__(self, found: Sequence[Found]) -> None:
        """Keep items apart from their sources."""
        super().__init__(item for _, item in found)
        self.sources = [source for source, _ in found]


def require_fields(
    place: str, config: Config, fields: Mapping[str, tuple[str, ...] | None]
) -> None:
    """Raise LocalCloudError where a configuration has a field or a value that is not known."""
    for field, value in config.items():
        known = fields.get(field, ())
        if known is not None and value not in known:
            what = f"{field} must be one of {', '.join(known)}" if known else f"{field} is unknown"
            raise LocalCloudError(f"{place}: {what}")
    if config.get("ManifestType") == _INVENTORY and "InputType" in config:
        raise LocalCloudError(f"{place}: {_INVENTORY} takes no InputType")


def read_as(item_reader: Any, template: Any) -> None:
    """Have an ItemReader read what its ReaderConfig says, of which this is the template."""
    setattr(item_reader, _KEPT, template)


def install(stack: ExitStack, clients: Clients) -> None:
    """Read every item here, through this client of S3."""

    def eval_body(self: Any, env: Environment) -> None:
        config = _evaluated(getattr(self, _KEPT, None), env)
        place = _evaluated(self.parargs, env)
        is_listed = self.resource.api_action.endswith("listObjectsV2")
        s3 = clients.client("s3")
        items = _listed(place, config, s3) if is_listed else _read(place, config, s3)
        most = int(config.get("MaxItems") or 0)
        if most < 0:
            raise LocalCloudError("field MaxItems must be positive")
        env.stack.append(ReadItems(list(islice(items, most or None))))

    put(stack, reader.ItemReader, "_eval_body", eval_body)


def _evaluated(template: Any, env: Environment) -> Any:
    if template is None:
        return {}
    template.eval(env)
    return env.stack.pop()


def _listed(place: dict[str, Any], config: Config, s3: Any) -> Iterator[Found]:
    """Yield what is told of each object below a prefix, or the items in each of them."""
    bucket = place["Bucket"]
    for page in s3.get_paginator("list_objects_v2").paginate(**place):
        for found in page.get("Contents", ()):
            if config.get("Transformation") == "LOAD_AND_FLATTEN":
                yield from _items(s3, bucket, found["Key"], config)
            else:
                told = {
                    "Etag": found["ETag"],
                    "Key": found["Key"],
                    "LastModified": int(found["LastModified"].timestamp()),
                    "Size": found["Size"],
                    "StorageClass": found["StorageClass"],
                }
                yield f"S3://{bucket}", told


def _read(place: dict[str, Any], config: Config, s3: Any) -> Iterator[Found]:
    body = s3.get_object(**place)["Body"].read()
    kind = config.get("ManifestType")
    if kind == _INVENTORY or config.get("InputType") == "MANIFEST":
        yield from _of_inventory(body, s3)
    elif kind is None:
        yield from _sourced(items_in(body, config), place["Bucket"], place["Key"])
    else:
        for path in filter(None, text_of(body).splitlines()):
            at = urlsplit(path, allow_fragments=False)
            key = path.partition(f"{at.netloc}/")[2]
            yield from _items(s3, at.netloc, key, config)


def _of_inventory(body: bytes, s3: Any) -> Iterator[Found]:
    """Yield an item for each object that an inventory of S3 lists."""
    manifest = json.loads(text_of(body))
    bucket = manifest["destinationBucket"].rpartition(":")[2]
    names = [name.strip() for name in manifest["fileSchema"].split(",")]
    for file in manifest["files"]:
        rows = rows_in(text_of(_body(s3, bucket, file["key"])), names, {})
        yield from _sourced(rows, bucket, file["key"])


def _items(s3: Any, bucket: str, key: str, config: Config) -> Iterator[Found]:
    return _sourced(items_in(_body(s3, bucket, key), config), bucket, key)


def _sourced(items: Iterable[Any], bucket: str, key: str) -> Iterator[Found]:
    return ((f"S3://{bucket}/{key}", item) for item in items)


def _body(s3: Any, bucket: str, key: str) -> bytes:
    body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body
