"""Workers as a type checker sees them: a line that ends in `# wrong` must be refused, no other.

It is not imported: some of it is refused at run time, too.
"""

import dataclasses
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from universal_sync_core import Result, State, Status, open_bag, state_task


class Order(BaseModel):
    number: int


@dataclasses.dataclass
class Point:
    x: int


class Found(Result, total=False):
    hits: list[str]


@state_task
def by_name(state: State[Any]) -> Result:
    return {"status": "COMPLETE", "current_state": {"n": state["n"]}, "prompt": {"any": 1}}


@state_task
def by_member(state: State) -> Result:
    return {"status": Status.PAUSED_FOR_HITP, "prompt": "Publish?", "next_segment_to_run": 3}


@state_task
def with_fields_of_its_own(state: State[Any]) -> Found:
    return {"status": "CONTINUE", "hits": ["a"], "state_history": [{"event": "found"}]}


@state_task(needs=["a.b"], keep_inline=("a",), sync=True, merge_strategy={"a": "append"})
def with_options(state: State[Any], context: object) -> dict[str, Any]:
    return {"status": "COMPLETE"}


@state_task(model=Order, at="current_state.order", needs={"current_state.order"})
def with_a_model(state: State[Order]) -> Result:
    return {"current_state": {"number": state.model.number + 1}}


@state_task
def made_while_it_is_read(state: State[Any]) -> Iterator[int]:
    yield 1


@state_task
async def later(state: State[Any]) -> Result:
    return {"status": "FAILED", "error": "NoStock", "cause": "sold out"}


@state_task
async def later_and_bit_by_bit(state: State[Any]) -> AsyncIterator[int]:
    yield 1


@state_task
def of_a_model(state: State[Any]) -> Order:
    return Order(number=1)


@state_task
def of_a_dataclass(state: State[Any]) -> Point:
    return Point(1)


@state_task
def at_a_time(state: State[Any]) -> datetime:
    return datetime.now(UTC)


@state_task
def nothing(state: State[Any]) -> None:
    return None


@state_task
def passes_on(state: State[Any]) -> Any:
    return state["current_state"]


@state_task(encode=str)
def with_an_encoder(state: State[Any]) -> dict[str, Decimal]:
    return {"price": Decimal("9.90")}


by_name({"state_data": {}})
with_options({"state_data": {}}, None)
open_bag({}, needs=["a.b"])


@state_task
def with_a_wrong_status(state: State[Any]) -> Result:
    return {"status": "DONE"}  # wrong


@state_task
def with_a_status_in_small_letters(state: State[Any]) -> Result:
    return {"status": "complete"}  # wrong


@state_task
async def later_with_a_wrong_status(state: State[Any]) -> Result:
    return {"status": "TIMED_OUT"}  # wrong


@state_task
def with_a_state_that_is_a_list(state: State[Any]) -> Result:
    return {"current_state": [1, 2]}  # wrong


@state_task
def with_a_count_that_is_a_text(state: State[Any]) -> Result:
    return {"next_segment_to_run": "1"}  # wrong


@state_task
def with_a_branch_that_is_no_list(state: State[Any]) -> Result:
    return {"status": "PARALLEL_GROUP", "pending_branches": "left"}  # wrong


@state_task  # wrong
def of_bytes(state: State[Any]) -> bytes:
    return b"raw"


@state_task  # wrong
def of_a_set(state: State[Any]) -> set[str]:
    return {"a"}


@state_task  # wrong
def of_numbers_by_numbers(state: State[Any]) -> dict[int, str]:
    return {1: "a"}


@state_task  # wrong
def of_decimals(state: State[Any]) -> Decimal:
    return Decimal("9.90")


@state_task(needs="a.b")  # wrong
def needs_a_text(state: State[Any]) -> Result:
    return {}


@state_task(keep_inline="a.b")  # wrong
def keeps_a_text(state: State[Any]) -> Result:
    return {}


@state_task(needs=[1])  # wrong
def needs_a_number(state: State[Any]) -> Result:
    return {}


open_bag({}, needs="a.b")  # wrong
Status("DONE")
Status.DONE  # wrong
