"""What a bag shows of a value beside its pointer: bounded, masked, and no part of the state."""

import json
from typing import Any

import pytest

from tests.core.bags import CONTEXT
from tests.core.fakes import CountingStore
from tests.door.ways import WAYS
from universal_sync_core import (
    complete_branch,
    first_bag,
    fork_branch,
    hydrate_state,
    join_branches,
    open_bag,
    state_task,
    store_result,
    universal_sync_core,
)
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.previews import masking
from universal_sync_core.previews.showing import PREVIEW_BYTES
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime

pytestmark = pytest.mark.usefixtures("store")

Bag = dict[str, Any]
LONG = "to be or not " * 8_000
ROWS = [{"n": n, "text": "x" * 60} for n in range(2_000)]
VALUES: dict[str, Any] = {
    "text": LONG,
    "unicode": "日本語" * 20_000,
    "rows": ROWS,
    "texts": ["y" * 5_000] * 20,
    "map": {f"key {n}": "z" * 100 for n in range(900)},
    "deep": {"a": {"b": {"c": {"d": {"e": "v" * 40_000}}}}},
    "long keys": {"k" * 9_000 + str(n): n for n in range(10)},
    "lists": [[[[[0] * 100] * 10] * 10]] * 5,
    "numbers": [0.5, None, True, -7] * 9_000,
    "large map": {f"key {n}": "z" * 6_000 for n in range(1_500)},
    "ours": [{"__s3_offloaded": True, "__preview": "p"}] * 4_000,
}


def sync(bag: Bag, result: Any) -> Bag:
    return universal_sync_core(bag, result, {"action": "sync"})


def asking(*paths: str) -> Bag:
    return first_bag({"preview_paths": list(paths)}, CONTEXT)


def preview_of(bag: Bag, name: str) -> Any:
    return bag["current_state"][name]["__preview"]


@pytest.mark.parametrize("name", VALUES)
def test_a_preview_is_bounded_and_the_value_stays_whole(name: str) -> None:
    bag = sync(asking(name), {"current_state": {name: VALUES[name]}})
    shown = json.dumps(preview_of(bag, name), ensure_ascii=False, separators=(",", ":"))
    assert 2 < len(shown.encode()) <= PREVIEW_BYTES
    assert hydrate_state(bag)["current_state"] == {name: VALUES[name]}
    more = {f"part {n}": "x" * 20_000 for n in range(9)}
    whole = sync(bag, {"current_state": more})
    assert whole["current_state"]["__s3_offloaded"] is True
    assert hydrate_state(whole)["current_state"] == {name: VALUES[name], **more}


def test_a_stored_result_may_ask_for_previews_by_paths_of_any_length() -> None:
    paths = [f"current_state.{'long' * 300} {number}" for number in range(20)]
    stored = store_result({"current_state": {"text": LONG}, "preview_paths": paths}, CONTEXT)
    assert sync(first_bag({}, CONTEXT), stored)["preview_paths"] == paths


def test_what_is_shown_says_how_much_more_there_is() -> None:
    bag = sync(asking(*VALUES), {"current_state": {"text": LONG, "rows": ROWS}})
    assert preview_of(bag, "text") == f"{LONG[:400]}… 104,000 characters"
    *rows, more = preview_of(bag, "rows")
    assert (rows, more) == (ROWS[:5], "… 1,995 more")


def test_a_long_text_in_an_object_or_a_list_shows_its_beginning_as_one_by_itself() -> None:
    value = {"title": "t", "body": LONG, "deep": {"er": "x"}, "wide": {"er": ["x", LONG]}}
    bag = sync(asking("map", "list"), {"current_state": {"map": value, "list": [LONG, *ROWS]}})
    shown = preview_of(bag, "map")
    begins = f"{LONG[:400]}… 104,000 characters"
    assert (shown["title"], shown["body"]) == ("t", begins)
    assert (shown["deep"], shown["wide"]) == ({"er": "x"}, "… map of 1, 104,015 bytes")
    assert preview_of(bag, "list")[0] == f"{LONG[:400]}… 104,000 characters"


def test_the_texts_that_are_shown_are_read_at_once_and_no_others() -> None:
    """As many at once as one wave of requests reads: the object, and what stands in it."""
    value = {f"text {n}": f"{n} {LONG}" for n in range(30)}
    bag = sync(first_bag({}, CONTEXT), {"current_state": {"map": value}})
    store = CountingStore(runtime.current().store)
    with runtime.use(settings=Settings(bucket="state-bucket"), store=store):
        shown = sync(bag, {"preview_paths": ["map"]})
    assert preview_of(shown, "map")["text 0"].startswith("0 to be")
    assert len(store.gets) <= 2


def test_nobody_pays_who_does_not_ask() -> None:
    result = {"current_state": {"text": LONG, "rows": ROWS}}
    stores = [CountingStore(runtime.current().store) for _ in range(2)]
    for store, given in zip(stores, ({}, {"preview_paths": ["text", "rows"]}), strict=True):
        with runtime.use(settings=Settings(bucket="state-bucket"), store=store):
            bag = sync(first_bag(given, CONTEXT), result)
        for pointer in bag["current_state"].values():
            assert ("__preview" in pointer) is bool(given)
    # A value that this call stores is read by nobody for it.
    assert stores[0].gets == stores[1].gets == []


def test_an_unchanged_value_keeps_its_preview_unread() -> None:
    bag = sync(asking("text"), {"current_state": {"text": LONG}})
    store = CountingStore(runtime.current().store)
    with runtime.use(settings=Settings(bucket="state-bucket"), store=store):
        later = sync(bag, {"current_state": {"other": 1}})
    assert (preview_of(later, "text"), store.gets) == (preview_of(bag, "text"), [])
    changed = sync(later, {"current_state": {"text": "new " + LONG}})
    assert preview_of(changed, "text").startswith("new ")
    small = sync(changed, {"current_state": {"text": "short"}})
    assert small["current_state"]["text"] == "short"


def test_a_preview_goes_with_the_path_that_asked_for_it() -> None:
    values = {"text": LONG, "rows": ROWS, "deep": {"text": LONG}}
    bag = sync(asking("text", "rows", "deep.text"), {"current_state": values})
    assert all("__preview" in bag["current_state"][name] for name in values)
    fewer = sync(bag, {"preview_paths": ["rows"]})
    shown = {name for name in values if "__preview" in fewer["current_state"][name]}
    assert shown == {"rows"}
    none = sync(fewer, {"preview_paths": []})
    assert "__preview" not in json.dumps(none)
    assert hydrate_state(none)["current_state"] == values


@pytest.mark.parametrize("paths", [["deep.report", "part 0"], ["part 0"], []])
def test_a_state_that_leaves_as_a_whole_shows_what_is_asked_for_now(paths: list[str]) -> None:
    many = {f"part {n}": "x" * 20_000 for n in range(9)}
    bag = sync(asking("deep.report"), {"current_state": {**many, "deep": {"report": LONG}}})
    state = sync(bag, {"preview_paths": paths})["current_state"]
    keys = {path.partition(".")[0] for path in paths}
    assert state.get("__preview", {}).keys() == keys
    assert ("__preview" in state) is bool(paths)


SECRETS: dict[str, tuple[Any, str]] = {
    "by name": ({"password": "hunter2", "text": LONG}, "hunter2"),
    "by its own form": (f"key AKIAIOSFODNN7EXAMPLE of {LONG}", "AKIAIOSFODNN7"),
    "over the edge of what is shown": (f"{'x' * 390} AKIAIOSFODNN7EXAMPLE {LONG}", "AKIA"),
    "by a name beside it": ([{"name": "api_key", "value": "abc123"}, LONG], "abc123"),
    "in a text of JSON": (f'{{"token": "abc123", "x": "{LONG}"}}', "abc123"),
    "in a long text": ({"note": f"token=abc123 {LONG}", "rows": ROWS}, "abc123"),
    "a long text under a secret name": ({"password": f"hunter2 {LONG}"}, "hunter2"),
    "in an element": ([{"auth": {"secret": "abc123"}}] * 4_000, "abc123"),
}


@pytest.mark.parametrize("case", SECRETS)
def test_a_secret_is_not_shown(case: str) -> None:
    value, secret = SECRETS[case]
    bag = sync(asking("field"), {"current_state": {"field": value}})
    shown = json.dumps(preview_of(bag, "field"))
    assert secret not in shown
    assert "***" in shown
    assert hydrate_state(bag)["current_state"]["field"] == value


def test_of_very_long_texts_and_keys_only_the_beginning_is_searched_for_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched: list[int] = []

    def noted(text: str) -> str:
        searched.append(len(text))
        return text

    monkeypatch.setattr(masking, "without_secrets", noted)
    long = {f"{'a.' * 50_000}{number}": "eyJ-" * 20_000 for number in range(9)}
    shown = preview_of(sync(asking("report"), {"current_state": {"report": long}}), "report")
    assert any(key.startswith("a.a.") for key in shown)
    assert max(searched) < 1_100


def test_nor_is_what_stands_under_a_secret_name() -> None:
    bag = sync(asking("config.token"), {"current_state": {"config": {"token": LONG}}})
    assert preview_of(bag, "config") == {"token": "***"}


@pytest.mark.parametrize("path", ["deep.report", "current_state.deep.report", '["deep"].report'])
def test_a_state_that_leaves_as_a_whole_shows_the_parts_that_are_asked_for(path: str) -> None:
    many = {f"part {n}": "x" * 20_000 for n in range(9)}
    bag = sync(asking(path, "missing"), {"current_state": {**many, "deep": {"report": LONG}}})
    state = bag["current_state"]
    assert state["__kind"] == "map"
    assert state["__preview"] == {"deep": {"report": f"{LONG[:400]}… 104,000 characters"}}
    changed = sync(bag, {"current_state": {"part 0": "y", "deep": {"report": "new " + LONG}}})
    assert changed["current_state"]["__preview"]["deep"]["report"].startswith("new ")


# Joined, kept in the bag, and stored with all that is around it.
NOT_ALONE = {"branches", "update_and_compress", "a result in S3"}


@pytest.mark.parametrize("way", sorted(WAYS.keys() - NOT_ALONE))
def test_what_a_worker_stored_itself_is_shown_too_and_not_as_it_says(way: str) -> None:
    first = first_bag({"preview_paths": ["text"], "total_segments": 9}, CONTEXT)
    send, _ = WAYS[way]
    bag = send(first, {"current_state": {"text": LONG}})
    assert preview_of(bag, "text") == f"{LONG[:400]}… 104,000 characters"
    forged = {**bag["current_state"]["text"], "__preview": "all is well" * 9_000}
    worker = state_task(lambda *_: {"current_state": {"text": forged}})
    other = sync(first, worker({"state_data": first}, None))
    assert preview_of(other, "text") == preview_of(bag, "text")


def test_a_result_that_a_worker_stored_as_a_whole_is_shown_too() -> None:
    send, _ = WAYS["a result in S3"]
    bag = send(asking("text"), {"current_state": {"text": LONG}})
    assert bag["current_state"]["__preview"] == {"text": f"{LONG[:400]}… 104,000 characters"}


def test_a_preview_goes_before_the_bag_passes_its_bound() -> None:
    names = [f"f{n}" for n in range(20)]
    given = {"current_state": dict.fromkeys(names, LONG)}
    small = Settings(bucket="state-bucket", max_payload_bytes=16 * 1024)
    with runtime.use(settings=small, store=runtime.current().store):
        bag = sync(asking(*names), given)
        assert len(json.dumps(bag)) < 16 * 1024
        assert hydrate_state(bag)["current_state"] == given["current_state"]


def test_branches_agree_on_what_both_show() -> None:
    parent = sync(asking("text", "rows"), {"current_state": {"text": LONG, "rows": ROWS}})
    pending = [{"branch_id": "a"}, {"branch_id": "b"}]
    parent = sync(parent, {"status": "PARALLEL_GROUP", "pending_branches": pending})
    ends = []
    for branch in pending:
        bag = fork_branch(parent, branch)
        result = {"current_state": {branch["branch_id"]: LONG}, "preview_paths": ["a", "text"]}
        bag = universal_sync_core(bag, result, {"action": "sync_branch"})
        assert ("__preview" in bag["current_state"][branch["branch_id"]]) is (
            branch["branch_id"] == "a"
        )
        ends.append(complete_branch(bag | {"next_action": "COMPLETE"}))
    joined = join_branches(parent, ends)
    assert "branch_conflicts" not in joined
    assert preview_of(joined, "text") == preview_of(parent, "text")
    assert "__preview" not in joined["current_state"]["b"]
    assert hydrate_state(joined)["current_state"] == {
        "text": LONG,
        "rows": ROWS,
        "a": LONG,
        "b": LONG,
    }


def test_a_worker_sees_the_value_and_may_return_it() -> None:
    bag = sync(asking("text", "rows"), {"current_state": {"text": LONG, "rows": ROWS}})
    state = open_bag(bag)
    assert state.read("current_state.text") == LONG
    assert list(state["current_state"]["rows"]) == ROWS
    worker = state_task(
        lambda state, _: {"current_state": {"copy": state["current_state"]["rows"]}}
    )
    after = sync(bag, worker({"state_data": bag}, None))
    assert hydrate_state(after)["current_state"]["copy"] == ROWS


@pytest.mark.parametrize(
    "paths", [5, "text", [5], [""], ["a[0].b"], [f"f{n}" for n in range(21)], {"a": 1}]
)
def test_what_is_no_list_of_paths_is_refused_by_name(paths: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        first_bag({"preview_paths": paths}, CONTEXT)
    assert (caught.value.field or "").startswith("input.preview_paths")
    with pytest.raises(InvalidRequestError) as caught:
        sync(first_bag({}, CONTEXT), {"preview_paths": paths})
    assert (caught.value.field or "").startswith("execution_result.preview_paths")


@pytest.mark.usefixtures("store")
def test_of_too_many_paths_that_were_joined_the_last_count() -> None:
    context = CONTEXT | {"merge_strategy": {"preview_paths": "set_union"}}
    bag = asking("old")
    for step in range(3):
        paths = [f"f{step}-{number}" for number in range(18)]
        result = {"current_state": {"old": LONG, paths[0]: LONG}, "preview_paths": paths}
        bag = universal_sync_core(bag, result, context | {"action": "sync"})
    assert bag["preview_paths"] == [*(f"f1-{number}" for number in (16, 17)), *paths]
    shown = [name for name, value in bag["current_state"].items() if "__preview" in value]
    assert shown == ["f2-0"]
