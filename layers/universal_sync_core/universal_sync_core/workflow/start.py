"""The first bag of an execution, made from its input."""

from typing import Final

from universal_sync_core.bag.execution_budget import LIMIT, USED
from universal_sync_core.bag.fields import CHAIN
from universal_sync_core.bag.unit_of_work import Context
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.packs.places import named_by
from universal_sync_core.pipe.load import StateHydrator, sha256_in
from universal_sync_core.storage import runtime
from universal_sync_core.sync import universal_sync_core
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.pointer import length, recognise
from universal_sync_core.workflow.continuation import RESUME_FROM, resumed_bag

INPUT_PATH: Final = "input_s3_path"
INPUT_CHECKSUM: Final = "input_sha256"
# How many segments an execution may run if its input does not say.
DEFAULT_LOOP_LIMIT: Final = 1000


def first_bag(execution_input: JsonObject | None, context: Context) -> JsonObject:
    """Return the bag that an execution starts with.

    Args:
        execution_input: its fields become those of the bag. If `total_segments` is missing,
            `segments` are counted. With `input_s3_path`, the fields of the JSON object there are
            read first, and fields beside it win; `input_sha256` may give its digest. With
            `resume_from`, the bag is that of an earlier execution instead.
        context: must carry `execution_id`.

    Raises:
        InvalidRequestError: a control field is wrong, or is not for an input; or `input_s3_path`
            leads to something other than a JSON object.
        PointerNotAllowedError: `input_s3_path` leads out of the allowed places.
        ChecksumMismatchError: the bytes there do not have the digest `input_sha256`.
    """
    counters: JsonObject = {
        "loop_counter": 0,
        "loop_limit": DEFAULT_LOOP_LIMIT,
        "segment_to_run": 0,
        LIMIT: runtime.current().settings.segments_per_execution,
    }
    given = {} if execution_input is None else execution_input
    if type(given) is not dict:
        raise InvalidRequestError("the input must be a JSON object", field="input")
    _require_no_chain(given)
    if RESUME_FROM in given:
        return resumed_bag(given, context, counters=counters)
    fields = _loaded(given, context)
    _require_no_chain(fields)
    segments: Json = fields.get("segments")
    if type(segments) is list or recognise(segments) is not None:
        total = length(segments)
        counters |= {} if total is None else {"total_segments": total}
    own = {"execution_id": context["execution_id"], USED: 0}
    given = {name: value for name, value in fields.items() if name != "execution_id"}
    return universal_sync_core(counters | own, given, {**context, "action": "init"})


def _require_no_chain(fields: JsonObject) -> None:
    """Refuse a chain in an input: it says whose map results a bag may read."""
    if CHAIN in fields:
        path = f"input.{CHAIN}"
        message = f"{path} is set by the state machine: leave it out"
        raise InvalidRequestError(message, field=path)


def _loaded(fields: JsonObject, context: Context) -> JsonObject:
    path: Json = fields.get(INPUT_PATH)
    if path is None:
        return fields
    if type(path) is not str:
        raise InvalidRequestError("input_s3_path must be a string", field=f"input.{INPUT_PATH}")
    checksum = sha256_in(fields.get(INPUT_CHECKSUM), f"input.{INPUT_CHECKSUM}")
    hydrator = StateHydrator(execution_id=context["execution_id"])
    with named_by(f"input.{INPUT_PATH}"):
        loaded = hydrator.load_from_s3(path, checksum)
    if type(loaded) is not dict:
        message = "input_s3_path must lead to a JSON object"
        raise InvalidRequestError(message, field=f"input.{INPUT_PATH}")
    return loaded | fields
