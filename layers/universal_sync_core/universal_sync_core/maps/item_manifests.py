"""Manifests: objects that list the files in which the items of a Distributed Map are."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_plus

from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
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

# As an ItemReader calls them.
# https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
MANIFEST_TYPE: Final = "manifest_type"
ATHENA: Final = "ATHENA_DATA"
INVENTORY: Final = "S3_INVENTORY"
MANIFEST_TYPES: Final = (ATHENA, INVENTORY)


def manifest_type(items: JsonObject, place: str) -> str | None:
    """Return what kind of manifest the object is, or None where it holds the items itself.

    Raises:
        InvalidRequestError: it is none of the known ones, or says the type of an inventory's files.
    """
    if MANIFEST_TYPE not in items:
        return None
    kind = known(items[MANIFEST_TYPE], MANIFEST_TYPES, f"{place}.{MANIFEST_TYPE}")
    if kind == INVENTORY and INPUT_TYPE in items:
        message = f"{place}.{INPUT_TYPE} must be left out: the files of an inventory are {CSV}"
        raise InvalidRequestError(message, field=f"{place}.{INPUT_TYPE}")
    return kind


def items_of_files(manifest: Location, kind: str, unit: UnitOfWork) -> Iterator[Json]:
    """Yield the items of the files that a manifest of Athena lists, in its order.

    Args:
        manifest: an object with an `s3://` path in each line, as UNLOAD leaves it.
        kind: of each file, one of `INPUT_TYPES`.
        unit: whose budget all bytes are spent from.

    Raises:
        PointerNotAllowedError: a file is in no place that may be read; errors as of `items_in`.
    """
    for at in files_of(manifest, unit):
        yield from items_in(at, kind, unit)


def files_of(manifest: Location, unit: UnitOfWork) -> Iterator[Location]:
    """Yield the files that a manifest of Athena lists, each in a place that may be read."""
    for line in text_lines(manifest, unit):
        if line.strip():
            yield _allowed(line.strip(), manifest, unit)


def inventory_items(manifest: Location, unit: UnitOfWork) -> Iterator[JsonObject]:
    """Yield what an inventory of S3 lists: an object of texts for each object of the bucket.

    Args:
        manifest: the `manifest.json` of the inventory, whose files are CSV.
        unit: whose budget all bytes are spent from.

    Raises:
        UnreadableObjectError: it is no such manifest, or its files are of another format.
        PointerNotAllowedError: a file is in no place that may be read.
    """
    told = decode("".join(text_lines(manifest, unit)).encode(), path=str(manifest))
    try:
        if told["fileFormat"] != CSV:
            message = "an inventory in another format than CSV"
            raise UnreadableObjectError(message, path=str(manifest))
        names = [name.strip() for name in told["fileSchema"].split(",")]
        bucket = told["destinationBucket"].rpartition(":::")[2]
        keys = [file["key"] for file in told["files"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise UnreadableObjectError("no manifest of an inventory", path=str(manifest)) from error
    for key in keys:
        at = _allowed(f"s3://{bucket}/{key}", manifest, unit)
        yield from map(_listed, named(names, csv_rows(at, unit), at, unit))


def _listed(cells: JsonObject) -> JsonObject:
    """Return what a row tells; a key is URL-encoded there.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html
    """
    return cells | {"Key": unquote_plus(cells["Key"])} if "Key" in cells else cells


def _allowed(path: str, manifest: Location, unit: UnitOfWork) -> Location:
    try:
        at = Location.parse(path)
    except MalformedPointerError as error:
        message = "a file that the manifest lists is no object of S3"
        raise UnreadableObjectError(message, path=str(manifest)) from error
    unit.objects.require_allowed(str(at))
    return at
