"""Pages and index objects that are not what they should be: every reader refuses them alike.

Each is stored under its right digest, as whoever may write to the execution's folder can do it.
"""

import copy
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.bags import CONTEXT, EXECUTION, call, fresh
from tests.core.pages.spoiled import (
    LIST,
    MAP,
    READERS,
    TINY,
    TREES,
    WRONG,
    height_of,
    index,
    stored,
)
from tests.core.places import alone, row
from universal_sync_core import hydrate_state, open_bag, universal_sync_core
from universal_sync_core.errors import (
    ChecksumMismatchError,
    MalformedPointerError,
    MissingObjectError,
)
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, StoredObject
from universal_sync_core.values.pointer import Pointer

CASES = [(name, tree) for name, (trees, _) in WRONG.items() for tree in trees]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("tree", TREES)
def test_the_trees_these_tests_spoil_are_read_by_all(tree: str, reader: str) -> None:
    pointer, documents = TREES[tree]
    store, root = stored(documents, pointer)
    value = LIST if pointer.kind == "list" else MAP
    with fresh(store, **TINY):
        found = READERS[reader](root)
    assert list(found) == list(value)[: root.count]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("wrong", "tree"), CASES)
def test_what_is_no_tree_is_malformed_to_every_reader(wrong: str, tree: str, reader: str) -> None:
    pointer, documents = TREES[tree]
    documents = copy.deepcopy(documents)
    WRONG[wrong][1](documents)
    store, root = stored(documents, pointer)
    with fresh(store, **TINY), pytest.raises(MalformedPointerError) as caught:
        READERS[reader](root)
    assert "s3://" in str(caught.value)


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize(
    "stated",
    [{"__count": 10**9}, {"__count": 2}, {"__size_bytes": 1}, {"__size_bytes": 2**50}],
    ids=str,
)
def test_a_pointer_that_states_something_else_is_malformed(
    tree: str, stated: dict[str, int]
) -> None:
    pointer, documents = TREES[tree]
    store, root = stored(documents, pointer)
    bag = {"execution_id": EXECUTION, "value": root.render() | stated}
    with fresh(store, **TINY), pytest.raises(MalformedPointerError):
        hydrate_state(bag)


@pytest.mark.parametrize("size", [0, 1, 39, 41, 10**9])
def test_a_single_value_of_another_size_than_its_pointer_states_is_malformed(size: int) -> None:
    store = MemoryStore()
    with fresh(store), call() as opened:
        pointer = opened.pages.store("x" * 38).render()
    with fresh(store), pytest.raises(MalformedPointerError, match="size"):
        hydrate_state({"execution_id": EXECUTION, "value": pointer | {"__size_bytes": size}})


@pytest.mark.parametrize("tree", TREES)
def test_a_single_value_that_is_written_like_a_page_is_read_beside_it(tree: str) -> None:
    pointer, documents = TREES[tree]
    store, root = stored(documents, pointer)
    page = json.loads(store.objects[Location.parse(root.path)].body)
    size = len(json.dumps(page, separators=(",", ":")))
    single = Pointer(kind="value", at=root.at, size=size)
    for values in ({"a": root, "b": single}, {"b": single, "a": root}):
        bag = {name: each.render() for name, each in values.items()}
        with fresh(store, **TINY):
            found = hydrate_state({"execution_id": EXECUTION, **bag})
        assert found["b"] == page
        assert list(found["a"]) == list(LIST if root.kind == "list" else MAP)[: root.count]


def test_an_index_object_that_leads_to_itself_is_malformed_at_once() -> None:
    pointer, _ = TREES["list"]
    evil = f"{pointer.path[:-64]}{'0' * 64}"
    document = {
        "__page": 1,
        "kind": "list",
        "height": 1,
        "children": [[*row("0" * 64, 1), 1, 1, 1]],
    }
    store = MemoryStore()
    body = json.dumps(document).encode()
    digest = hashlib.sha256(body).hexdigest()
    store.objects[Location.parse(pointer.path[:-64] + digest)] = StoredObject(body)
    at = alone(pointer.path[:-64] + digest, len(body))
    root = Pointer(kind="list", at=at, size=2, count=1)
    for reader in READERS.values():
        with fresh(store), pytest.raises(MissingObjectError, match=evil):
            reader(root)
    # Only where a digest could be chosen, or an object without one could be named.
    document["children"] = [["s3://state-bucket/inputs/evil.json", *row("0" * 64, 1)[1:], 1, 1, 1]]
    body = json.dumps(document).encode()
    digest = hashlib.sha256(body).hexdigest()
    store.objects[Location.parse(pointer.path[:-64] + digest)] = StoredObject(body)
    store.objects[Location.parse("s3://state-bucket/inputs/evil.json")] = StoredObject(body)
    at = alone(pointer.path[:-64] + digest, len(body))
    root = Pointer(kind="list", at=at, size=2, count=1)
    for reader in READERS.values():
        allowed = {"allowed_prefixes": ("s3://state-bucket/inputs/",)}
        with fresh(store, **allowed), pytest.raises(MalformedPointerError, match=digest):
            reader(root)


JUNK = st.sampled_from(
    [None, True, -1, 0, 1, 2**53, 10**30, 1.5, "", "a", "0" * 64, [], [1], {}, {"a": 1}]
)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("tree", TREES)
def test_a_changed_part_is_refused_or_makes_no_difference(tree: str, data: st.DataObject) -> None:
    pointer, documents = TREES[tree]
    documents = copy.deepcopy(documents)
    chosen = documents[data.draw(st.sampled_from(sorted(documents)))]
    name = data.draw(st.sampled_from(sorted(set(chosen) - {"items"})))
    if name == "children" and data.draw(st.booleans()):
        child = data.draw(st.sampled_from(chosen["children"]))
        child[data.draw(st.integers(0, len(child) - 1))] = data.draw(JUNK)
    else:
        chosen[name] = data.draw(JUNK)
    store, root = stored(documents, pointer)
    value = LIST if pointer.kind == "list" else MAP
    reader = READERS[data.draw(st.sampled_from(sorted(READERS)))]
    with fresh(store, **TINY):
        try:
            found = reader(root)
        except (ChecksumMismatchError, MalformedPointerError, MissingObjectError):
            return
    assert list(found) == list(value)[: root.count]


def test_page_settings_of_these_tests_make_trees_of_several_levels() -> None:
    for name in ("list", "marked", "map"):
        assert height_of(index(TREES[name][1])) >= 2


def test_a_history_that_is_said_to_be_enormous_takes_no_memory_for_it() -> None:
    with fresh(MemoryStore(), history_max_entries=2):
        bag = universal_sync_core({"execution_id": EXECUTION}, {"state_history": LIST}, CONTEXT)
        bag["state_history_archive"]["__count"] = 2**52
        with pytest.raises(MalformedPointerError):
            open_bag(bag).read("state_history")
