"""Rows of Parquet files, as Step Functions gives them to the children of a Distributed Map.

The package that reads them is not needed by the rest of the local cloud.
"""

import importlib
import json
from io import BytesIO
from typing import Any

from .errors import LocalCloudError

_READER = "arro3.io"
_PACKAGE = "arro3-io"
# A file begins and ends with it. https://parquet.apache.org/docs/file-format/
_MAGIC = b"PAR1"


def rows_of(body: bytes) -> list[dict[str, Any]]:
    """Return the rows of a file, each with all its columns.

    Raises:
        LocalCloudError: it is not Parquet, or nothing that reads it is installed.
    """
    if not (body.startswith(_MAGIC) and body.endswith(_MAGIC)):
        raise LocalCloudError("this file is not Parquet")
    try:
        reader: Any = importlib.import_module(_READER)
    except ImportError as error:
        message = f"files of Parquet are read here with the package {_PACKAGE}: install it"
        raise LocalCloudError(message) from error
    lines = BytesIO()
    reader.write_ndjson(reader.read_parquet(BytesIO(body)), lines, explicit_nulls=True)
    return [json.loads(line) for line in lines.getvalue().splitlines()]
