"""Routing: from an event's action to its function, and what stands between them."""

from typing import Any

import pytest
from aws_lambda_powertools.event_handler.graphql_appsync.router import Router

from contract.base import ActionEvent, StateEvent
from routing import ActionResolver, Answer, DuplicateActionError
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core.bag.fields import unwrap
from universal_sync_core.errors import InvalidRequestError, UnknownActionError
from universal_sync_core.storage.memory_store import MemoryStore

CONTEXT = FakeLambdaContext()


class EchoEvent(ActionEvent):
    words: list[str]


@pytest.fixture
def app() -> ActionResolver:
    resolver = ActionResolver()

    @resolver.answer("echo", EchoEvent)
    def echo(event: EchoEvent) -> Answer:
        if "fail" in event.words:
            raise LookupError
        return {"words": event.words}

    return resolver


def test_action_selects_the_function(app: ActionResolver) -> None:
    assert app.resolve({"action": "echo", "words": ["a"]}, CONTEXT) == {"words": ["a"]}


def test_resolver_is_callable_like_any_powertools_resolver(app: ActionResolver) -> None:
    assert app({"action": "echo", "words": ["a"]}, CONTEXT) == {"words": ["a"]}


def test_tenth_action_takes_three_lines(store: MemoryStore) -> None:
    app = ActionResolver()

    @app.action("measure_rainfall", StateEvent)
    def measure_rainfall(event: StateEvent) -> dict[str, Any]:
        return {"rainfall": ["12.5 mm at " + event.state_data["station"]] * 2_500}

    event = {"state_data": {"execution_id": "e1", "station": "Zermatt"}}
    bag = app.resolve({"action": "measure_rainfall", **event}, CONTEXT)["state_data"]

    assert bag["station"] == "Zermatt"
    assert bag["rainfall"]["__s3_offloaded"] is True
    assert bag["rainfall"]["__count"] == 2_500
    assert bag["payload_size_kb"] < 2
    assert store.objects
    with pytest.raises(InvalidRequestError, match="state_data: Field required"):
        app.resolve({"action": "measure_rainfall"}, CONTEXT)


def test_second_registration_of_an_action_is_refused(app: ActionResolver) -> None:
    with pytest.raises(DuplicateActionError, match="echo"):
        app.answer("echo", EchoEvent)(lambda _: {})
    with pytest.raises(DuplicateActionError, match="echo"):
        app.action("echo", StateEvent)(lambda _: {})


def test_unknown_action_names_the_known_ones_in_order(app: ActionResolver) -> None:
    app.answer("alpha", EchoEvent)(lambda _: {})
    with pytest.raises(UnknownActionError, match=r"known are alpha, echo$") as refused:
        app.resolve({"action": "ehco-secret"}, CONTEXT)
    assert refused.value.field == "action"
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("event", [[], [{"action": "echo", "words": []}], "echo", None, 1])
def test_event_that_is_no_object_is_refused(app: ActionResolver, event: object) -> None:
    with pytest.raises(InvalidRequestError, match="must be a JSON object"):
        app.resolve(event, CONTEXT)


@pytest.mark.parametrize("event", [{}, {"action": None}, {"action": 1}, {"action": ["echo"]}])
def test_action_that_is_no_string_is_refused(app: ActionResolver, event: object) -> None:
    with pytest.raises(InvalidRequestError, match="action: a string is required") as refused:
        app.resolve(event, CONTEXT)
    assert refused.value.field == "action"


def test_every_wrong_field_is_named_with_its_path_and_without_its_value(
    app: ActionResolver,
) -> None:
    event = {"action": "echo", "words": ["a", {"pin": "secret"}, 3], "wrods": "secret"}
    with pytest.raises(InvalidRequestError) as refused:
        app.resolve(event, CONTEXT)
    assert str(refused.value) == (
        "words.1: Input should be a valid string, not an object; "
        "words.2: Input should be a valid string, not a number; "
        "wrods: Extra inputs are not permitted"
    )
    assert refused.value.field == "words.1"
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None


def test_message_about_ten_thousand_wrong_items_stays_readable(app: ActionResolver) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        app.resolve({"action": "echo", "words": [0] * 10_000}, CONTEXT)
    assert len(str(refused.value)) < 1_000


@pytest.mark.parametrize("words", [["ok"], ["fail"]])
def test_nothing_of_a_call_stays_behind(app: ActionResolver, words: list[str]) -> None:
    app.context["tenant"] = "secret"
    try:
        app.resolve({"action": "echo", "words": words}, CONTEXT)
    except LookupError:
        assert words == ["fail"]
    assert app.context == {}
    assert app.current_event is None
    assert Router.current_event is None
    assert Router.lambda_context is None


@pytest.mark.parametrize(
    ("nested", "bag"),
    [
        ({"a": 1}, {"a": 1}),
        ({"state_data": {"a": 1}}, {"a": 1}),
        ({"state_data": {"state_data": {"state_data": {}}}}, {}),
        ({"state_data": {"a": 1}, "b": 2}, {"state_data": {"a": 1}, "b": 2}),
        ({"state_data": [1]}, {"state_data": [1]}),
        (None, None),
    ],
)
def test_bag_is_unwrapped_only_where_nothing_stands_beside_it(nested: object, bag: object) -> None:
    assert unwrap(nested) == bag
