"""The results of a Distributed Map, read from the files its ResultWriter leaves in S3.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from universal_sync_core.bag.fields import CHAIN, with_fields
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.errors import (
    MalformedManifestError,
    MalformedPointerError,
    UnreadableObjectError,
)
from universal_sync_core.ingestion.ingest import ingest
from universal_sync_core.limits import KIB
from universal_sync_core.maps.batches import unbatched
from universal_sync_core.maps.map_items import Item, item_of, output_of
from universal_sync_core.storage.keys import results_prefix
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import Json, JsonObject, decode
from universal_sync_core.values.json_stream import streamed

DETAILS: Final = "ResultWriterDetails"
MAP_RUN: Final = "MapRunArn"

_SUCCEEDED: Final = "SUCCEEDED"
_OUTCOMES: Final = (_SUCCEEDED, "FAILED", "PENDING")
_HELD_BYTES: Final = 32 * KIB * KIB
# The WriterConfig's transformations that leave outputs in place of records.
_OUTPUTS_ONLY: Final = ("COMPACT", "FLATTEN")
_PLACE: Final = "(ResultWriterDetails)"
# Every record of an execution has some of these, and every one of a success some of those.
_OF_EXECUTIONS: Final = frozenset({"ExecutionArn", "Name", "Status"})
_OF_SUCCESSES: Final = frozenset({"Output", "OutputDetails"})
_ARN: Final = re.compile(r"arn:[^:]+:states:([^:]*:[^:]*):(mapRun|execution):([^:]+):.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """A result file, as the manifest lists it.

    Attributes:
        outcome: of all items in it.
        location: where it is.
        size: its bytes, or None where the manifest does not say.
        map_run: ARN of the Map Run, or None where the manifest does not say.
        has_records: whether it holds records of executions, and not their outputs alone.
    """

    outcome: str
    location: Location
    size: int | None
    map_run: str | None
    has_records: bool


def names_map_run(result: Json, unit: UnitOfWork) -> bool:
    """Tell whether a result is what a Distributed Map with a ResultWriter answers.

    Only the join of a map reads a manifest; to any other action a result of this form is data.
    """
    if type(result) is not dict:
        return False
    if unit.action == "aggregate_distributed":
        return DETAILS in result or MAP_RUN in result
    details: Json = result.get(DETAILS)
    names_object = type(details) is dict and details.keys() >= {"Bucket", "Key"}
    return unit.action is None and (names_object or result.keys() >= {DETAILS, MAP_RUN})


def read_map_run(result: JsonObject, unit: UnitOfWork) -> list[Item]:
    """Return the items of a Map Run in their order, each once.

    Args:
        result: `{"ResultWriterDetails": {"Bucket", "Key"}}`, with or without `MapRunArn`.
        unit: through which large outputs are stored as they are read.

    Raises:
        MissingObjectError: the manifest or a result file is not there.
        MalformedManifestError: one of them cannot be read.
        PointerNotAllowedError: they lie outside the allowed places.
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
    """Raise MalformedManifestError where two items that children tell of have one position."""
    for item, following in pairwise(items):
        if item.position == following.position:
            message = f"two children ran an item at the position {item.position}"
            raise MalformedManifestError(message, path=_PLACE)


def _require_same(known: Item, item: Item, path: str) -> None:
    """Raise MalformedManifestError where two children were given other items at one position."""
    if known.given != item.given:
        message = f"two children ran other items at the position {item.position}"
        raise MalformedManifestError(message, path=path)


def _result_files(details: Json, unit: UnitOfWork) -> list[ResultFile]:
    """Return every result file, those of successes first."""
    try:
        at = _located(details["Bucket"], details["Key"])
    except (KeyError, TypeError, MalformedPointerError) as error:
        message = "ResultWriterDetails names no Bucket and Key"
        raise MalformedManifestError(message, path=_PLACE) from error
    places = _places(unit)
    unit.objects.require_allowed(str(at), also=places)
    body = unit.objects.retried(lambda: b"".join(unit.objects.stream(at)))
    try:
        files = list(_listed(decode(body, path=str(at))))
    except (
        *(UnreadableObjectError, MalformedPointerError),
        *(KeyError, TypeError, AttributeError),
    ) as error:
        raise MalformedManifestError("no manifest of a Distributed Map", path=str(at)) from error
    for file in files:
        unit.objects.require_allowed(str(file.location), also=places)
    return files


def _listed(manifest: JsonObject) -> Iterator[ResultFile]:
    bucket, files = manifest["DestinationBucket"], manifest["ResultFiles"]
    map_run: Json = manifest.get(MAP_RUN)
    transformation: Json = manifest.get("WriterConfig", {}).get("Transformation")
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
            )


def _located(bucket: Json, key: Json) -> Location:
    if type(bucket) is not str or type(key) is not str:
        raise TypeError("no texts")
    return Location.of(bucket, key)


def _places(unit: UnitOfWork) -> list[str]:
    """Return where the ResultWriters of the bag's own executions write."""
    bag = with_fields(unit.bag, {CHAIN}, unit.pages)
    chain: Json = unit.pages.resolve(bag.get(CHAIN, []))
    executions = [unit.objects.execution_id, *(chain if type(chain) is list else [])]
    return [
        results_prefix(unit.settings, execution)
        for execution in executions
        if type(execution) is str
    ]


def _read_file(file: ResultFile, unit: UnitOfWork) -> list[Item]:
    path = str(file.location)
    items: list[Item] = []
    try:
        for record in streamed(_whole(unit.objects.stream(file.location), file)):
            items.append(_item(record, file, len(items), unit))
    except UnreadableObjectError as error:
        message = f"record {len(items)} of this file of {file.outcome} results cannot be read"
        raise MalformedManifestError(message, path=path) from error
    return items


def _item(record: Json, file: ResultFile, number: int, unit: UnitOfWork) -> Item:
    def taken(value: Json) -> Json:
        """Return a value of a record as it may stand in the bag, a large one as a pointer."""
        return unit.pages.folded(ingest(value, unit))

    place = f"{file.location}#{number}"
    if not file.has_records:
        return output_of(record, place, taken)
    if not _is_record(record, file):
        message = (
            f"record {number} of this file of {file.outcome} results is no record of an execution:"
            " leave out the ResultWriter's WriterConfig, or set its Transformation to NONE"
        )
        raise MalformedManifestError(message, path=str(file.location))
    return item_of(record, file.outcome, place, taken, execution_id=unit.objects.execution_id)


def _is_record(record: Json, file: ResultFile) -> bool:
    """Tell whether a value is the record of a child of this Map Run, and no output like one.

    A child that starts executions itself may answer what Step Functions says of those.
    """
    if type(record) is not dict or _OF_EXECUTIONS.isdisjoint(record):
        return False
    if file.outcome == _SUCCEEDED and not (
        _OF_SUCCESSES & record.keys() and record.get("Status", _SUCCEEDED) == _SUCCEEDED
    ):
        return False
    of_map, of_child = _machine(file.map_run), _machine(record.get("ExecutionArn"))
    return of_map is None or of_child is None or of_map == of_child


def _machine(arn: Json) -> tuple[str, str] | None:
    """Return the place and the name of the state machine and map of an ARN, or None."""
    match = _ARN.fullmatch(arn) if type(arn) is str else None
    return None if match is None else (match[1], match[3])


def _whole(pieces: Iterable[bytes], file: ResultFile) -> Iterator[bytes]:
    """Yield the pieces of a file; JSON lines do not show by themselves where they were cut."""
    size = 0
    for piece in pieces:
        size += len(piece)
        yield piece
    if file.size is not None and size != file.size:
        raise UnreadableObjectError("another size than listed", path=str(file.location))
