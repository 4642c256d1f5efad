"""What the worker in Node.js takes for a pointer, and where it looks for the objects of an id."""

import base64
import gzip
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.examples.node import installed
from universal_sync_core.settings import Settings
from universal_sync_core.storage.keys import STATE_FOLDER, execution_prefix

IDS = [".", "..", "...", "a.b.", "it's (one)!*", "arn:aws:states:eu-west-1:1:execution:m:é/%2F"]
POINTER = {"__s3_offloaded": True, "__v": 1, "__kind": "value"}
SCRIPT = """
import { folderOf, whole } from "./pointers.mjs";
const { ids, values } = JSON.parse(process.argv[2]);
const folder = folderOf("run-1");
const path = `s3://bucket/${folder}${"0".repeat(64)}`;
const placed = (value) => (value.__s3_offloaded ? { __s3_path: path, ...value } : value);
const told = values.map((value) => whole(placed(value), folder).catch((error) => error.name));
console.log(JSON.stringify({ folders: ids.map(folderOf), told: await Promise.all(told) }));
"""


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = installed(tmp_path_factory.mktemp("node_forms"))
    (folder / "script.mjs").write_text(SCRIPT, "utf-8")
    return folder


def told(code: Path, budget: str = "128", **given: Any) -> Any:
    variables = {"STATE_BUCKET": "bucket", "AWS_REGION": "eu-west-1", "STATE_BUDGET_MB": budget}
    ran = subprocess.run(  # noqa: S603 - fixed words
        ["node", "script.mjs", json.dumps({"ids": [], "values": []} | given)],  # noqa: S607 - as npm
        cwd=code,
        env={"PATH": os.environ["PATH"], **variables},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(ran.stdout)


def test_the_objects_of_every_id_are_where_python_looks_for_them(code: Path) -> None:
    settings = Settings(bucket="bucket")
    folders = [f"{execution_prefix(settings, each)}{STATE_FOLDER}" for each in IDS]

    assert told(code, ids=IDS)["folders"] == folders


def test_what_is_no_pointer_is_refused_by_name_and_what_resembles_none_stays(code: Path) -> None:
    values: list[Any] = [
        POINTER,
        POINTER | {"__range": {}},
        POINTER | {"__range": [0, 9], "__s3_path": ["s3://bucket/x"]},
        {"__gzip_base64": 5},
        {"__proto__": {"x": 1}, "constructor": {"prototype": 2}},
    ]
    refused = ["MalformedPointerError", "MalformedPointerError", "PointerNotAllowedError"]

    assert told(code, values=values)["told"] == [*refused, *values[3:]]


def test_a_budget_that_is_not_a_number_is_none(code: Path) -> None:
    values = [POINTER | {"__range": [0, 9]}]

    assert told(code, "much", values=values)["told"] == ["StateTooLargeError"]


def packed(value: Any) -> dict[str, str]:
    return {"__gzip_base64": base64.b64encode(gzip.compress(json.dumps(value).encode())).decode()}


def test_so_many_values_are_read_as_the_package_reads_in_so_many_bytes(code: Path) -> None:
    """8 KB of packed zeros ended the process, whose memory they took."""
    most = 2**20 // 32
    text = '",[{\\' * most
    values = [[0] * (most - 1), [0] * most, [[]] * most, [{}] * most, [text, "\\", 1]]
    refused = "StateTooLargeError"

    assert told(code, "1", values=list(map(packed, values)))["told"] == [
        values[0],
        *[refused] * 3,
        values[4],
    ]
