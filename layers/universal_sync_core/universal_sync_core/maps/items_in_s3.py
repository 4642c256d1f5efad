"""Items of a Distributed Map that are in S3 already, read one by one as their bytes arrive.

A file may be compressed with gzip or zstd, which its first bytes tell.
"""

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Final

from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.errors import InvalidRequestError, UnreadableObjectError
from universal_sync_core.maps.compressed_files import uncompressed
from universal_sync_core.storage.store import Location
from universal_sync_core.values.budget import Cost
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.json_stream import streamed, with_floats

# As an ItemReader calls them.
# https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
INPUT_TYPE: Final = "input_type"
JSON: Final = "JSON"
CSV: Final = "CSV"
# Of JSON and of CSV; those in texts count as well.
_BEFORE_VALUES: Final = (b",", b"[", b"{")
# Read by Step Functions alone.
PARQUET: Final = "PARQUET"
INPUT_TYPES: Final = (JSON, "JSONL", CSV, PARQUET)


def input_type(items: JsonObject, place: str) -> str:
    """Return of which type the object is that holds the items: JSON where nothing is said.

    Raises:
        InvalidRequestError: it is none of the known ones.
    """
    return known(items.get(INPUT_TYPE, JSON), INPUT_TYPES, f"{place}.{INPUT_TYPE}")


def known(given: Json, values: Sequence[str], place: str) -> str:
    """Return a value that is one of the known ones.

    Raises:
        InvalidRequestError: it is none of them.
    """
    if given not in values:
        message = f"{place} must be one of {', '.join(values)}"
        raise InvalidRequestError(message, field=place)
    return str(given)


def items_in(at: Location, kind: str, unit: UnitOfWork) -> Iterator[Json]:
    """Yield the items of an object.

    Of CSV these are objects of texts, named by the first row; a cell that a row lacks is empty.

    Args:
        at: the object.
        kind: one of `INPUT_TYPES`, but not Parquet.
        unit: whose budget its bytes are spent from.

    Raises:
        UnreadableObjectError: it is not of that type.
        StateTooLargeError: it is more than one call may read.
    """
    if kind == CSV:
        rows = csv_rows(at, unit)
        return named(next(rows, []), rows, at, unit)
    return map(with_floats, streamed(_spent(at, unit)))


def text_lines(at: Location, unit: UnitOfWork) -> Iterator[str]:
    """Yield the lines of an object with their ends, spent from the budget of a unit of work."""
    try:
        yield from _lines(_spent(at, unit))
    except UnicodeDecodeError as error:
        raise UnreadableObjectError("no text in UTF-8", path=str(at)) from error


def csv_rows(at: Location, unit: UnitOfWork) -> Iterator[list[str]]:
    """Yield the rows of a table, those without a cell left out; errors as of `items_in`."""
    try:
        yield from filter(None, csv.reader(text_lines(at, unit), strict=True))
    except csv.Error as error:
        raise UnreadableObjectError("no readable CSV", path=str(at)) from error


def _spent(at: Location, unit: UnitOfWork) -> Iterator[bytes]:
    path = str(at)
    for piece in uncompressed(unit.objects.stream(at), path):
        unit.budget.spend(Cost(len(piece), sum(map(piece.count, _BEFORE_VALUES))), path)
        yield piece


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield lines with their ends; a quoted cell may go over several."""
    begun: list[str] = []
    for text in codecs.iterdecode(pieces, "utf-8-sig"):
        first, *more = text.split("\n")
        begun.append(first)
        for line in more:
            yield f"{''.join(begun)}\n"
            begun = [line]
    if rest := "".join(begun):
        yield rest


def named(
    names: Sequence[str], rows: Iterable[list[str]], at: Location, unit: UnitOfWork
) -> Iterator[JsonObject]:
    """Yield the rows of a table as objects, which repeat the names; a cell that lacks is empty.

    Raises:
        StateTooLargeError: they are more than one call may read.
    """
    repeated = Cost(sum(map(len, names)), len(names))
    for row in rows:
        unit.budget.spend(repeated, str(at))
        yield dict(zip_longest(names, row[: len(names)], fillvalue=""))
