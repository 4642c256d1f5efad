"""update_and_compress: values that then fit stay in the bag, and cost no S3."""

import os
from typing import Any

import pytest

from tests.core.bags import CONTEXT, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from universal_sync_core import decompress, hydrate_state
from universal_sync_core.compress import is_packed
from universal_sync_core.pointer import parse

PACKING = CONTEXT | {"action": "update_and_compress"}
DOCUMENT = {"words": ["the same words again"] * 5_000}


def test_a_large_value_that_packs_well_stays_in_the_bag(store: CountingStore) -> None:
    bag = synced({}, {"report": DOCUMENT, "current_state": {"in": DOCUMENT}}, PACKING)
    assert is_packed(bag["report"])
    assert is_packed(bag["current_state"]["in"])
    assert store.requests == 0
    assert hydrated(bag) == {"report": DOCUMENT, "current_state": {"in": DOCUMENT}}
    assert decompress(bag["report"]) == DOCUMENT


def test_without_that_action_nothing_is_packed(store: CountingStore) -> None:
    bag = synced({}, {"report": DOCUMENT})
    assert parse(bag["report"])
    assert store.puts


def test_what_does_not_pack_goes_to_s3(store: CountingStore) -> None:
    noise = os.urandom(60_000).hex()
    bag = synced({}, {"report": noise}, PACKING)
    assert parse(bag["report"])
    assert store.puts
    assert hydrated(bag) == {"report": noise}


@pytest.mark.parametrize(
    ("delta", "merged"),
    [
        ({"report": {"n": 1}}, {"report": {"n": 1}, "current_state": {"doc": DOCUMENT}}),
        (
            {"current_state": {"doc": {"more": 1}}},
            {"report": DOCUMENT, "current_state": {"doc": DOCUMENT | {"more": 1}}},
        ),
        ({"report": DOCUMENT}, {"report": DOCUMENT, "current_state": {"doc": DOCUMENT}}),
    ],
)
@pytest.mark.parametrize("action", ["sync", "update_and_compress"])
@pytest.mark.usefixtures("store")
def test_merging_into_a_packed_value_gives_what_merging_inline_gives(
    delta: dict[str, Any], merged: dict[str, Any], action: str
) -> None:
    bag = synced({}, {"report": DOCUMENT, "current_state": {"doc": DOCUMENT}}, PACKING)
    bag = synced(bag, delta, CONTEXT | {"action": action})
    assert hydrated(bag) == merged


@pytest.mark.usefixtures("store")
def test_a_packed_value_is_not_packed_again() -> None:
    bag = synced({}, {"report": DOCUMENT}, PACKING)
    again = synced(bag, {"n": 1}, PACKING)
    assert again["report"] is bag["report"]


@pytest.mark.usefixtures("store")
def test_packed_values_leave_when_the_bag_is_full() -> None:
    fields = {f"field-{number}": os.urandom(18_000).hex() for number in range(8)}
    bag = synced({}, fields, PACKING)
    assert hydrated(bag) == fields
    assert any(parse(value) for value in bag.values())
    bag = synced(bag, {"more": "x" * 29_000}, CONTEXT)
    assert hydrated(bag) == fields | {"more": "x" * 29_000}


@pytest.mark.usefixtures("store")
def test_a_path_into_a_packed_value_is_hydrated() -> None:
    bag = synced({}, {"report": DOCUMENT}, PACKING)
    part = hydrate_state(bag, ["report.words[3]"], CONTEXT)
    assert part["report"]["words"][3] == "the same words again"


def test_packing_needs_no_bucket() -> None:
    with fresh(CountingStore(), bucket=None):
        bag = synced({}, {"report": DOCUMENT}, PACKING)
    assert is_packed(bag["report"])
