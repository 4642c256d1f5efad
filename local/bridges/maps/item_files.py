"""The items of files of every type that an ItemReader knows.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

import csv
import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import StringIO
from itertools import zip_longest
from typing import Any, Final, TypeAlias

from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.maps.compressed_files import uncompressed

from ...errors import LocalCloudError
from ...limits import PAYLOAD_BYTES
from ...parquet import rows_of
from .objects import items_of

Config: TypeAlias = Mapping[str, Any]

_DELIMITERS: Final = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


def items_in(body: bytes, config: Config) -> Iterable[Any]:
    """Return the items of a file.

    Args:
        body: its bytes, which may be compressed.
        config: the ReaderConfig, evaluated.

    Raises:
        LocalCloudError, ValueError: it cannot be read as the type that the configuration names.
    """
    read = _READERS.get(config.get("InputType", ""))
    if read is None:
        raise LocalCloudError(f"InputType must be one of {', '.join(INPUT_TYPES)}")
    return read(body, config)


def text_of(body: bytes) -> str:
    """Return the text of a file, which may be compressed."""
    try:
        return b"".join(uncompressed([body], "the file")).removeprefix(BOM_UTF8).decode()
    except UnreadableObjectError as error:
        raise LocalCloudError(str(error)) from error


def rows_in(text: str, names: list[str] | None, config: Config) -> Iterator[dict[str, str]]:
    """Yield the rows of a table with these names of columns, or those of its first row."""
    # For the whole process: its limit of 128 KiB for a cell is below what an item may have.
    csv.field_size_limit(max(csv.field_size_limit(), PAYLOAD_BYTES))
    delimiter = _DELIMITERS[config.get("CSVDelimiter", "COMMA")]
    table = csv.reader(StringIO(text, newline=""), delimiter=delimiter, escapechar="\\")
    rows = filter(None, table)
    try:
        names = next(rows, []) if names is None else names
        if len(set(names)) < len(names):
            raise LocalCloudError("CSV headers cannot contain duplicates.")
        for row in rows:
            yield dict(zip_longest(names, row[: len(names)], fillvalue=""))
    except csv.Error as error:
        raise LocalCloudError(f"the file is not CSV: {error}") from error


def _of_table(body: bytes, config: Config) -> Iterator[dict[str, str]]:
    given = config["CSVHeaders"] if config.get("CSVHeaderLocation") == "GIVEN" else None
    return rows_in(text_of(body), given, config)


def _of_json(body: bytes, config: Config) -> list[Any]:
    found = json.loads(text_of(body))
    pointer = config.get("ItemsPointer", "")
    for step in pointer.split("/")[1:]:  # https://www.rfc-editor.org/rfc/rfc6901
        key = step.replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(key) if isinstance(found, list) else key]
        except (LookupError, TypeError, ValueError) as error:
            raise LocalCloudError(f"ItemsPointer {pointer} leads to nothing") from error
    items = items_of(found)
    if not isinstance(items, list):
        raise LocalCloudError("Attempting to map over non-iterable node.")
    return items


def _of_lines(body: bytes, _: Config) -> Iterator[Any]:
    return (json.loads(line) for line in text_of(body).split("\n") if line.strip())


def _of_columns(body: bytes, _: Config) -> list[dict[str, Any]]:
    return rows_of(body)


_READERS: Final[Mapping[str, Callable[[bytes, Config], Iterable[Any]]]] = {
    "CSV": _of_table,
    "JSON": _of_json,
    "JSONL": _of_lines,
    "PARQUET": _of_columns,
}
INPUT_TYPES: Final = tuple(_READERS)
DELIMITERS: Final = tuple(_DELIMITERS)
