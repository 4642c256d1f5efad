"""Reading the results of a Distributed Map from the files that its ResultWriter writes to S3.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from universal_sync_core.bag.fields import CHAIN, field_of
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.errors import (
    MalformedManifestError,
    MalformedPointerError,
    PointerNotAllowedError,
    UnreadableObjectError,
)
from universal_sync_core.ingestion.ingest import ingest
from universal_sync_core.limits import KIB
from universal_sync_core.maps.batches import unbatched
from universal_sync_core.maps.map_items import Item, item_of, output_of
from universal_sync_core.retention.members import require_begun
from universal_sync_core.storage.keys import results_prefix
from universal_sync_core.storage.store import Location
from universal_sync_core.values.budget import Cost
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.json_stream import streamed

DETAILS: Final = "ResultWriterDetails"
MAP_RUN: Final = "MapRunArn"

_SUCCEEDED: Final = "SUCCEEDED"
_OUTCOMES: Final = (_SUCCEEDED, "FAILED", "PENDING")
_HELD_BYTES: Final = 32 * KIB * KIB
# A record has an input and an output of 256 KiB each, as JSON in JSON.
_MOST_RECORD_BYTES: Final = 8 * KIB * KIB
# The WriterConfig's transformations that write outputs instead of records.
_OUTPUTS_ONLY: Final = ("COMPACT", "FLATTEN")
_PLACE: Final = "(ResultWriterDetails)"
# Keys by which a record of an execution, and one of a success, can be recognised.
_OF_EXECUTIONS: Final = frozenset({"ExecutionArn", "Name", "Status"})
_OF_SUCCESSES: Final = frozenset({"Output", "OutputDetails"})
_ARN: Final = re.compile(r"arn:[^:]+:states:([^:]*:[^:]*):(mapRun|execution):([^:]+):.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """A result file in the manifest.

    Attributes:
        outcome: the outcome of all items in it.
        location: the place of the file.
        size: its size in bytes, or None if the manifest does not give it.
        map_run: ARN of the Map Run, or None if the manifest does not give it.
        has_records: whether it contains records of executions, and not only their outputs.
        has_lines: whether the manifest says that it contains JSON lines.
    """

    outcome: str
    location: Location
    size: int | None
    map_run: str | None
    has_records: bool
    has_lines: bool


def names_map_run(result: Json, unit: UnitOfWork) -> bool:
    """Tell whether a result is the answer of a Distributed Map with a ResultWriter.

    Only the join of a map reads a manifest; for any other action, a result of this form is data.
    """
    if type(result) is not dict:
        return False
    if unit.action == "aggregate_distributed":
        return DETAILS in result or MAP_RUN in result
    if unit.action is not None:
        return False
    details: Json = result.get(DETAILS)
    names_object = type(details) is dict and details.keys() >= {"Bucket", "Key"}
    return names_object or result.keys() >= {DETAILS, MAP_RUN}


def read_map_run(result: JsonObject, unit: UnitOfWork) -> list[Item]:
    """Return the items of a Map Run in order, each once.

    Args:
        result: `{"ResultWriterDetails": {"Bucket", "Key"}}`, with or without `MapRunArn`.
        unit: the unit of work that stores large outputs while they are read.

    Raises:
        MissingObjectError: the manifest or a result file is missing, or the mark of an execution
            that went on with the bag and wrote them.
        MalformedManifestError: one of them cannot be read.
        PointerNotAllowedError: one of them is outside the allowed places, or a Map Run of another
            state machine wrote them.
        StateTooLargeError: the manifest is larger than one call may read.
    """
    items: dict[tuple[str, object], Item] = {}
    for file in _result_files(result.get(DETAILS), unit):
        for item in unit.objects.retried(_read_file, file, unit):
            _require_same(items.setdefault(item.identity, item), item, str(file.location))
        unit.objects.flush_over(_HELD_BYTES)
    every = sorted(unbatched(items.values(), unit), key=Item.place)
    _require_one_at_each_position([item for item in every if item.given is not None])
    return every


def _require_one_at_each_position(items: list[Item]) -> None:
    """Raise MalformedManifestError if two items of children have the same position."""
    for item, following in pairwise(items):
        if item.position == following.position:
            message = f"two children ran an item at position {item.position}"
            raise MalformedManifestError(message, path=_PLACE)


def _require_same(known: Item, item: Item, path: str) -> None:
    """Raise MalformedManifestError if two children got different items at the same position."""
    if known.given != item.given:
        message = f"two children ran different items at position {item.position}"
        raise MalformedManifestError(message, path=path)


def _result_files(details: Json, unit: UnitOfWork) -> list[ResultFile]:
    """Return all result files, those of successes first."""
    try:
        at = _located(details["Bucket"], details["Key"])
    except (KeyError, TypeError, MalformedPointerError) as error:
        message = "ResultWriterDetails must have Bucket and Key"
        raise MalformedManifestError(message, path=_PLACE) from error
    writers = _writers(at, unit)
    places = list(writers.values())
    unit.objects.require_allowed(str(at), also=places)
    body = unit.objects.retried(_body, at, unit)
    unit.budget.spend(Cost(len(body)), str(at))
    try:
        files = list(_listed(unit.budget.decode(body, str(at))))
    except (
        *(UnreadableObjectError, MalformedPointerError),
        *(KeyError, TypeError, AttributeError),
    ) as error:
        raise MalformedManifestError("not a manifest of a Distributed Map", path=str(at)) from error
    for file in files:
        unit.objects.require_allowed(str(file.location), also=places)
        _require_of(writers, file)
    return files


def _body(at: Location, unit: UnitOfWork) -> bytes:
    body = bytearray()
    for piece in unit.objects.stream(at):
        body += piece
        unit.budget.require_readable(len(body), str(at))
    return bytes(body)


def _listed(manifest: JsonObject) -> Iterator[ResultFile]:
    bucket, files = manifest["DestinationBucket"], manifest["ResultFiles"]
    map_run: Json = manifest.get(MAP_RUN)
    writer: Json = manifest.get("WriterConfig", {})
    transformation: Json = writer.get("Transformation")
    for outcome in _OUTCOMES:
        for file in files.get(outcome, []):
            size: Json = file.get("Size")
            if size is not None and (type(size) is not int or size < 0):
                raise TypeError("Size")
            yield ResultFile(
                outcome=outcome,
                location=_located(bucket, file["Key"]),
                size=size,
                map_run=map_run if type(map_run) is str else None,
                has_records=outcome != _SUCCEEDED or transformation not in _OUTPUTS_ONLY,
                has_lines=writer.get("OutputType") == "JSONL",
            )


def _located(bucket: Json, key: Json) -> Location:
    if type(bucket) is not str or type(key) is not str:
        raise TypeError("not strings")
    return Location.of(bucket, key)


def _writers(at: Location, unit: UnitOfWork) -> dict[str, str]:
    """Return the executions of the bag that wrote around a place, each with its results' prefix.

    A worker can store a snapshot with any chain, so those who continued the bag count only with the
    mark that they left, which no worker can write.

    Raises:
        MissingObjectError: there is no such mark.
    """
    own = unit.objects.execution_id or ""
    chain: Json = unit.pages.resolve(field_of(unit.bag, CHAIN, unit.pages))
    others = [each for each in chain if type(each) is str] if type(chain) is list else []
    prefixes = {each: results_prefix(unit.settings, each) for each in (own, *others) if each}
    around = {each: prefix for each, prefix in prefixes.items() if str(at).startswith(prefix)}
    if own not in around:
        for each in around:
            require_begun(own, each)
    return around


def _require_of(writers: Iterable[str], file: ResultFile) -> None:
    """Raise PointerNotAllowedError if a Map Run of another state machine wrote a file.

    The prefix has the name of an execution, and those of other machines may have the same.
    """
    of_map, machines = _machine(file.map_run), [*filter(None, map(_machine, writers))]
    if of_map is not None and machines and all(of_map != each for each in machines):
        message = f"{DETAILS}: a Map Run of another state machine wrote these results"
        raise PointerNotAllowedError(message, field=DETAILS)


def _read_file(file: ResultFile, unit: UnitOfWork) -> list[Item]:
    path = str(file.location)
    items: list[Item] = []
    try:
        pieces = _whole(unit.objects.stream(file.location), file)
        for record in streamed(pieces, path, lines=file.has_lines, most=_MOST_RECORD_BYTES):
            items.append(_item(record, file, len(items), unit))
    except UnreadableObjectError as error:
        message = f"record {len(items)} of this file of {file.outcome} results cannot be read"
        raise MalformedManifestError(message, path=path) from error
    return items


def _item(record: Json, file: ResultFile, number: int, unit: UnitOfWork) -> Item:
    def taken(value: Json) -> Json:
        """Return a value of a record in the form for a bag; a large one becomes a pointer."""
        return unit.pages.folded(ingest(value, unit))

    place = f"{file.location}#{number}"
    if not file.has_records:
        return output_of(record, place, taken)
    if not _is_record(record, file):
        message = (
            f"record {number} of this file of {file.outcome} results is not a record of an"
            " execution: leave out the ResultWriter's WriterConfig, or set its Transformation to"
            " NONE"
        )
        raise MalformedManifestError(message, path=str(file.location))
    return item_of(record, file.outcome, place, taken, execution_id=unit.objects.execution_id)


def _is_record(record: Json, file: ResultFile) -> bool:
    """Tell whether a value is the record of a child of this Map Run, and not such an output.

    A child that starts executions may answer with what Step Functions returned for them.
    """
    if type(record) is not dict or _OF_EXECUTIONS.isdisjoint(record):
        return False
    if file.outcome == _SUCCEEDED and not (
        _OF_SUCCESSES & record.keys() and record.get("Status", _SUCCEEDED) == _SUCCEEDED
    ):
        return False
    of_map, of_child = _map(file.map_run), _map(record.get("ExecutionArn"))
    return of_map is None or of_child is None or of_map == of_child


def _map(arn: Json) -> tuple[str, str] | None:
    """Return the region and account, and the state machine and map, of an ARN, or None."""
    match = _ARN.fullmatch(arn) if type(arn) is str else None
    return None if match is None else (match[1], match[3])


def _machine(arn: str | None) -> tuple[str, str] | None:
    """Return the region and account, and the state machine, of an ARN, or None."""
    found = _map(arn)
    return None if found is None else (found[0], found[1].partition("/")[0])


def _whole(pieces: Iterable[bytes], file: ResultFile) -> Iterator[bytes]:
    """Yield the pieces of a file and check its size: JSON lines do not show that they were cut."""
    size = 0
    for piece in pieces:
        size += len(piece)
        yield piece
    if file.size is not None and size != file.size:
        raise UnreadableObjectError(
            "the file does not have its listed size", path=str(file.location)
        )
