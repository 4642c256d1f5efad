"""Objects in a result that stand for more than their type says, or for something else."""

from typing import Any
from unittest.mock import MagicMock
from uuid import UUID

import pytest
from pydantic import BaseModel

from tests.core.bags import hydrated
from tests.core.fakes import CountingStore
from universal_sync_core import universal_sync_core
from universal_sync_core.errors import InvalidRequestError


class Message(BaseModel):
    text: str


class Asking(Message):
    tools: list[str]


class Talk(BaseModel):
    messages: list[Message]
    last: Message | None = None


class HandingOn(Talk):
    def model_dump(self, **options: Any) -> dict[str, Any]:
        return super().model_dump(exclude_none=True, **options)


class WithFewOptions(Talk):
    def model_dump(self, *, mode: str = "python") -> dict[str, Any]:  # type: ignore[override]
        return super().model_dump(mode=mode, exclude_none=True)


class Proxy:
    """As wrapt and lazy-object-proxy make one: it says that it is another object."""

    def __init__(self, wrapped: Any) -> None:
        self.__wrapped__ = wrapped

    def __getattribute__(self, name: str) -> Any:
        wrapped = object.__getattribute__(self, "__wrapped__")
        return wrapped if name == "__wrapped__" else getattr(wrapped, name)


TEXT = {"text": "a"}
ASKING = {"text": "b", "tools": ["search"]}


def merged(value: Any) -> Any:
    bag = universal_sync_core({"execution_id": "orders-1"}, {"current_state": {"v": value}})
    return hydrated(bag)["current_state"]["v"]


@pytest.mark.usefixtures("store")
def test_model_in_a_field_keeps_what_its_class_adds_to_the_fields_type() -> None:
    messages = [Message(text="a"), Asking(text="b", tools=["search"])]

    assert merged(Talk(messages=messages, last=messages[1])) == {
        "messages": [TEXT, ASKING],
        "last": ASKING,
    }
    assert merged(HandingOn(messages=messages)) == {"messages": [TEXT, ASKING]}


@pytest.mark.usefixtures("store")
def test_a_dump_of_its_own_gets_only_the_options_that_it_takes() -> None:
    assert merged(WithFewOptions(messages=[Message(text="a")])) == {"messages": [TEXT]}


@pytest.mark.parametrize(
    ("wrapped", "expected"),
    [
        ("a", "a"),
        (1, 1),
        (0.5, 0.5),
        (True, True),
        (None, None),
        (UUID(int=1), str(UUID(int=1))),
        ({"a": Proxy([Proxy("b")])}, {"a": ["b"]}),
        (Asking(text="b", tools=["search"]), ASKING),
        (Proxy("a"), "a"),
    ],
    ids=["text", "whole", "number", "true", "null", "uuid", "containers", "model", "proxy"],
)
def test_a_proxy_counts_as_what_it_stands_for(
    store: CountingStore, wrapped: Any, expected: Any
) -> None:
    assert merged({"value": Proxy(wrapped)}) == {"value": expected}
    assert type(merged(Proxy(wrapped))) is type(expected)
    assert store.puts == []


@pytest.mark.usefixtures("store")
def test_a_proxy_of_a_text_is_a_key() -> None:
    assert merged({Proxy("key"): 1}) == {"key": 1}


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("kind", [str, int, float, bool], ids=lambda kind: kind.__name__)
def test_a_mock_that_says_it_is_a_scalar_is_refused(kind: type[Any]) -> None:
    with pytest.raises(InvalidRequestError, match="JSON has no MagicMock") as caught:
        merged(MagicMock(spec=kind))

    assert caught.value.field == "result.current_state.v"


@pytest.mark.usefixtures("store")
def test_a_mock_that_says_it_is_a_text_is_no_key() -> None:
    with pytest.raises(InvalidRequestError, match="keys must be strings"):
        merged({MagicMock(spec=str): 1})
