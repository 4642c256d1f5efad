"""The first bag of an execution, made of its input."""

from typing import Final

from universal_sync_core.call import Context
from universal_sync_core.codec import Json, JsonObject
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.load import StateHydrator
from universal_sync_core.sync import universal_sync_core

INPUT_PATH: Final = "input_s3_path"
# Segments an execution may run where its input does not say.
DEFAULT_LOOP_LIMIT: Final = 1000


def first_bag(execution_input: JsonObject | None, context: Context) -> JsonObject:
    """Return the bag an execution starts with.

    Args:
        execution_input: its fields become those of the bag. `segments` are counted as
            `total_segments` where that is not given. With `input_s3_path` the fields of the JSON
            object there come first, those given beside it win.
        context: carries the `execution_id`.

    Raises:
        InvalidRequestError: `input_s3_path` leads to something else than a JSON object.
        PointerNotAllowedError: it leads out of the allowed places.
    """
    fields = _loaded(execution_input or {}, context)
    counters: JsonObject = {
        "loop_counter": 0,
        "loop_limit": DEFAULT_LOOP_LIMIT,
        "segment_to_run": 0,
    }
    if type(fields.get("segments")) is list:
        counters["total_segments"] = len(fields["segments"])
    owner = {"execution_id": context["execution_id"]}
    return universal_sync_core(None, {**counters, **fields, **owner}, context)


def _loaded(fields: JsonObject, context: Context) -> JsonObject:
    path: Json = fields.get(INPUT_PATH)
    if path is None:
        return fields
    if type(path) is not str:
        raise InvalidRequestError("input_s3_path must be a text", field=f"input.{INPUT_PATH}")
    loaded = StateHydrator(execution_id=context["execution_id"]).load_from_s3(path)
    if type(loaded) is not dict:
        message = "input_s3_path must lead to a JSON object"
        raise InvalidRequestError(message, field=f"input.{INPUT_PATH}")
    return loaded | fields
