"""The JSON Schemas of docs/schemas: of today's models, and of one mind with the function."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from actions import EVERY_ACTION as ACTIONS
from docs.schemas.catalogue import FOLDER, FORMS, all_files, event_model
from jobs import waits
from services import clients, integrations
from tests.docs.validity import WRONG, is_valid, validator
from tests.function.expected import BUCKET, EVENTS, EXPECTED, load
from tests.function.fakes import FakeEventBus, FakeStepFunctions, listing_client, may_delete
from tests.function.handlers import handler_of
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core.bag.next_action import NEXT_ACTION_BY_STATUS
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.validation import validate

ANSWERED = sorted(name for name, expected in EXPECTED.items() if expected.answer)
KNOWN = sorted(
    name
    for name in EXPECTED
    if isinstance(load(name), dict) and load(name).get("action") in ACTIONS
)


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> FakeEventBus:
    bus = FakeEventBus()
    monkeypatch.setattr(clients, "events", lambda: bus)
    return bus


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> FakeStepFunctions:
    services = FakeStepFunctions()
    monkeypatch.setattr(clients, "stepfunctions", lambda: services)
    may_delete(monkeypatch)
    monkeypatch.setattr(waits, "_HAS_RULE", True)
    monkeypatch.setattr(integrations, "OPERATIONS", {"dynamodb:listTables"})
    monkeypatch.setattr(integrations, "client_of", lambda _: listing_client(["orders"], ["lines"]))
    return services


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    memory = MemoryStore()
    settings = Settings(bucket=BUCKET, allowed_prefixes=(f"s3://{BUCKET}/inputs/",))
    with runtime.use(settings=settings, store=memory):
        yield memory


def answer(name: str, store: MemoryStore) -> Any:
    """Return what the function answers to an event of events/."""
    EXPECTED[name].prepare(store)
    for earlier in EXPECTED[name].after:
        handler_of(load(earlier))(load(earlier), FakeLambdaContext())
    event = load(name)
    return handler_of(event)(event, FakeLambdaContext())


def test_files_are_those_of_the_models() -> None:
    found = {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.glob("*/*.json")}
    written = {name: path.read_text(encoding="utf-8") for name, path in found.items()}
    assert written == all_files(), "run `make schemas`"


def test_there_is_one_for_each_event_answer_and_form() -> None:
    names = {name.removesuffix(".json") for name in all_files()}
    both = {f"{kind}/{action}" for kind in ("events", "answers") for action in ACTIONS}
    assert names == both | {f"forms/{form}" for form in FORMS}


@pytest.mark.parametrize("name", sorted(all_files()))
def test_schema_is_one_says_what_it_is_of_and_needs_no_network(name: str) -> None:
    schema = validator(name.removesuffix(".json")).schema
    assert isinstance(schema, dict)
    assert schema["$id"].startswith("urn:universal-sync-core:v1:")
    assert schema["title"]
    assert schema["description"]
    assert all(at.startswith(("urn:universal-sync-core:v1:", "#/$defs/")) for at in names(schema))


def names(schema: Any) -> Iterator[str]:
    """Yield what the parts of a schema are called, and call others."""
    for part in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(part, dict | list):
            yield from names(part)
    if isinstance(schema, dict):
        yield from (schema[name] for name in ("$id", "$ref") if name in schema)


@pytest.mark.parametrize("name", KNOWN)
def test_event_is_valid_where_the_function_takes_its_shape(name: str) -> None:
    assert_agreed(load(name))
    assert name not in ANSWERED or is_valid(f"events/{load(name)['action']}", load(name))


def assert_agreed(event: Any) -> None:
    """Hold the schema of an event's action to the model of it."""
    action = event["action"]
    assert is_valid(f"events/{action}", event) == is_taken(event), event


def is_taken(event: Any) -> bool:
    try:
        validate(event_model(event["action"]), event)
    except InvalidRequestError:
        return False
    return True


@pytest.mark.parametrize("name", ANSWERED)
def test_changed_event_is_valid_where_the_function_takes_its_shape(name: str) -> None:
    event = load(name)
    fields = [field for field in event if field != "action"]
    for field in fields:
        assert_agreed({key: value for key, value in event.items() if key != field})
    for field in (*fields, "unknown", "execution_id", "branch_state", "item", "cause", "output"):
        for value in WRONG:
            assert_agreed(event | {field: value})


@pytest.mark.parametrize("name", sorted(EXPECTED.keys() - set(KNOWN)))
def test_event_of_no_action_is_valid_nowhere(name: str) -> None:
    assert not [action for action in ACTIONS if is_valid(f"events/{action}", load(name))]


@pytest.mark.parametrize("name", ANSWERED)
@pytest.mark.usefixtures("bus", "services")
def test_answer_is_valid(name: str, store: MemoryStore) -> None:
    given = answer(name, store)
    validator(f"answers/{load(name)['action']}").validate(given)


@pytest.mark.parametrize("name", ANSWERED)
@pytest.mark.usefixtures("bus", "services")
def test_answer_that_lacks_a_field_is_not_valid(name: str, store: MemoryStore) -> None:
    given, action = answer(name, store), load(name)["action"]
    for lacking in given:
        shorter = {key: value for key, value in given.items() if key != lacking}
        # A worker may answer anything.
        assert is_valid(f"answers/{action}", shorter) == (action == "run_segment")


@pytest.mark.usefixtures("services")
def test_announcement_is_valid(bus: FakeEventBus, store: MemoryStore) -> None:
    answer("request_callback_human", store)
    (entry,) = bus.entries
    event = {
        "source": entry["Source"],
        "detail-type": entry["DetailType"],
        "detail": json.loads(entry["Detail"]),
    }
    validator("forms/callback_requested").validate(event)
    assert not is_valid("forms/callback_requested", event | {"detail-type": "Another"})


def test_every_status_is_described() -> None:
    text = (FOLDER / "forms" / "worker_result.json").read_text(encoding="utf-8")
    assert not [status for status in NEXT_ACTION_BY_STATUS if f"`{status}`" not in text]


def test_table_of_events_is_whole() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == set(EXPECTED)
