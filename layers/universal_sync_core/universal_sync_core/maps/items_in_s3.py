"""Items of a Distributed Map that are in S3 already, read one by one as their bytes arrive."""

import codecs
import csv
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Final

from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    UnreadableObjectError,
)
from universal_sync_core.storage.store import Location
from universal_sync_core.values.budget import Cost
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.json_stream import streamed, with_floats

# As an ItemReader calls them.
# https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
INPUT_TYPE: Final = "input_type"
JSON: Final = "JSON"
CSV: Final = "CSV"
# Whether the object lists the files, rather than holding the items.
MANIFEST: Final = "manifest"
INPUT_TYPES: Final = (JSON, "JSONL", CSV)


def input_type(items: JsonObject, place: str) -> str:
    """Return of which type the object is that holds the items: JSON where nothing is said.

    Raises:
        InvalidRequestError: it is none of the known ones.
    """
    given = items.get(INPUT_TYPE, JSON)
    if given not in INPUT_TYPES:
        message = f"{place}.{INPUT_TYPE} must be one of {', '.join(INPUT_TYPES)}"
        raise InvalidRequestError(message, field=f"{place}.{INPUT_TYPE}")
    return str(given)


def items_in(at: Location, kind: str, unit: UnitOfWork) -> Iterator[Json]:
    """Yield the items of an object.

    Of CSV these are objects of texts, named by the first row; a cell that a row lacks is empty.

    Args:
        at: the object.
        kind: one of `INPUT_TYPES`.
        unit: whose budget its bytes are spent from.

    Raises:
        UnreadableObjectError: it is not of that type.
        StateTooLargeError: it is more than one call may read.
    """
    pieces = _spent(unit.objects.stream(at), str(at), unit)
    if kind != CSV:
        yield from map(with_floats, streamed(pieces))
        return
    try:
        yield from _rows(csv.reader(_lines(pieces), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnreadableObjectError("no readable CSV in UTF-8", path=str(at)) from error


def is_manifest(items: JsonObject, place: str) -> bool:
    """Tell whether the object lists the files that hold the items.

    Raises:
        InvalidRequestError: what says so is not a boolean.
    """
    told = items.get(MANIFEST, False)
    if type(told) is not bool:
        message = f"{place}.{MANIFEST} must be a boolean: whether the object lists files of items"
        raise InvalidRequestError(message, field=f"{place}.{MANIFEST}")
    return told


def items_of_files(manifest: Location, kind: str, unit: UnitOfWork) -> Iterator[Json]:
    """Yield the items of the files that a manifest lists, in its order, each file in its own.

    Args:
        manifest: an object with an `s3://` path in each line, as Athena's UNLOAD leaves it.
        kind: of each file, one of `INPUT_TYPES`.
        unit: whose budget all bytes are spent from.

    Raises:
        PointerNotAllowedError: a file is in no place that may be read; errors as of `items_in`.
    """
    for line in _lines(_spent(unit.objects.stream(manifest), str(manifest), unit)):
        if line.strip():
            yield from items_in(_file_in(line.strip(), manifest, unit), kind, unit)


def _file_in(path: str, manifest: Location, unit: UnitOfWork) -> Location:
    try:
        at = Location.parse(path)
    except MalformedPointerError as error:
        message = "a line of the manifest is not the s3:// path of an object"
        raise UnreadableObjectError(message, path=str(manifest)) from error
    unit.objects.require_allowed(str(at))
    return at


def _spent(pieces: Iterable[bytes], path: str, unit: UnitOfWork) -> Iterator[bytes]:
    for piece in pieces:
        unit.budget.spend(Cost(len(piece)), path)
        yield piece


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield lines with their ends; a quoted cell may go over several."""
    rest = ""
    for text in codecs.iterdecode(pieces, "utf-8-sig"):
        *lines, rest = (rest + text).split("\n")
        yield from (f"{line}\n" for line in lines)
    if rest:
        yield rest


def _rows(rows: Iterator[list[str]]) -> Iterator[JsonObject]:
    names = next(rows, [])
    for row in rows:
        if row:
            cells = zip_longest(names, row[: len(names)], fillvalue="")
            yield dict(cells)
