"""The first step: a result of any shape becomes one delta for the bag."""

from collections.abc import Sequence
from typing import Final

from universal_sync_core.bag.unit_of_work import Context, UnitOfWork, unit_of_work
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.ingestion.ingest import ingest, require_admissible
from universal_sync_core.maps.manifest import DETAILS, MAP_RUN, names_map_run, read_map_run
from universal_sync_core.maps.map_join import joined_items, joined_outputs
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.pointer import Pointer, parse

_TOLD_OF_A_MAP: Final = frozenset(
    {"distributed_outputs", "chunk_count", "aggregation_timestamp", "failed_segments"}
)

_WRAPPERS: Final = frozenset({"callback_result", "async_result"})
_ALONE: Final = "execution_result"
# The most characters of a field's name in a message.
_NAME_CHARS: Final = 60


def flatten_result(result: Json, context: Context | None = None) -> JsonObject:
    """Return the delta that a result stands for.

    - a list: `distributed_outputs`, `chunk_count` and `aggregation_timestamp`, and
      `failed_segments` if elements report failure;
    - `{"ResultWriterDetails"}`, with or without `MapRunArn`: the same for the results of the
      Distributed Map, and the fields beside it; only for `aggregate_distributed`;
    - an object with `callback_result` or `async_result`: the delta of that value, and the fields
      beside it;
    - `execution_result` alone: the delta of that value;
    - a pointer of this execution, or a compressed value: the delta of the value behind it;
    - any other object: the object;
    - None: `{}`;
    - anything else: `{"raw_result": value}`.

    Args:
        result: a JSON value. It may contain values with exactly one meaning in JSON: views of a
            state, iterators and tuples (as lists), mappings, enumerations, subclasses of strings
            and numbers, dates and times with their offset, UUIDs, dataclasses, pydantic models.
        context: may carry `execution_id`, whose pointers may come in, and `encode`, which converts
            a value that is not accepted directly to JSON.

    Raises:
        InvalidRequestError: JSON cannot represent a part of the result; or a field is both in
            `callback_result` or `async_result` and beside it.
        PointerNotAllowedError: the result has a pointer that leads elsewhere.
        MissingObjectError, MalformedManifestError: a manifest or result file cannot be read.
    """
    with unit_of_work(context) as unit:
        return flatten(result, unit)


def flatten(result: Json, unit: UnitOfWork) -> JsonObject:
    """Return the delta that a result stands for, as `flatten_result` does."""
    alone = _alone(result)
    if names_map_run(alone, unit):
        return _map_run(alone, unit)
    return _delta(ingest(result, unit), unit)


def _delta(value: Json, unit: UnitOfWork) -> JsonObject:
    value = unit.pages.expanded(value)
    pointer = parse(value)
    if pointer is not None:
        return _pointed(pointer, unit)
    if value is None:
        return {}
    if type(value) is list:
        return joined_outputs(value, unit)
    if type(value) is not dict:
        return {"raw_result": value}
    wrappers = _WRAPPERS & value.keys() or ({_ALONE} & value.keys() if len(value) == 1 else set())
    if wrappers:
        return _unwrapped(value, sorted(wrappers), unit)
    return value


def _alone(result: Json) -> Json:
    """Return the value of a lone `execution_result`, or the result itself."""
    is_wrapped = type(result) is dict and len(result) == 1 and _ALONE in result
    return result[_ALONE] if is_wrapped else result


def _unwrapped(value: JsonObject, wrappers: Sequence[str], unit: UnitOfWork) -> JsonObject:
    """Return the fields in wrappers and beside them; a field that is in both is refused."""
    delta = {name: item for name, item in value.items() if name not in wrappers}
    for wrapper in wrappers:
        inner = _delta(value[wrapper], unit)
        for name in inner.keys() & delta.keys():
            path = f"{wrapper}.{name[:_NAME_CHARS]}"
            message = f"{path} is also beside {wrapper}: return it in one place only"
            raise InvalidRequestError(message, field=path)
        delta |= inner
    return delta


def _pointed(pointer: Pointer, unit: UnitOfWork) -> JsonObject:
    value = unit.pages.inside(pointer)
    require_admissible(value, unit)
    if pointer.kind == "list" and pointer.size > unit.settings.field_offload_bytes:
        # Otherwise it would be offloaded again, into other pages.
        return joined_outputs(value, unit, stored=pointer.with_beside({}).render())
    return _delta(value, unit)


def _map_run(result: JsonObject, unit: UnitOfWork) -> JsonObject:
    beside = {name: item for name, item in result.items() if name not in {DETAILS, MAP_RUN}}
    for name in sorted(_TOLD_OF_A_MAP & beside.keys()):
        message = f"{name} marks the results of a Distributed Map: rename your field"
        raise InvalidRequestError(message, field=f"execution_result.{name}")
    joined = joined_items(read_map_run(result, unit), unit)
    return joined | ingest(beside, unit) if beside else joined
