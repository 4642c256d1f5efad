"""What version 1 stored is read, by this version and by the documented format alone."""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.golden.__main__ import BUCKET, CONTEXT, EXECUTION, MAKERS, SMALL, golden
from tests.simulation.reader import Reader
from universal_sync_core import (
    hydrate_state,
    load_from_s3,
    open_bag,
    restore_snapshot,
    universal_sync_core,
)
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location

FILES = sorted((Path(__file__).parent / "v1").glob("*.json"))


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def kept(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """A golden file, with its packs in the store that is in use."""
    found: dict[str, Any] = json.loads(request.param.read_text(encoding="utf-8"))
    store = MemoryStore()
    for path, body in found["packs"].items():
        store.put(Location.parse(path), base64.b64decode(body))
    with runtime.use(settings=Settings(bucket=BUCKET), store=store):
        yield found


def test_there_is_a_file_of_every_form() -> None:
    assert [path.stem for path in FILES] == sorted(MAKERS)


def test_a_bag_stands_for_what_it_did(kept: dict[str, Any]) -> None:
    assert hydrate_state(kept["bag"], context=CONTEXT) == kept["stands_for"]


def test_it_does_by_the_documented_format_alone(kept: dict[str, Any]) -> None:
    packs = {path: base64.b64decode(body) for path, body in kept["packs"].items()}

    def fetch(path: str) -> tuple[bytes, None] | None:
        return (packs[path], None) if path in packs else None

    reader = Reader(fetch, f"{BUCKET}/", EXECUTION, Counter())
    assert reader.bag(kept["bag"]) == kept["stands_for"]


def test_a_worker_reads_it(kept: dict[str, Any]) -> None:
    state = open_bag(kept["bag"], context=CONTEXT)
    for name, value in kept["stands_for"].items():
        assert state.read(name) == value


def test_it_goes_on_from_there(kept: dict[str, Any]) -> None:
    with runtime.use(settings=SMALL, store=runtime.current().store):
        after = universal_sync_core(kept["bag"], {"current_state": {"new": ["n" * 900]}}, CONTEXT)
        found = hydrate_state(after, context=CONTEXT)
    assert found["current_state"]["new"] == ["n" * 900]
    unchanged = kept["stands_for"].keys() - {"current_state", "payload_size_kb", "next_action"}
    unchanged -= {"last_update_time", "state_revision"}
    assert {name: found[name] for name in unchanged} == {
        name: kept["stands_for"][name] for name in unchanged
    }


def test_paths_of_packs_are_read(kept: dict[str, Any]) -> None:
    bag = kept["bag"]
    if "post_snapshot_s3_path" in bag:
        restored = restore_snapshot(bag["post_snapshot_s3_path"], CONTEXT)
        assert (
            hydrate_state(restored, context=CONTEXT)["current_state"]
            == (kept["stands_for"]["current_state"])
        )
    for name in ("record", "ended"):
        if name in bag:
            mark = {"record": "failure_record", "ended": "branch_id"}[name]
            assert mark in load_from_s3(bag[name])


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_stored_today_has_the_same_forms(name: str) -> None:
    made = golden(MAKERS[name])
    path = next(each for each in FILES if each.stem == name)
    before = json.loads(path.read_text(encoding="utf-8"))
    apart = ("last_update_time", "payload_size_kb", "aggregation_timestamp")
    for found in (made, before):
        found["stands_for"] = {k: v for k, v in found["stands_for"].items() if k not in apart}
    if name in ("snapshot", "failure", "branch"):  # their paths have the time in their digest
        assert made["stands_for"].keys() == before["stands_for"].keys()
    else:
        assert made["stands_for"] == before["stands_for"]
    assert made["bag"].keys() == before["bag"].keys()
