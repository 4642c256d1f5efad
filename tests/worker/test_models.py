"""The part of the state that a worker has a pydantic model of."""

from datetime import date
from enum import Enum
from typing import Any, assert_type

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from tests.core.bags import EXECUTION, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from tests.core.values.test_codec import nested
from universal_sync_core import State, open_bag, state_task
from universal_sync_core.errors import InvalidRequestError

Json = Any
REMARK = "the customer's own words"


class Priority(Enum):
    HIGH = "high"
    LOW = "low"


class Line(BaseModel):
    sku: str
    quantity: int = Field(gt=0)


class Order(BaseModel):
    model_config = ConfigDict(strict=True)

    customer: str
    due: date
    priority: Priority = Priority.LOW
    lines: list[Line]
    remark: str = Field(default="", alias="Remark")


ORDER = {
    "customer": "Ada",
    "due": "2026-11-24",
    "priority": "high",
    "lines": [{"sku": f"sku {n}", "quantity": n + 1} for n in range(4_000)],
    "Remark": REMARK,
}


@pytest.fixture
def order_bag(store: CountingStore) -> dict[str, Any]:
    with fresh(store):
        made = synced({"execution_id": EXECUTION}, {"current_state": {"order": ORDER}})
    store.reset()
    return made


def event(bag: Json) -> Json:
    return {"action": "run_segment", "state_data": bag}


def test_a_part_of_the_state_is_an_instance_of_the_model(
    store: CountingStore, order_bag: dict[str, Any]
) -> None:
    @state_task(model=Order, at="current_state.order")
    def handler(state: State[Order], _context: object) -> Json:
        assert_type(state.model, Order)
        assert (state.model.due, state.model.priority) == (date(2026, 11, 24), Priority.HIGH)
        assert state["current_state"]["order"]["customer"] == "Ada"
        changed = state.model.model_copy(update={"customer": "Grace"})
        return {"current_state": {"order": changed, "lines": state.model.lines[:2]}}

    with fresh(store):
        answer = handler(event(order_bag), None)
        after = hydrated(synced(order_bag, answer))["current_state"]
    assert after["order"] == ORDER | {"customer": "Grace"}
    assert after["lines"] == ORDER["lines"][:2]


def test_all_of_current_state_is_the_part_where_none_is_named(store: CountingStore) -> None:
    class Current(BaseModel):
        order: dict[str, Any]

    with fresh(store):
        bag = synced({"execution_id": EXECUTION}, {"current_state": {"order": {"n": 1}}})
        handler = state_task(model=Current, needs=["state_history"])(
            lambda state, _: state.model.order
        )
        assert handler(event(bag), None) == {"n": 1}


def test_any_type_that_pydantic_validates_is_a_model(
    store: CountingStore, order_bag: dict[str, Any]
) -> None:
    @state_task(model=list[Line], at="current_state.order.lines", needs=[])
    def handler(state: State[list[Line]], _context: object) -> Json:
        return {"total": sum(line.quantity for line in state.model)}

    with fresh(store):
        assert handler(event(order_bag), None) == {"total": 8_002_000}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"due": "soon"}, ["current_state.order.due"]),
        ({"lines": [{"sku": REMARK, "quantity": 0}]}, ["current_state.order.lines.0.quantity"]),
        ({"customer": 5, "due": None}, ["current_state.order.customer", "current_state.order.due"]),
    ],
)
def test_what_is_not_of_the_model_is_named_by_its_path_and_never_shown(
    store: CountingStore, change: Json, named: list[str]
) -> None:
    started = []
    with fresh(store):
        state = {"order": ORDER | {"lines": []} | change}
        bag = synced({"execution_id": EXECUTION}, {"current_state": state})
        handler = state_task(model=Order, at="current_state.order")(
            lambda state, _: started.append(state)
        )
        with pytest.raises(InvalidRequestError) as caught:
            handler(event(bag), None)
    assert [part.partition(": ")[0] for part in str(caught.value).split("; ")] == named
    assert caught.value.field == named[0]
    assert REMARK not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert not started


def test_what_is_not_there_is_named(store: CountingStore) -> None:
    with fresh(store), pytest.raises(InvalidRequestError, match=r"current_state\.order: "):
        open_bag({"execution_id": EXECUTION}, model=Order, at="current_state.order")


def test_what_was_merged_is_in_the_model(store: CountingStore) -> None:
    with fresh(store):
        state = open_bag({"part": {"sku": "a", "quantity": 1}}, model=Line, at="part")
        for _ in range(2):
            state.merge({"part": {"sku": "a", "quantity": state.model.quantity + 1}})
        assert state.model == Line(sku="a", quantity=3)
        state.merge({"part": {"sku": "a", "quantity": 0}})
        with pytest.raises(InvalidRequestError, match=r"part\.quantity"):
            _ = state.model


def test_a_validator_of_the_model_raises_as_a_wrong_field_does(store: CountingStore) -> None:
    class Checked(BaseModel):
        n: int

        @field_validator("n")
        @classmethod
        def _even(cls, value: int) -> int:
            if value % 2:
                raise ValueError("must be even")
            return value

    with fresh(store), pytest.raises(InvalidRequestError, match=r"part\.n: .*must be even"):
        open_bag({"part": {"n": 3}}, model=Checked, at="part")


def test_a_model_of_items_is_validated_for_items_alone(
    store: CountingStore, order_bag: dict[str, Any]
) -> None:
    @state_task(model=Line, at="item")
    def handler(state: State[Line], _context: object) -> Json:
        return state.model.quantity if state.kind == "item" else "a segment"

    item = {"execution_id": EXECUTION, "item": {"sku": "a", "quantity": 3}, "index": 0}
    with fresh(store):
        assert handler(item, None) == 3
        assert handler(event(order_bag), None) == "a segment"
        with pytest.raises(InvalidRequestError, match=r"item\.quantity"):
            handler(item | {"item": {"sku": "a", "quantity": 0}}, None)


def test_without_a_model_there_is_none(store: CountingStore) -> None:
    with fresh(store), pytest.raises(InvalidRequestError, match="no model was given"):
        _ = open_bag({"a": 1}).model


class Anything(BaseModel):
    model_config = ConfigDict(strict=True)

    value: Any
    due: date | None = None


@pytest.mark.parametrize(
    "value",
    [nested(900), "cut \ud83d", {"\ud83d": 1}, 2**70, 10**4_000],
    ids=lambda value: repr(value)[:10],
)
def test_whatever_a_state_has_a_model_may_have(value: Json) -> None:
    @state_task(model=Anything)
    def worker(state: State[Anything], _context: Json) -> Json:
        assert state.model.value == value
        return {}

    assert worker(event({"execution_id": EXECUTION, "current_state": {"value": value}}), None) == {}


@pytest.mark.parametrize("value", [nested(900), "cut \ud83d"], ids=lambda value: repr(value)[:10])
def test_what_does_not_fit_is_named_beside_such_a_value(value: Json) -> None:
    bag = {"execution_id": EXECUTION, "current_state": {"value": value, "due": [REMARK]}}
    with pytest.raises(InvalidRequestError) as caught:
        state_task(model=Anything)(lambda _state, _context: {})(event(bag), None)
    assert caught.value.field == "current_state.due"
    assert REMARK not in str(caught.value)
