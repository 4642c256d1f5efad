"""The items of a Distributed Map, made from the records of its executions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from universal_sync_core.bag.fields import ITEMS_PER_BATCH
from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.values.codec import Json, JsonObject, decode
from universal_sync_core.values.json_stream import with_floats
from universal_sync_core.values.pointer import length

Taken: TypeAlias = Callable[[Json], Json]

_SUCCEEDED: Final = "SUCCEEDED"
_BY_INDEX: Final = "index"
# The keys that the ItemSelector of the stack's state machine gives an item.
_WRAPPED: Final = frozenset({"execution_id", "item", "index"})
# The failure of a child whose worker did not answer a batch with a result for each item.
_WRONG_ANSWER: Final = {
    "Status": "FAILED",
    "Error": "InvalidRequestError",
    "Cause": "the answer to a batch must be a list with a result for each of its items",
}
# The fields that the stack's ItemBatcher makes from items that Step Functions itself reads.
_BATCH_INPUT: Final = "BatchInput"
_ITEMS: Final = "Items"
_BATCHED: Final = {_BATCH_INPUT, _ITEMS}
_SHARED: Final = {"execution_id", ITEMS_PER_BATCH}
_WRAPPINGS: Final = (_WRAPPED, _WRAPPED | {ITEMS_PER_BATCH})


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a Distributed Map.

    Attributes:
        identity: a value that no other item has, and that stays the same after a redrive.
        index: its position among the items, or None if the record does not give it.
        succeeded: whether it has an output.
        result: its output, or what is known about its failure.
        per_batch: how many items a child got. If more than one, this is a whole batch: `index` is
            the position of the batch, and the output is the list of the items' outputs.
        positions: the position of each item of a batch, if its items have them.
        given: its input as JSON, if Step Functions itself has read the items.
    """

    identity: tuple[str, object]
    index: int | None
    succeeded: bool
    result: Json
    per_batch: int = 1
    positions: Sequence[int] | None = None
    given: str | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the stack's own state machine made its input for this execution."""
        return self.index is not None and self.identity == (_BY_INDEX, self.index)

    @property
    def position(self) -> int:
        """The index of an item that has one."""
        return self.index or 0

    def place(self) -> tuple[bool, int]:
        """Return the sort key of the item; items without an index come last."""
        return (self.index is None, self.index or 0)


def item_of(
    record: JsonObject, outcome: str, place: str, taken: Taken, *, execution_id: str | None
) -> Item:
    """Return the item of the record of an execution.

    Args:
        record: the record from a ResultWriter.
        outcome: the outcome of its file.
        place: the place of the record, which is unique.
        taken: returns a value in the form for a bag.
        execution_id: the id of the bag, by which an input of the stack's own state machine is
            recognised.

    Raises:
        UnreadableObjectError: its input or output is not JSON text.
    """
    text: Json = record.get("Input")
    given, positions = _unwrapped(_document(record, "Input"))
    index = _index(given)
    is_ours = index is not None and _names(given["execution_id"], execution_id)
    per_batch = given.get(ITEMS_PER_BATCH, 1) if is_ours else 1
    succeeded = outcome == _SUCCEEDED
    result: Json = None
    if succeeded:
        if not _is_left_out(record, "Output") and type(record.get("Output")) is not str:
            raise UnreadableObjectError("the record has no Output", path=place)
        result = taken(_document(record, "Output"))
    if succeeded and per_batch > 1 and length(result) != length(given["item"]):
        succeeded, record = False, record | _WRONG_ANSWER
    if not succeeded:
        result = {
            "index": index,
            "status": _text(record, "Status") or outcome,
            "input": taken(given if index is None else given["item"]),
            "error": _text(record, "Error"),
            "cause": _text(record, "Cause"),
        }
    named = ("execution", _text(record, "ExecutionArn") or _text(record, "Name") or place)
    return Item(
        # A redriven item may run as an execution with another name.
        identity=(_BY_INDEX, index) if is_ours else named,
        index=index,
        succeeded=succeeded,
        result=result,
        per_batch=per_batch,
        positions=positions if is_ours else None,
        given=text if is_ours and positions is not None else None,
    )


def output_of(output: Json, place: str, taken: Taken) -> Item:
    """Return an item of which only the output is known."""
    result = taken(with_floats(output, place))
    return Item(identity=("place", place), index=None, succeeded=True, result=result)


def input_at(given: str, position: int) -> Json:
    """Return the item at a position from the input of a child that has positions."""
    items = decode(given.encode(errors="surrogatepass"), path="(record)")[_ITEMS]
    return next(each["item"] for each in items if each["index"] == position)


def _unwrapped(given: Json) -> tuple[Json, list[int] | None]:
    """Return the input of a child in its usual form, and the positions from an ItemBatcher.

    Such an input is `{"BatchInput": {...}, "Items": [{"item", "index"}, ...]}`.
    """
    if type(given) is not dict or given.keys() != _BATCHED:
        return given, None
    shared, items = given[_BATCH_INPUT], given[_ITEMS]
    are_ours = type(shared) is dict and shared.keys() == _SHARED
    if not are_ours or type(items) is not list or not items or not all(map(_is_indexed, items)):
        return given, None
    positions = [each["index"] for each in items]
    values = [each["item"] for each in items]
    is_batch = shared[ITEMS_PER_BATCH] != 1
    if not is_batch and len(values) > 1:
        return given, None
    item = values if is_batch else values[0]
    return {**shared, "item": item, "index": positions[0]}, positions


def _is_indexed(item: Json) -> bool:
    is_pair = type(item) is dict and item.keys() == {"item", "index"}
    return is_pair and type(item["index"]) is int and item["index"] >= 0


def _document(record: JsonObject, name: str) -> Json:
    """Return the input or output of a record, or null if it has none or it was left out."""
    text: Json = record.get(name)
    if _is_left_out(record, name) or text is None or (name == "Input" and not text):
        return None
    if type(text) is not str:
        raise UnreadableObjectError(f"{name} is not a string", path="(record)")
    return decode(text.encode(errors="surrogatepass"), path="(record)")


def _text(record: JsonObject, name: str) -> str | None:
    """Return a string of a record, or None if it has none of that name."""
    text: Json = record.get(name)
    if text is not None and type(text) is not str:
        raise UnreadableObjectError(f"{name} is not a string", path="(record)")
    return text


def _is_left_out(record: JsonObject, name: str) -> bool:
    details: Json = record.get(f"{name}Details")
    return type(details) is dict and details.get("Included") is False


def _index(given: Json) -> int | None:
    """Return the position that the ItemSelector of the stack's state machine gave an item."""
    if (
        type(given) is not dict
        or given.keys() not in _WRAPPINGS
        or type(given["execution_id"]) is not str
    ):
        return None
    index, per_batch = given["index"], given.get(ITEMS_PER_BATCH, 1)
    are_counts = type(index) is int and type(per_batch) is int
    return index if are_counts and index >= 0 and per_batch > 0 else None


def _names(owner: str, execution_id: str | None) -> bool:
    """Tell whether an input was made for this execution; an item cannot imitate that."""
    return execution_id is not None and owner in (execution_id, execution_id.rsplit(":", 1)[-1])
