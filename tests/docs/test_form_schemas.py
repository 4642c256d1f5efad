"""The JSON Schemas of the stored forms are of one mind with the code.

What a schema cannot say, and the code refuses all the same: a whole number written as `1.0`; as
many positions and marks as elements; a digest that is not that of the bytes; a place that may not
be read.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.places import documents_of
from tests.core.values.test_pointer import DIGEST, LIST, PATH, VALUE
from tests.docs.test_formats import EXAMPLES, OBJECTS
from tests.docs.validity import WRONG, is_valid, validator
from tests.function.expected import BUCKET
from universal_sync_core.bag.unit_of_work import unit_of_work
from universal_sync_core.errors import MalformedPointerError
from universal_sync_core.pages.page_format import is_node, parse_node
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.address import Address
from universal_sync_core.values.compression import compress
from universal_sync_core.values.pointer import recognise

EXECUTION = {"execution_id": "catalog-2025-01"}


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
