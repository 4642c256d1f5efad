"""The results of a Distributed Map, read from the files its ResultWriter leaves in S3.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from universal_sync_core.admission import admit
from universal_sync_core.call import Call
from universal_sync_core.codec import KIB, Json, JsonObject, decode
from universal_sync_core.errors import MalformedManifestError, UnreadableObjectError
from universal_sync_core.store import Location

_SUCCEEDED: Final = "SUCCEEDED"
_OUTCOMES: Final = (_SUCCEEDED, "FAILED", "PENDING")
_HELD_BYTES: Final = 32 * KIB * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a Distributed Map, as a record of a result file tells it.

    Attributes:
        identity: what no other item has; the same again after a redrive.
        index: its position among the items, or None where the record does not tell.
        succeeded: whether it has an output.
        result: its output, or what is known of its failure.
    """

    identity: str
    index: int | None
    succeeded: bool
    result: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """A result file, as the manifest lists it.

    Attributes:
        outcome: of all items in it.
        location: where it is.
        size: its bytes, or None where the manifest does not say.
    """

    outcome: str
    location: Location
    size: int | None


def is_map_run(result: Json) -> bool:
    """Tell whether a result is what a Distributed Map with a ResultWriter answers."""
    return type(result) is dict and "MapRunArn" in result and "ResultWriterDetails" in result


def read_map_run(result: JsonObject, call: Call) -> tuple[list[Json], list[JsonObject]]:
    """Return the outputs in item order, and what is known of the items that have none.

    Args:
        result: `{"MapRunArn", "ResultWriterDetails": {"Bucket", "Key"}}`.
        call: through which large outputs are stored as they are read.

    Raises:
        MissingObjectError: the manifest or a result file is not there.
        MalformedManifestError: one of them cannot be read.
        PointerNotAllowedError: they lie outside the allowed places.
    """
    items: dict[str, Item] = {}
    for file in _result_files(result["ResultWriterDetails"], call):
        for item in call.objects.retried(_read_file, file, call):
            items.setdefault(item.identity, item)
        call.objects.flush_over(_HELD_BYTES)
    ordered = sorted(items.values(), key=_place)
    outputs = [item.result for item in ordered if item.succeeded]
    return outputs, [item.result for item in ordered if not item.succeeded]


def _place(item: Item) -> tuple[bool, int]:
    return (item.index is None, item.index or 0)


def _result_files(details: Json, call: Call) -> list[ResultFile]:
    """Return every result file, those of successes first."""
    try:
        at = Location(details["Bucket"], details["Key"])
    except (KeyError, TypeError) as error:
        message = "ResultWriterDetails names no Bucket and Key"
        raise MalformedManifestError(message, path="(ResultWriterDetails)") from error
    call.objects.require_allowed(str(at), results=True)
    body = call.objects.retried(lambda: b"".join(call.objects.stream(at)))
    try:
        manifest = decode(body, path=str(at))
        bucket, files = manifest["DestinationBucket"], manifest["ResultFiles"]
        located = [
            ResultFile(
                outcome=outcome, location=Location(bucket, file["Key"]), size=file.get("Size")
            )
            for outcome in _OUTCOMES
            for file in files.get(outcome, [])
        ]
    except (UnreadableObjectError, KeyError, TypeError, AttributeError) as error:
        raise MalformedManifestError("no manifest of a Distributed Map", path=str(at)) from error
    for file in located:
        call.objects.require_allowed(str(file.location), results=True)
    return located


def _read_file(file: ResultFile, call: Call) -> list[Item]:
    pieces = _whole(call.objects.stream(file.location), file)
    try:
        return [
            _read_record(record, file.outcome, f"{file.location}#{position}", call)
            for position, record in enumerate(_records(pieces))
        ]
    except (UnreadableObjectError, KeyError, TypeError, AttributeError) as error:
        message = f"no file of {file.outcome} results"
        raise MalformedManifestError(message, path=str(file.location)) from error


def _whole(pieces: Iterable[bytes], file: ResultFile) -> Iterator[bytes]:
    """Yield the pieces of a file; JSON lines do not show by themselves where they were cut."""
    size = 0
    for piece in pieces:
        size += len(piece)
        yield piece
    if file.size is not None and size != file.size:
        raise UnreadableObjectError("another size than listed", path=str(file.location))


def _records(pieces: Iterable[bytes]) -> Iterator[JsonObject]:
    """Yield the records of a JSON array, or of JSON lines, as they arrive."""
    import ijson  # noqa: PLC0415 - few calls meet a Distributed Map

    found = ijson.sendable_list()
    parser = None
    try:
        for piece in pieces:
            if parser is None:
                is_array = piece.lstrip().startswith(b"[")
                parser = ijson.items_coro(found, "item" if is_array else "", multiple_values=True)
            parser.send(piece)
            yield from found
            found.clear()
        if parser is not None:
            parser.close()
            yield from found
    except ijson.JSONError as error:
        raise UnreadableObjectError("no readable JSON", path="(records)") from error


def _read_record(record: JsonObject, outcome: str, place: str, call: Call) -> Item:
    given: Json = decode(record["Input"].encode()) if type(record.get("Input")) is str else None
    wrapped = type(given) is dict and "item" in given and type(given.get("index")) is int
    index = given["index"] if wrapped else None
    succeeded = outcome == _SUCCEEDED
    result: Json = decode(record["Output"].encode()) if succeeded else {}
    if not succeeded:
        result = {
            "index": index,
            "status": record.get("Status", outcome),
            "input": _taken(given["item"] if wrapped else given, call),
            "error": record.get("Error"),
            "cause": record.get("Cause"),
        }
    return Item(
        identity=_identity(record, index, place),
        index=index,
        succeeded=succeeded,
        result=_taken(result, call) if succeeded else result,
    )


def _identity(record: JsonObject, index: int | None, place: str) -> str:
    """Return what no other item has: a redriven one may run as an execution of another name."""
    if index is not None:
        return f"item {index}"
    return record.get("ExecutionArn") or record.get("Name") or place


def _taken(value: Json, call: Call) -> Json:
    """Return a value of a record as it may stand in the bag, a large one as a pointer."""
    return call.pages.folded(admit(value, call))
