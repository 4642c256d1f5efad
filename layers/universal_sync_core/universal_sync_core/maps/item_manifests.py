"""Manifests: objects that list the files with the items of a Distributed Map."""

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote_plus

from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    StateTooLargeError,
    UnreadableObjectError,
)
from universal_sync_core.maps.items_in_s3 import (
    CSV,
    INPUT_TYPE,
    csv_rows,
    items_in,
    known,
    named,
    text_lines,
)
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import Json, JsonObject, decode

# The names are those of an ItemReader.
# https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
MANIFEST_TYPE: Final = "manifest_type"
ATHENA: Final = "ATHENA_DATA"
INVENTORY: Final = "S3_INVENTORY"
MANIFEST_TYPES: Final = (ATHENA, INVENTORY)
# Each is a request of some 20 ms, and a call may take 300 s. A line of a manifest is 30 bytes.
MOST_FILES: Final = 10_000


def manifest_type(items: JsonObject, place: str) -> str | None:
    """Return the kind of a manifest, or None if the object contains the items itself.

    Raises:
        InvalidRequestError: the kind is not one of the known ones, or the fields give a type for
            the files of an inventory.
    """
    if MANIFEST_TYPE not in items:
        return None
    kind = known(items[MANIFEST_TYPE], MANIFEST_TYPES, f"{place}.{MANIFEST_TYPE}")
    if kind == INVENTORY and INPUT_TYPE in items:
        message = f"{place}.{INPUT_TYPE} must be left out: the files of an inventory are {CSV}"
        raise InvalidRequestError(message, field=f"{place}.{INPUT_TYPE}")
    return kind


def items_of_files(manifest: Location, kind: str, unit: UnitOfWork) -> Iterator[Json]:
    """Yield the items of the files that a manifest of Athena lists, in the order of the manifest.

    Args:
        manifest: an object with an `s3://` path in each line, as UNLOAD writes it.
        kind: the type of each file, one of `INPUT_TYPES`.
        unit: the unit of work whose budget all bytes are spent from.

    Raises:
        PointerNotAllowedError: a file is not in an allowed place. The other errors are those of
            `items_in`.
        StateTooLargeError: they are more files than one call may read.
    """
    for at in _few(files_of(manifest, unit), manifest):
        yield from items_in(at, kind, unit)


def files_of(manifest: Location, unit: UnitOfWork) -> Iterator[Location]:
    """Yield the files that a manifest of Athena lists; each must be in an allowed place."""
    for line in text_lines(manifest, unit):
        path = line.lstrip().rstrip("\r\n")  # a key may end in a space
        if path:
            yield _allowed(path, manifest, unit)


def inventory_items(manifest: Location, unit: UnitOfWork) -> Iterator[JsonObject]:
    """Yield the rows of an inventory of S3: an object of strings for each object of the bucket.

    Args:
        manifest: the `manifest.json` of the inventory, whose files are CSV.
        unit: the unit of work whose budget all bytes are spent from.

    Raises:
        UnreadableObjectError: it is not such a manifest, or its files have another format.
        PointerNotAllowedError: a file is not in an allowed place.
        StateTooLargeError: they are more files than one call may read.
    """
    told = decode("".join(text_lines(manifest, unit)).encode(), path=str(manifest))
    try:
        if told["fileFormat"] != CSV:
            message = "the inventory is not in CSV"
            raise UnreadableObjectError(message, path=str(manifest))
        names = [name.strip() for name in told["fileSchema"].split(",")]
        bucket = told["destinationBucket"].rpartition(":::")[2]
        keys = [file["key"] for file in told["files"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise UnreadableObjectError(
            "not the manifest of an inventory", path=str(manifest)
        ) from error
    for at in _few((_allowed(f"s3://{bucket}/{key}", manifest, unit) for key in keys), manifest):
        yield from map(_listed, named(names, csv_rows(at, unit), at, unit))


def _few(files: Iterable[Location], manifest: Location) -> Iterator[Location]:
    """Yield files that are read one by one; more than a call has time for are refused."""
    for number, at in enumerate(files, 1):
        if number > MOST_FILES:
            message = f"{manifest} lists more files than one call may read; join some of them"
            raise StateTooLargeError(message, size=number, limit=MOST_FILES, unit="files")
        yield at


def _listed(cells: JsonObject) -> JsonObject:
    """Return what a row tells; a key is URL-encoded there.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html
    """
    return cells | {"Key": unquote_plus(cells["Key"])} if "Key" in cells else cells


def _allowed(path: str, manifest: Location, unit: UnitOfWork) -> Location:
    try:
        at = Location.parse(path)
    except MalformedPointerError as error:
        message = "the manifest lists a file that cannot be an object in S3"
        raise UnreadableObjectError(message, path=str(manifest)) from error
    unit.objects.require_allowed(str(at))
    return at
