"""Hostile names of fields in an event itself, beside the state and the result."""

from typing import Any

from tests.hostile.attempts import Act, Bag, attempt
from tests.hostile.ground import Ground
from tests.hostile.pieces import Piece


def _sent(act: Act, bag: Bag, more: Any) -> None:
    event = {"action": "sync", "state_data": bag, "execution_result": {"n": 1}}
    act({**event, **more} if isinstance(more, dict) else event)


@attempt("sync: fields that no event has")
def _fields(act: Act, bag: Bag, piece: Piece, _: Ground) -> None:
    _sent(act, bag, piece.value)


@attempt("sync: fields with a strategy")
def _strategies(act: Act, bag: Bag, piece: Piece, _: Ground) -> None:
    _sent(act, bag, {"merge_strategy": piece.value})
