"""What a Distributed Map takes for items in S3: files of each type, lists of files, and objects."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from local.cloud import Execution, LocalCloud
from local.errors import LocalCloudError

Read = Callable[..., Execution]

FIRST_ROW = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}
GIVEN = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b"]}
ROWS = [{"a": "1", "b": "x, y"}, {"a": "2", "b": ""}]
LISTED = [{"Bucket": "of", "Key": "a", "Size": "3"}, {"Bucket": "of", "Key": "b", "Size": "4"}]
KEY = "items of a file"
PREFIX = "items of objects/"


def mapping(reader: dict[str, Any]) -> dict[str, Any]:
    body = {"StartAt": "Keep", "States": {"Keep": {"Type": "Pass", "End": True}}}
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    processor = {"ProcessorConfig": config, **body}
    return {"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, "End": True}


@pytest.fixture
def read(cloud: LocalCloud, run: Callable[..., Execution]) -> Read:
    """Run a map over the items of a file, or of the objects below a prefix."""
    bucket = cloud.outputs["Bucket"]

    def start(body: bytes | None, config: Any) -> Execution:
        action, place = "listObjectsV2", {"Bucket": bucket, "Prefix": PREFIX}
        if body is not None:
            action, place = "getObject", {"Bucket": bucket, "Key": KEY}
            cloud.client("s3").put_object(**place, Body=body)
        reader = {"Resource": f"arn:aws:states:::s3:{action}", "Parameters": place}
        return run({"Map": mapping(reader | config)}, {"most": 2}).wait(60)

    return start


FILES: dict[str, tuple[bytes, dict[str, Any], Any]] = {
    "byte order mark": (b'\xef\xbb\xbfa,b\r\n1,"x, y"\r\n2\r\n', FIRST_ROW, ROWS),
    "pipes": (b"a|b\n1|x, y\n2|\n", FIRST_ROW | {"CSVDelimiter": "PIPE"}, ROWS),
    "tabs, given names": (b"1\tx, y\tmore\n2\n", GIVEN | {"CSVDelimiter": "TAB"}, ROWS),
    "gzip": (gzip.compress(b'1,"x, y"\n2,\n', mtime=0), GIVEN, ROWS),
    "JSON": (b"\xef\xbb\xbf[1, 2, 3]", {"InputType": "JSON", "MaxItemsPath": "$.most"}, [1, 2]),
    "part of JSON": (b'{"/": [[1]]}', {"InputType": "JSON", "ItemsPointer": "/~1/0"}, [1]),
    "object of JSON": (b'{"a": 1}', {"InputType": "JSON"}, [{"Key": "a", "Value": 1}]),
    "backslashes": (b"a,b\n1,x\\, \\y\n2,\n", FIRST_ROW, ROWS),
    "JSON lines": (b"1\n\n2\n3\n", {"InputType": "JSONL", "MaxItems": 2}, [1, 2]),
    "all lines": (b"1\n", {"InputType": "JSONL", "MaxItems": 0}, [1]),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES.values(), ids=FILES)
def test_items_of_a_file_are_read_as_the_configuration_says(read: Read, case: Any) -> None:
    body, config, items = case
    assert read(body, {"ReaderConfig": config}).output == items


def test_objects_of_a_bucket_are_items_or_files_of_items(read: Read, cloud: LocalCloud) -> None:
    assert read(None, {}).output == []
    bucket = cloud.outputs["Bucket"]
    for key in ("1", "2"):
        cloud.client("s3").put_object(Bucket=bucket, Key=f"{PREFIX}{key}", Body=f"[{key}]")
    (first,) = read(None, {"ReaderConfig": {"MaxItems": 1}}).output
    loads = {"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN"}

    assert first.keys() == {"Etag", "Key", "LastModified", "Size", "StorageClass"}
    assert (first["Key"], first["Size"]) == (f"{PREFIX}1", 3)
    assert type(first["LastModified"]) is int
    assert read(None, {"ReaderConfig": loads}).output == [1, 2]


def test_item_selector_is_told_where_an_item_was_read(
    cloud: LocalCloud, run: Callable[..., Execution]
) -> None:
    bucket, prefix = cloud.outputs["Bucket"], "sources/"
    cloud.client("s3").put_object(Bucket=bucket, Key=f"{prefix}a", Body=b"[1, 2]")
    place = {"Bucket": bucket, "Prefix": prefix}

    def sources(**config: Any) -> Any:
        reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": place, **config}
        selector = {"source.$": "$$.Map.Item.Source"}
        return run({"Map": {**mapping(reader), "ItemSelector": selector}}).wait(60).output

    loads = {"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN"}
    assert sources() == [{"source": f"S3://{bucket}"}]
    assert sources(ReaderConfig=loads) == [{"source": f"S3://{bucket}/{prefix}a"}] * 2


@pytest.mark.parametrize("config", [{"InputType": "MANIFEST"}, {"ManifestType": "S3_INVENTORY"}])
def test_rows_of_an_inventory_are_items(read: Read, cloud: LocalCloud, config: Any) -> None:
    bucket = cloud.outputs["Bucket"]
    rows = gzip.compress(b'"of","a","3"\n"of","b","4"\n')
    cloud.client("s3").put_object(Bucket=bucket, Key="inventory.csv.gz", Body=rows)
    manifest = {
        "destinationBucket": f"arn:aws:s3:::{bucket}",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "inventory.csv.gz"}],
    }

    assert read(json.dumps(manifest).encode(), {"ReaderConfig": config}).output == LISTED


REFUSED: dict[str, tuple[bytes, dict[str, Any]]] = {
    "Attempting to map over non-iterable node.": (b"1", {"InputType": "JSON"}),
    "ItemsPointer /none leads to nothing": (b"{}", {"InputType": "JSON", "ItemsPointer": "/none"}),
    "CSV headers cannot contain duplicates.": (b"a,a\n1,2\n", FIRST_ROW),
}


@pytest.mark.parametrize("cause", REFUSED)
def test_file_that_has_no_such_items_fails_the_map(
    read: Read, cloud: LocalCloud, cause: str
) -> None:
    body, config = REFUSED[cause]
    failed = read(body, {"ReaderConfig": config})

    assert failed.error == "States.ItemReaderFailed"
    assert failed.cause == f"s3://{cloud.outputs['Bucket']}/{KEY}: {cause}"


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"InputType": "XML"}, "InputType must be one of CSV, JSON, JSONL, PARQUET, MANIFEST"),
        (FIRST_ROW | {"CSVDelimiter": ","}, "CSVDelimiter must be one of COMMA, PIPE"),
        ({"InputType": "JSON", "Delimiter": "x"}, "Delimiter is unknown"),
        ({"InputType": "CSV", "ManifestType": "S3_INVENTORY"}, "S3_INVENTORY takes no InputType"),
    ],
)
def test_configuration_that_aws_does_not_know_is_refused(
    cloud: LocalCloud, config: Any, reason: str
) -> None:
    reader = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config}
    states = {"Map": mapping(reader | {"Parameters": {"Bucket": "b", "Key": "k"}})}
    with pytest.raises(LocalCloudError, match=reason):
        cloud.create_state_machine("refused", {"StartAt": "Map", "States": states})
