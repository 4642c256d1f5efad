"""Pointers back to values: everything, or only what is asked for."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.core.bags import CONTEXT, EXECUTION, Unchanged, fresh, synced, text_of
from tests.core.fakes import CountingStore, SlowStore
from universal_sync_core import hydrate, hydrate_state, read_list, store_to_s3, universal_sync_core
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    PointerNotAllowedError,
)
from universal_sync_core.packs import outbox, ranges
from universal_sync_core.pages.page_reader import PageReader
from universal_sync_core.values.pointer import Pointer, parse

REPORT = {"title": "t", "sections": [{"n": number, "text": "x" * 500} for number in range(900)]}
RESULT = {
    "current_state": {"report": REPORT, "small": {"a": [1, {"b": 2}]}, "empty": {}, "none": None},
    "items": [{"n": number, "text": "y" * 500} for number in range(900)],
    "chunk_results": [{"n": number} for number in range(60)],
    "scheduling_metadata": {"batch_details": [{"item_count": 1}] * 9, "priority": "high"},
    "state_history": [{"n": number} for number in range(90)],
}


@pytest.fixture
def stored(store: CountingStore) -> dict[str, Any]:
    bag = synced({"execution_id": EXECUTION}, RESULT)
    store.reset()
    return bag


def test_everything_comes_back_and_the_bag_stays(stored: dict[str, Any]) -> None:
    with Unchanged(stored):
        whole = hydrate_state(stored)
    assert {name: whole[name] for name in RESULT} == RESULT


@pytest.mark.parametrize("bag", [{}, {"a": 1}, {"current_state": {"x": [None]}}])
def test_a_bag_without_pointers_is_itself(bag: dict[str, Any]) -> None:
    with fresh(CountingStore(), bucket=None):
        assert hydrate_state(bag) == bag
        assert hydrate_state(bag, []) == bag


def test_a_path_reads_only_the_pages_it_leads_through(
    store: CountingStore, stored: dict[str, Any]
) -> None:
    with fresh(store):
        part = hydrate_state(stored, ["current_state.report.sections[700].n"])
    report = part["current_state"]["report"]
    assert report["sections"]["[700]"]["n"] == 700
    assert len(store.gets) <= 4
    assert part["items"] == stored["items"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("items", RESULT["items"]),
        ("chunk_results", RESULT["chunk_results"]),
        ("state_history", RESULT["state_history"]),
        ("scheduling_metadata", RESULT["scheduling_metadata"]),
    ],
)
def test_a_field_comes_back_from_whichever_form_it_is_kept_in(
    stored: dict[str, Any], path: str, value: Any
) -> None:
    with Unchanged(stored):
        assert hydrate_state(stored, [path])[path] == value


def test_several_paths_come_together(stored: dict[str, Any]) -> None:
    part = hydrate_state(
        stored, ["current_state.report.title", "items[0]", "items[899].n", "chunk_results"]
    )
    assert part["current_state"]["report"]["title"] == "t"
    assert part["items"]["[0]"] == REPORT_ITEM
    assert part["items"]["[899]"]["n"] == 899
    assert len(part["chunk_results"]) == 60


REPORT_ITEM = {"n": 0, "text": "y" * 500}


@pytest.mark.parametrize(
    "path",
    [
        "none",
        "current_state.none.deeper",
        "current_state.report.none",
        "current_state.small.a[9]",
        "current_state.small.a.b",
        "items[900]",
        "items.n",
        "current_state[0]",
        "current_state.empty.x",
    ],
)
def test_a_path_that_leads_nowhere_changes_nothing(stored: dict[str, Any], path: str) -> None:
    assert hydrate_state(stored, [path]) == stored


@pytest.mark.parametrize("path", ["current_state.small.a[1].b", "current_state.small"])
def test_a_path_to_what_is_inline_costs_nothing(
    store: CountingStore, stored: dict[str, Any], path: str
) -> None:
    assert hydrate_state(stored, [path]) == stored
    assert store.requests == 0


@pytest.mark.parametrize("path", ["", ".", "a..b", "a[", "a[-1]", "a[x]", "a]b", "[0", ".a", "a."])
def test_a_path_that_is_none_is_refused(stored: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        hydrate_state(stored, [path])
    assert caught.value.field == "paths"


@pytest.mark.parametrize(
    "path", [f"a[{'9' * 5_000}]", ".".join(["a"] * 1_025), "a[0]" * 600], ids=len
)
def test_and_so_is_one_that_is_too_long_to_lead_anywhere(path: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        hydrate_state({"a": [1]}, [path])
    assert caught.value.field == "paths"
    assert len(str(caught.value)) < 300


def test_paths_that_begin_alike_are_followed_together(
    stored: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    slice_at = PageReader.slice_at

    def noted(self: PageReader, pointer: Pointer, positions: Sequence[int]) -> list[Any]:
        asked.append(len(positions))
        return slice_at(self, pointer, positions)

    monkeypatch.setattr(PageReader, "slice_at", noted)
    part = hydrate_state(stored, [f"current_state.report.sections[{n}].n" for n in range(500)])
    assert asked == [500] * 2  # read together, then taken together
    beside = part["current_state"]["report"]
    sections = beside.get("sections", beside)
    assert [sections[f"[{n}]"]["n"] for n in range(500)] == list(range(500))


def test_what_several_paths_need_is_one_request() -> None:
    fields = {f"field-{n}": [f"{n}" * 500 for _ in range(100)] for n in range(10)}
    store = CountingStore()
    with fresh(store):
        bag = synced({"execution_id": EXECUTION}, {"current_state": fields})
    store.reset()
    with fresh(store):
        part = hydrate_state(bag, [f"current_state.{name}" for name in fields])
    assert part["current_state"] == fields
    assert len(store.gets) == 1


@pytest.mark.parametrize(
    "path", ["items[{n}]", "items[{n}][3]", "map.k{n}", "map.k{n}[3]", "inline[{n}][3]"]
)
def test_what_paths_need_is_read_side_by_side(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PACK_BYTES", 1)  # a document each
    monkeypatch.setattr(ranges, "GAP_BYTES", 0)
    inner = CountingStore()
    values = [[f"{n}" * 900 for _ in range(300)] for n in range(10)]
    with fresh(inner):
        bag = {
            "items": store_to_s3(values, CONTEXT),
            "map": store_to_s3({f"k{n}": value for n, value in enumerate(values)}, CONTEXT),
            "inline": [store_to_s3(value, CONTEXT) for value in values],
        }
    slow = SlowStore(inner, seconds=0.05)
    with fresh(slow):
        hydrate_state(bag, [path.format(n=n) for n in range(10)], CONTEXT)
    assert slow.most_at_once >= 10


def test_what_is_asked_for_whole_is_not_read_as_a_pointer_afterwards() -> None:
    data = {"__s3_offloaded": True, "__v": 1, "note": "a user's"}
    with fresh(CountingStore()):
        bag = universal_sync_core({}, {"current_state": {"x": {"y": data}}}, CONTEXT)
        for paths in (["current_state.x", "current_state.x.y.note"], ["current_state.x"] * 2):
            assert hydrate_state(bag, paths, CONTEXT)["current_state"]["x"] == {"y": data}


def test_fields_of_a_spilled_bag_come_one_by_one() -> None:
    store = CountingStore()
    fields = {f"key-{number}": {"n": number} for number in range(20_000)}
    with fresh(store):
        bag = synced({}, fields)
    store.reset()
    with fresh(store):
        part = hydrate_state(bag, ["key-777", "key-12345.n", "none"], CONTEXT)
    assert (part["key-777"], part["key-12345"]) == ({"n": 777}, {"n": 12_345})
    assert "none" not in part
    assert len(store.gets) <= 6


def test_levels_are_read_side_by_side_not_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PACK_BYTES", 1)  # a document each
    inner = CountingStore()
    with fresh(inner):
        bag = {str(n): store_to_s3(list(range(30_000 + n)), CONTEXT) for n in range(10)}
    slow = SlowStore(inner, seconds=0.05)
    with fresh(slow):
        hydrate_state(bag, context=CONTEXT)
    assert slow.most_at_once >= 10


def test_an_archived_history_is_read_together_with_the_rest() -> None:
    result = {
        "current_state": {"large": [text_of(1_000) for _ in range(300)]},
        "state_history": [{"timestamp": step, "event": text_of(1_000)} for step in range(300)],
    }
    store = CountingStore()
    with fresh(store):
        bag = synced({"execution_id": EXECUTION}, result)
    store.reset()
    with fresh(store):
        whole = hydrate_state(bag)
    assert {name: whole[name] for name in result} == result
    assert len(store.gets) == 1


@pytest.mark.parametrize("paths", [None, ["current_state.tree"]])
def test_a_bag_that_contains_itself_is_refused(paths: list[str] | None) -> None:
    tree: dict[str, Any] = {"children": [{}, {}]}
    for child in tree["children"]:
        child["parent"] = tree
    state = {"execution_id": EXECUTION, "current_state": {"tree": tree}}
    with pytest.raises(InvalidRequestError, match="contains itself"):
        hydrate_state(state, paths)


@pytest.mark.parametrize("paths", [None, ["current_state.a"], []])
def test_a_bag_with_a_number_that_json_does_not_have_is_refused(paths: list[str] | None) -> None:
    state = {"execution_id": EXECUTION, "current_state": {"a": [float("inf")]}}
    with pytest.raises(InvalidRequestError, match="JSON has no inf") as caught:
        hydrate_state(state, paths)
    assert caught.value.field == "state_data.current_state.a[0]"


@pytest.mark.usefixtures("store")
def test_document_whose_execution_is_not_named_is_refused_with_the_cure() -> None:
    document = {"a": store_to_s3({"a": 1}, CONTEXT)}
    with pytest.raises(PointerNotAllowedError, match=r"no execution is named, .* give its"):
        hydrate(document)
    assert hydrate(document, context=CONTEXT) == {"a": {"a": 1}}


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("given", ["execution-1", [{}], 5])
def test_context_or_bag_that_is_not_an_object_is_refused_by_name(given: Any) -> None:
    calls: list[tuple[str, Callable[[], object]]] = [
        ("context", lambda: universal_sync_core({}, {"a": 1}, given)),
        ("context", lambda: store_to_s3({"a": 1}, given)),
        ("state_data", lambda: hydrate_state(given)),
        ("state_data", lambda: hydrate_state(given, [])),
    ]
    for field, call in calls:
        with pytest.raises(InvalidRequestError, match=f"^{field} must be an object") as caught:
            call()
        assert caught.value.field == field


def test_what_is_shared_is_read_once() -> None:
    store = CountingStore()
    with fresh(store):
        pointer = store_to_s3({"a": "x" * 9_000}, CONTEXT)
    store.reset()
    with fresh(store):
        bag = {"one": pointer, "two": {"in": [pointer, pointer]}}
        whole = hydrate_state(bag, context=CONTEXT)
    assert whole["one"] == whole["two"]["in"][1] == {"a": "x" * 9_000}
    assert len(store.gets) == 1


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 5), (890, 900), (895, 2_000), (0, 0), (5, 2), (900, 910), (-5, 3), (0, 900), (77, 78)],
)
def test_a_range_of_a_list_is_that_range(stored: dict[str, Any], start: int, stop: int) -> None:
    expected = RESULT["items"][max(0, start) : max(0, stop)]  # type: ignore[index]
    assert read_list(stored["items"], start, stop) == expected


def test_a_range_without_a_stop_goes_to_the_end(stored: dict[str, Any]) -> None:
    assert read_list(stored["items"], 897) == RESULT["items"][897:]  # type: ignore[index]


@pytest.mark.parametrize(("start", "stop", "field"), [(None, 5, "start"), (0, "5", "stop")])
def test_a_position_is_a_whole_number(
    stored: dict[str, Any], start: Any, stop: Any, field: str
) -> None:
    with pytest.raises(InvalidRequestError, match="must be a whole number") as caught:
        read_list(stored["items"], start, stop)
    assert caught.value.field == field


def test_a_range_reads_the_pages_it_is_in(store: CountingStore, stored: dict[str, Any]) -> None:
    with fresh(store):
        read_list(stored["items"], 450, 460)
    assert len(store.gets) <= 3


def test_elements_that_are_pointers_or_escaped_come_back_as_values() -> None:
    with fresh(CountingStore(), page_bytes=400):
        items = [{"__s3_offloaded": "data"}, "x" * 900, [{"deep": "y" * 900}]] * 20
        bag = synced({}, {"items": items, "more": "z" * 40_000})
        pointer = bag["items"] if parse(bag["items"]) else store_to_s3(bag["items"], CONTEXT)
        assert read_list(pointer, 3, 9) == items[3:9]


@pytest.mark.parametrize("value", [None, [1, 2], {}, "s3://bucket/key"])
def test_only_a_pointer_to_a_list_has_ranges(value: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_list(value, 0, 1)
    assert caught.value.field == "pointer"


def test_what_is_marked_as_a_pointer_and_is_none_of_this_version_is_refused() -> None:
    with pytest.raises(MalformedPointerError):
        read_list({"__s3_offloaded": True}, 0, 1)


def test_a_pointer_to_a_map_has_none_either(store: CountingStore) -> None:
    pointer = store_to_s3({"a": 1}, CONTEXT)
    store.reset()
    with pytest.raises(InvalidRequestError):
        read_list(pointer, 0, 1)
    assert store.requests == 0


def test_a_range_of_another_executions_list_is_refused(stored: dict[str, Any]) -> None:
    with pytest.raises(PointerNotAllowedError):
        read_list(stored["items"], 0, 1, {"execution_id": "another"})


@pytest.mark.parametrize("size", [1, 200_000])
@pytest.mark.parametrize("key", ["__s3_offloaded", "__gzip_base64", "__escaped:__s3_offloaded"])
def test_a_path_names_a_key_that_resembles_one_of_ours_as_the_user_wrote_it(
    key: str, size: int
) -> None:
    inner = {"text": ["x" * 40_000]}
    store = CountingStore()
    with fresh(store):
        result = {"current_state": {"found": {key: inner, "rest": "y" * size}}}
        bag = universal_sync_core({}, result, CONTEXT)
    with fresh(store):
        read = hydrate_state(bag, [f"current_state.found.{key}"], CONTEXT)
    assert read["current_state"]["found"]["__escaped:" + key] == inner
