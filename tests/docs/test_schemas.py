"""The JSON Schemas of docs/schemas: of today's models, and of one mind with the code.

What a schema cannot say, and the code refuses all the same: a whole number written as `1.0`; as
many positions and marks as elements; a digest that is not that of the bytes; a place that may not
be read.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

import callbacks
import jobs
import service_calls
from actions import EVERY_ACTION as ACTIONS
from docs.schemas.catalogue import FOLDER, FORMS, all_files, event_model
from tests.core.places import documents_of
from tests.core.values.test_pointer import DIGEST, LIST, PATH, VALUE
from tests.docs.test_formats import EXAMPLES, OBJECTS
from tests.function.expected import BUCKET, EVENTS, EXPECTED, load
from tests.function.fakes import FakeEventBus, FakeStepFunctions, listing_client, may_delete
from tests.function.handlers import handler_of
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core.bag.next_action import NEXT_ACTION_BY_STATUS
from universal_sync_core.bag.unit_of_work import unit_of_work
from universal_sync_core.errors import InvalidRequestError, MalformedPointerError
from universal_sync_core.pages.page_format import is_node, parse_node
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.address import Address
from universal_sync_core.values.compression import compress
from universal_sync_core.values.pointer import recognise
from universal_sync_core.values.validation import validate

ANSWERED = sorted(name for name, expected in EXPECTED.items() if expected.answer)
KNOWN = sorted(
    name
    for name in EXPECTED
    if isinstance(load(name), dict) and load(name).get("action") in ACTIONS
)
WRONG: list[Any] = [None, True, 1, -1, 0.5, "", "x", [], [1], {}, {"a": 1}]
EXECUTION = {"execution_id": "catalog-2025-01"}


@cache
def validator(name: str) -> Draft202012Validator:
    """Return the validator of a file, such as `forms/pointer`."""
    schema = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def is_valid(name: str, value: Any) -> bool:
    return bool(validator(name).is_valid(value))


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> FakeEventBus:
    bus = FakeEventBus()
    monkeypatch.setattr(callbacks, "events", lambda: bus)
    return bus


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> FakeStepFunctions:
    services = FakeStepFunctions()
    monkeypatch.setattr(callbacks, "stepfunctions", lambda: services)
    may_delete(monkeypatch)
    monkeypatch.setattr(jobs, "_HAS_RULE", True)
    monkeypatch.setattr(service_calls, "OPERATIONS", {"dynamodb:listTables"})
    monkeypatch.setattr(service_calls, "client_of", lambda _: listing_client(["orders"], ["lines"]))
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


def either(good: Any, bad: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.just(good) | bad


ANYTHING = st.sampled_from(WRONG) | st.text() | st.integers()
PATHS = st.sampled_from(
    [
        f"s3://{BUCKET}/packs/{DIGEST}",
        f"s3://{BUCKET}/a/b/v1/run/packs/{DIGEST}",
        f"s3://{BUCKET}/a\n/v1/run/packs/{DIGEST}",
        f"s3://UPPER/v1/run/packs/{DIGEST}",
        f"http://{BUCKET}/v1/run/packs/{DIGEST}",
        f"{PATH}\n",
        f"{PATH}0",
        PATH[:-1],
        PATH.upper(),
        PATH.replace("run-1", "a/b"),
        PATH.replace("run-1", "a\nb"),
        PATH.replace("/v1/", "/v2/"),
        PATH.replace("packs", "pages"),
    ]
)
POINTER_LIKE = st.fixed_dictionaries(
    {},
    optional={
        "__s3_offloaded": either(True, ANYTHING),  # noqa: FBT003 - the mark itself
        "__v": either(1, ANYTHING),
        "__kind": st.sampled_from(["value", "list", "map"]) | ANYTHING,
        "__s3_path": either(PATH, PATHS | ANYTHING),
        "__range": either([0, 1], ANYTHING | st.lists(st.integers(-1, 3), max_size=3)),
        "__sha256": either(DIGEST, ANYTHING | st.just(DIGEST.upper())),
        "__size_bytes": st.integers(0) | ANYTHING,
        "__count": st.integers(0) | ANYTHING,
        "approved": ANYTHING,
    },
)


@given(changes=POINTER_LIKE, lacking=st.sets(st.sampled_from(sorted(LIST)), max_size=1))
@pytest.mark.parametrize("pointer", [VALUE, LIST, LIST | {"__kind": "map"}])
def test_pointer_is_valid_where_the_code_takes_it_for_one(
    pointer: dict[str, Any], changes: dict[str, Any], lacking: set[str]
) -> None:
    for mixed in (pointer | changes, *({**pointer, name: changes[name]} for name in changes)):
        value = {name: item for name, item in mixed.items() if name not in lacking}
        assert is_valid("forms/pointer", value) == (recognise(value) is not None)


@pytest.mark.parametrize("name", ["__v", "__size_bytes", "__count"])
def test_whole_number_with_a_fraction_is_what_a_schema_cannot_tell(name: str) -> None:
    value = LIST | {name: float(LIST[name])}
    assert is_valid("forms/pointer", value)
    assert recognise(value) is None


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(), inner, max_size=30),
    max_leaves=60,
)


@given(value=JSON_VALUES, marked=st.booleans())
def test_whatever_is_stored_is_valid(value: Any, marked: bool) -> None:  # noqa: FBT001 - drawn
    memory = MemoryStore()
    settings = Settings(bucket=BUCKET, page_bytes=120, index_bytes=300)
    with runtime.use(settings=settings, store=memory), unit_of_work(EXECUTION) as call:
        pointer = call.pages.store(value, marked=marked)
    validator("forms/pointer").validate(pointer.render())
    for document in documents_of(memory).values():
        if is_node(document):
            name = "index_object" if document["height"] else "page"
            validator(f"forms/{name}").validate(document)


PAGES = [json.loads(body) for body in OBJECTS if is_node(json.loads(body))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page['kind']}-{page['height']}")
def test_page_that_the_code_refuses_for_its_shape_is_not_valid(page: dict[str, Any]) -> None:
    form = "forms/index_object" if page["height"] else "forms/page"
    validator(form).validate(page)
    for name in page:
        for value in (
            Ellipsis,
            *WRONG,
            "set",
            [["x", 1, 1]],
            [[DIGEST, 0, 1, DIGEST, 1, 1, 1, "k"]],
        ):
            changed = {key: item for key, item in page.items() if key != name}
            changed |= {} if value is Ellipsis else {name: value}
            assert (
                is_read(changed)
                or has_other_length(page, name, value)
                or not is_valid(form, changed)
            ), changed


def is_read(page: dict[str, Any]) -> bool:
    try:
        parse_node(page, Address(PATH, 2**30, 1, DIGEST))
    except MalformedPointerError:
        return False
    return True


def has_other_length(page: dict[str, Any], name: str, value: Any) -> bool:
    """Tell whether a part is of its type, but not of the length of the others."""
    return name in ("items", "order", "marks") and type(value) is type(page[name])


@pytest.mark.parametrize(
    ("example", "form"),
    [
        ("pointer", "pointer"),
        ("packed", "compressed_value"),
        ("snapshot", "snapshot"),
        ("branch", "branch_pointer"),
        ("record", "failure_record"),
        ("ended", "ended_record"),
        ("bag", "bag"),
    ],
)
def test_example_of_the_page_on_formats_is_valid_and_lacks_nothing(example: str, form: str) -> None:
    value = EXAMPLES[example]
    validator(f"forms/{form}").validate(value)
    schema = validator(f"forms/{form}").schema
    assert isinstance(schema, dict)
    for name in schema.get("required", ()):
        assert not is_valid(f"forms/{form}", {key: value[key] for key in value if key != name})


@given(value=JSON_VALUES)
def test_compressed_value_is_valid(value: Any) -> None:
    validator("forms/compressed_value").validate(compress(value))
    assert not is_valid("forms/compressed_value", compress(value) | {"more": 1})


def test_every_status_is_described() -> None:
    text = (FOLDER / "forms" / "worker_result.json").read_text(encoding="utf-8")
    assert not [status for status in NEXT_ACTION_BY_STATUS if f"`{status}`" not in text]


def test_table_of_events_is_whole() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == set(EXPECTED)
