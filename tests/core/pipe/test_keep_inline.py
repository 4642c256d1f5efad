"""What a Choice state reads stays readable when its surroundings go to S3."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, KIB, fresh, hydrated, synced, text_of
from tests.core.documents.oracle import at
from tests.core.fakes import CountingStore
from universal_sync_core import optimize_and_offload, store_to_s3, universal_sync_core
from universal_sync_core.errors import StateTooLargeError
from universal_sync_core.values.compression import is_compressed
from universal_sync_core.values.pointer import parse

WIDE = {f"part-{number}": text_of(25 * KIB) for number in range(6)}
NAMED = {"a.b": 1, "[0]": 2, "": 3}
REVIEW = {"by": "Ada", "notes": "x" * 40_000, "n": {"deep": 5}}
STATE = {"approved": True, "review": REVIEW, **NAMED, **WIDE}


def kept(state: Any, *paths: str) -> dict[str, Any]:
    context = CONTEXT | {"keep_inline": list(paths)}
    bag = synced({}, {"current_state": state}, context)
    assert parse(bag["current_state"])
    assert hydrated(bag) == {"current_state": state}
    return bag


@pytest.mark.usefixtures("store")
def test_copies_have_one_order_in_every_process() -> None:
    letters = [*"hgfedcba"]
    paths = [f"{outer}.{inner}" for outer in letters for inner in letters]
    state = {outer: dict.fromkeys(letters, 1) for outer in letters}
    bag = kept(state | WIDE, *paths)
    pointer = parse(bag["current_state"])
    assert pointer
    assert [*pointer.beside] == sorted(letters)
    assert [[*copy] for copy in pointer.beside.values()] == [letters] * len(letters)


@pytest.mark.parametrize(
    ("paths", "readable"),
    [
        (["current_state.approved"], {"approved": True}),
        (["approved"], {"approved": True}),
        (["current_state.review.by"], {"review": {"by": "Ada"}}),
        (
            ["current_state.review.by", "current_state.review.n.deep", "current_state.approved"],
            {"approved": True, "review": {"by": "Ada", "n": {"deep": 5}}},
        ),
        (["current_state.review.n"], {"review": {"n": {"deep": 5}}}),
        (["current_state.none", "current_state.review.none", "current_state.approved.x"], {}),
        (["current_state.review.by.none", "current_state.review.n.none"], {}),
        (
            [f"current_state.review.n.{name}" for name in ("a", "b", "deep", "y", "z")],
            {"review": {"n": {"deep": 5}}},
        ),
        (["current_state.review.n", "current_state.review.n.deep"], {"review": {"n": {"deep": 5}}}),
        (["a.b", 'current_state.review["n.deep"]'], {}),
        (['["a.b"]', 'current_state["[0]"]', '[""]'], {"a.b": 1, "[0]": 2, "": 3}),
        ([], {}),
    ],
)
@pytest.mark.usefixtures("store")
def test_paths_are_copied_beside_the_pointer(paths: list[str], readable: dict[str, Any]) -> None:
    pointer = kept(STATE, *paths)["current_state"]
    own = {"__s3_offloaded", "__v", "__kind", "__s3_path", "__range", "__sha256"} | {
        "__size_bytes",
        "__count",
    }
    assert {name: value for name, value in pointer.items() if name not in own} == readable


@pytest.mark.usefixtures("store")
def test_a_field_of_current_state_that_goes_alone_keeps_its_own() -> None:
    state = {"review": {"by": "Ada", "notes": "x" * 40_000}, "small": 1}
    context = CONTEXT | {"keep_inline": ["current_state.review.by"]}
    bag = synced({}, {"current_state": state}, context)
    assert parse(bag["current_state"]["review"])
    assert bag["current_state"]["review"]["by"] == "Ada"
    assert hydrated(bag) == {"current_state": state}


def test_copies_follow_the_value_without_being_asked_for_again() -> None:
    store = CountingStore()
    with fresh(store):
        bag = kept(STATE, "current_state.approved", "current_state.review.by", '["a.b"]')
    with fresh(store):
        delta = {"current_state": {"approved": False, "review": {"by": "Grace"}}}
        bag = synced(bag, delta)
        assert bag["current_state"]["approved"] is False
        assert bag["current_state"]["review"] == {"by": "Grace"}
        assert bag["current_state"]["a.b"] == 1
        assert hydrated(bag)["current_state"]["approved"] is False
        assert hydrated(bag)["current_state"]["review"]["by"] == "Grace"


def test_copies_stay_through_steps_that_change_other_things() -> None:
    store = CountingStore()
    with fresh(store):
        bag = kept(STATE, "current_state.approved")
    with fresh(store):
        bag = synced(bag, {"other": 1})
        assert store.gets == []
        bag = synced(bag, {"current_state": {"part-0": "new"}})
    assert bag["current_state"]["approved"] is True


@pytest.mark.parametrize(
    ("first", "then"), [("review.by", "review.n.deep"), ("review.n.deep", "review.n.wide")]
)
@pytest.mark.usefixtures("store")
def test_another_step_may_read_more_of_a_value_of_which_a_part_is_copied(
    first: str, then: str
) -> None:
    review = {"by": "Ada", "notes": "x" * 40_000, "n": {"deep": 5, "wide": 6}}
    bag = kept(STATE | {"review": review}, f"current_state.{first}")
    context = CONTEXT | {"keep_inline": [f"current_state.{then}"]}
    for delta in ({}, {"current_state": {"approved": False}}):
        bag = synced(bag, delta, context)
        for path in (first, then):
            (copied,) = at(bag["current_state"], path)
            assert [copied] == list(at({"review": review}, path))
    assert hydrated(bag)["current_state"] == STATE | {"review": review, "approved": False}


@pytest.mark.parametrize("also", [[], ["review.notes"]])
@pytest.mark.usefixtures("store")
def test_a_compressed_value_makes_room_for_what_a_choice_reads_of_it(also: list[str]) -> None:
    state = {"review": STATE["review"], "other": {"notes": "y" * 40_000}}
    packing = CONTEXT | {"action": "update_and_compress"}
    bag = universal_sync_core({}, {"current_state": state}, packing)
    assert is_compressed(bag["current_state"]["review"])
    for action in ("sync", "update_and_compress"):
        context = packing | {"action": action, "keep_inline": ["review.by", "other.none", *also]}
        bag = universal_sync_core(bag, {"current_state": {"n": action}}, context)
        assert bag["current_state"]["review"]["by"] == "Ada"
        assert is_compressed(bag["current_state"]["other"])
        assert hydrated(bag)["current_state"] == state | {"n": action}


@pytest.mark.usefixtures("store")
def test_a_name_of_the_pointers_own_cannot_be_overwritten() -> None:
    state = {"__kind": "value", "__s3_path": "s3://evil/x", "__v": 9, **WIDE}
    pointer = kept(state, "__kind", "__s3_path", "__v")["current_state"]
    assert (pointer["__kind"], pointer["__v"]) == ("map", 1)
    assert pointer["__s3_path"].startswith("s3://state-bucket/")


@pytest.mark.usefixtures("store")
def test_copies_give_way_where_the_bag_would_pass_its_bound() -> None:
    bag = kept(STATE | WIDE, *[f"current_state.{name}" for name in WIDE])
    assert hydrated(bag)["current_state"] == STATE
    assert bag["current_state"].keys().isdisjoint(WIDE)


@pytest.mark.usefixtures("store")
def test_copies_never_make_a_bag_fail() -> None:
    bag = {"status": "x" * 140 * KIB, "current_state": STATE}
    context = CONTEXT | {"keep_inline": [f"current_state.{name}" for name in WIDE]}
    after = optimize_and_offload(bag, context)
    assert after["status"] == bag["status"]
    with pytest.raises(StateTooLargeError):
        optimize_and_offload(bag | {"segment_id": "x" * 20 * KIB}, context)


@pytest.mark.usefixtures("store")
def test_the_copy_of_a_large_value_inside_is_whole() -> None:
    state = {"list": [{"text": "y" * 20_000}], **WIDE}
    pointer = kept(state, "current_state.list")["current_state"]
    assert pointer["list"] == [{"text": "y" * 20_000}]


@pytest.mark.usefixtures("store")
def test_an_object_that_was_copied_in_part_is_copied_whole_when_it_is_named() -> None:
    bag = kept(STATE | {"flags": {"a": 1, "b": {"c": 2, "d": 3}}}, "flags.a", "flags.b.c")
    assert bag["current_state"]["flags"] == {"a": 1, "b": {"c": 2}}
    bag = synced(bag, {"other": 1}, CONTEXT | {"keep_inline": ["flags"]})
    assert bag["current_state"]["flags"] == {"a": 1, "b": {"c": 2, "d": 3}}


def test_what_is_no_object_is_not_read_for_copies_of_its_keys() -> None:
    store = CountingStore()
    with fresh(store):
        parts = {"text": "y" * 20_000, "rows": ["y" * 20_000]}
        apart = {name: store_to_s3(part, CONTEXT) for name, part in parts.items()}
        bag = synced({}, {"current_state": {"found": store_to_s3(apart, CONTEXT)}})
    store.reset()
    with fresh(store):
        synced(bag, {"other": 1}, CONTEXT | {"keep_inline": ["found.text.a", "found.rows.a"]})
    assert len(store.gets) == 1


@pytest.mark.usefixtures("store")
def test_inline_state_needs_no_copies() -> None:
    context = CONTEXT | {"keep_inline": ["current_state.approved"]}
    bag = synced({}, {"current_state": {"approved": True}}, context)
    assert bag["current_state"] == {"approved": True}
