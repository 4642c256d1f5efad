"""Hostile values of control fields, and hostile fields of an event itself."""

from typing import Any

from tests.hostile.attempts import Act, Bag, attempt
from tests.hostile.ground import Ground
from tests.hostile.pieces import Piece


def _control(action: str, argument: str, field: str) -> None:
    def send(act: Act, bag: Bag, piece: Piece, _: Ground) -> Bag:
        event = {"action": action, "state_data": bag, argument: {field: piece.value, "k": 1}}
        answer: Bag = act(event)["state_data"]
        return answer

    attempt(f"{action}: as {field}")(send)


for _field in (
    "execution_id",
    "status",
    "loop_counter",
    "loop_limit",
    "segment_to_run",
    "next_segment_to_run",
    "total_segments",
    "state_revision",
    "state_s3_path",
    "state_history_archive",
    "chunk_results_s3_path",
    "pending_branches",
    "distributed_items",
    "state_data",
    "updated_at",
    "payload_size_kb",
):
    _control("sync", "execution_result", _field)
    _control("merge_callback", "callback_result", _field)


def _sent(act: Act, bag: Bag, more: Any) -> None:
    event = {"action": "sync", "state_data": bag, "execution_result": {"n": 1}}
    act({**event, **more} if isinstance(more, dict) else event)


@attempt("sync: fields that no event has")
def _fields(act: Act, bag: Bag, piece: Piece, _: Ground) -> None:
    _sent(act, bag, piece.value)


@attempt("sync: fields with a strategy")
def _strategies(act: Act, bag: Bag, piece: Piece, _: Ground) -> None:
    _sent(act, bag, {"merge_strategy": piece.value})
