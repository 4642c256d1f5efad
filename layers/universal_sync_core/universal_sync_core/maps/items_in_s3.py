"""Items of a Distributed Map that are in S3 already, read one by one while their bytes arrive.

A file may be compressed with gzip or zstd; its first bytes show which.
"""

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import Final

from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.errors import InvalidRequestError, UnreadableObjectError
from universal_sync_core.maps.compressed_files import begun, uncompressed
from universal_sync_core.storage.store import Location
from universal_sync_core.values.budget import Cost
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.json_stream import streamed, with_floats

# The names are those of an ItemReader.
# https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
INPUT_TYPE: Final = "input_type"
JSON: Final = "JSON"
JSONL: Final = "JSONL"
CSV: Final = "CSV"
# Bytes before values in JSON and CSV; those in strings are counted as well.
_BEFORE_VALUES: Final = (b",", b"[", b"{")
# The budget of a call bounds a cell before this does.
_MOST_CELL_CHARS: Final = 2**31 - 1
# Only Step Functions itself reads this type.
PARQUET: Final = "PARQUET"
INPUT_TYPES: Final = (JSON, JSONL, CSV, PARQUET)


def input_type(items: JsonObject, place: str) -> str:
    """Return the type of the object with the items; JSON by default.

    Raises:
        InvalidRequestError: the type is not one of the known ones.
    """
    return known(items.get(INPUT_TYPE, JSON), INPUT_TYPES, f"{place}.{INPUT_TYPE}")


def known(given: Json, values: Sequence[str], place: str) -> str:
    """Return a value after checking that it is one of the known ones.

    Raises:
        InvalidRequestError: it is not one of them.
    """
    if given not in values:
        message = f"{place} must be one of {', '.join(values)}"
        raise InvalidRequestError(message, field=place)
    return str(given)


def items_in(at: Location, kind: str, unit: UnitOfWork) -> Iterator[Json]:
    """Yield the items of an object.

    From CSV, items are objects of strings, with names from the first row; a missing cell is empty.

    Args:
        at: the place of the object.
        kind: one of `INPUT_TYPES`, but not Parquet.
        unit: the unit of work whose budget its bytes are spent from.

    Raises:
        UnreadableObjectError: the object does not have that type, or two columns one name or
            none.
        StateTooLargeError: the object is larger than one call may read.
    """
    if kind == CSV:
        rows = csv_rows(at, unit)
        names = _distinct(next(rows, []), at)
        return named(names, _with_one_unnamed(names, rows, at), at, unit)
    path = str(at)
    values = streamed(_spent(at, unit), path, lines=kind == JSONL)
    return (with_floats(value, path) for value in values)


def text_lines(at: Location, unit: UnitOfWork) -> Iterator[str]:
    """Yield the lines of an object with their line ends, and spend their bytes from the budget."""
    try:
        yield from _lines(_spent(at, unit))
    except UnicodeDecodeError as error:
        raise UnreadableObjectError("not text in UTF-8", path=str(at)) from error


def csv_rows(at: Location, unit: UnitOfWork) -> Iterator[list[str]]:
    """Yield the rows of a table that have a cell; the errors are those of `items_in`."""
    # For the whole process: its limit of 128 KiB for a cell is below what an item may have.
    csv.field_size_limit(max(csv.field_size_limit(), _MOST_CELL_CHARS))
    try:
        yield from filter(None, csv.reader(text_lines(at, unit), strict=True))
    except csv.Error as error:
        raise UnreadableObjectError("not readable CSV", path=str(at)) from error


def _spent(at: Location, unit: UnitOfWork) -> Iterator[bytes]:
    """Yield the content of an object, and spend what it takes: stored, or if that is more, here."""
    path, prepaid = str(at), 0

    def stored() -> Iterator[bytes]:
        nonlocal prepaid
        for piece in unit.objects.stream(at):  # it may be compressed, and have no content at all
            unit.budget.spend(Cost(len(piece)), path)
            prepaid += len(piece)
            yield piece

    pieces = begun(uncompressed(stored(), path), len(codecs.BOM_UTF8))
    for piece in chain([next(pieces).removeprefix(codecs.BOM_UTF8)], pieces):
        size = max(0, len(piece) - prepaid)
        prepaid -= len(piece) - size
        unit.budget.spend(Cost(size, sum(map(piece.count, _BEFORE_VALUES))), path)
        yield piece


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield lines with their line ends; a quoted cell may span several."""
    begun: list[str] = []
    for text in codecs.iterdecode(pieces, "utf-8"):
        first, *more = text.split("\n")
        begun.append(first)
        for line in more:
            yield f"{''.join(begun)}\n"
            begun = [line]
    if rest := "".join(begun):
        yield rest


def _distinct(names: list[str], at: Location) -> list[str]:
    """Return the names of columns, of which only empty ones may repeat.

    Raises:
        UnreadableObjectError: two columns have one name, and all cells but the last would be lost.
    """
    given = [name for name in names if name]
    if len(set(given)) < len(given):
        message = "two columns of this CSV have the same name: give each its own"
        raise UnreadableObjectError(message, path=str(at))
    return names


def _with_one_unnamed(
    names: Sequence[str], rows: Iterable[list[str]], at: Location
) -> Iterator[list[str]]:
    """Yield the rows of a table with the value of a column without a name in the last such column.

    Raises:
        UnreadableObjectError: a row has two of these values, of which an object keeps only one.
    """
    unnamed = [position for position, name in enumerate(names) if not name]
    for row in rows:
        found = [cell for name, cell in zip(names, row, strict=False) if cell and not name]
        if len(found) > 1:
            message = "two columns of this CSV have values but no name: give each its own"
            raise UnreadableObjectError(message, path=str(at))
        if found:
            row.extend([""] * (unnamed[-1] + 1 - len(row)))
            row[unnamed[-1]] = found[0]
        yield row


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
