import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statebag.account.places import Place
from statebag.paths import render_path
from statebag.state import differences, equality
from statebag.state.differences import Comparison
from statebag.state.reading import StateReader
from tests.core.oracle import without_bookkeeping
from tests.core.places import lines_of
from tests.core.turns import TurnsStore
from tests.statebag.cloud import BUCKET, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.states import CONTEXT, RUN, catalog_bag, decoded, snapshot_of
from universal_sync_core import hydrate_state, store_to_s3, universal_sync_core
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.codec import canonical
from universal_sync_core.values.compression import compress

MIB = 1024 * 1024


def changed_paths(out: str) -> list[str]:
    return [change["path"] for change in decoded(out)]


def test_diff_of_two_snapshots(run: Run, golden: Callable[[str], None]) -> None:
    bag, old = snapshot_of(catalog_bag())
    delta = {
        "current_state": {
            "title": "The API catalog",
            "owner": {"api_key": "def-456"},
            "report": {"pages": 12, "sections": [1, 2]},
        },
        "state_history": [{"timestamp": 500, "segment_id": 9}],
        "status": "COMPLETE",
    }
    _, new = snapshot_of(universal_sync_core(bag, delta, CONTEXT), "post")

    golden(run("diff", old, new).out)


def test_equal_states_exit_with_0(run: Run, cloud: FakeCloud) -> None:
    _, path = snapshot_of(catalog_bag())
    cloud.store.reset()

    ran = run("diff", path, path)

    assert (ran.code, ran.out) == (0, "")
    assert len(cloud.store.gets) == 2  # the two snapshots themselves


def test_different_states_exit_with_1(run: Run, cloud: FakeCloud) -> None:
    for name, title in (("run-1", "old"), ("run-2", "new")):
        state = {"execution_id": "x", "current_state": {"title": title}}
        cloud.states.add(name, output={"state_data": state})

    ran = run("diff", arn_of("run-1"), arn_of("run-2"), "--json")

    assert ran.code == 1
    assert decoded(ran.out) == [
        {"path": "current_state.title", "change": "changed", "old": "old", "new": "new"}
    ]


def test_secret_that_changed_is_not_shown(run: Run) -> None:
    old = {"execution_id": "x", "password": "one"}
    (file_free, piped) = (json.dumps(old), json.dumps(old | {"password": "two"}))
    _, path = snapshot_of(universal_sync_core(None, json.loads(file_free) | {"execution_id": RUN}))

    ran = run("diff", path, "-", "--path", "password", "--json", stdin=piped)

    assert decoded(ran.out) == [
        {"path": "password", "change": "changed", "old": "***", "new": "***"}
    ]


@pytest.mark.parametrize("options", [(), ("--json",)], ids=str)
def test_compressed_value_is_shown_as_what_it_is(run: Run, options: tuple[str, ...]) -> None:
    old = json.dumps({"execution_id": RUN, "steps": compress({"password": "one", "n": "x" * 99})})
    _, path = snapshot_of(universal_sync_core(None, {"execution_id": RUN}))

    shown = run("diff", path, "-", *options, stdin=old).out

    assert '"password":"***"' in shown if options else "map of 2" in shown
    assert "gzip" not in shown


@pytest.mark.parametrize("options", [(), ("--json",)], ids=str)
def test_key_that_looks_secret_is_not_shown(run: Run, options: tuple[str, ...]) -> None:
    key = "AKIAIOSFODNN7EXAMPLE"
    _, path = snapshot_of(universal_sync_core(None, {"execution_id": RUN}))
    added = json.dumps({"execution_id": RUN, "keys": {key: 1}, f"{key}.x": "x" * 2_000})

    shown = run("diff", path, "-", *options, stdin=added).out

    assert "***" in shown
    assert key not in shown


def test_one_leaf_of_a_state_of_20_mb_is_found_by_reading_less_than_1_mb(
    run: Run, cloud: FakeCloud
) -> None:
    chance = random.Random(6)  # noqa: S311 - no secret
    services = {
        f"service-{number:05}": {"name": number, "text": chance.randbytes(500).hex()}
        for number in range(20_000)
    }
    state = {"execution_id": RUN, "current_state": {"services": services}}
    bag, old = snapshot_of(universal_sync_core(None, state, CONTEXT))
    delta = {"current_state": {"services": {"service-12345": {"name": "another"}}}}
    _, new = snapshot_of(universal_sync_core(bag, delta, CONTEXT))
    stored = cloud.memory.objects.values()
    assert sum(len(lines_of(each.body)) for each in stored) > 20 * MIB
    cloud.store.reset()

    ran = run("diff", old, new, "--json")

    assert changed_paths(ran.out) == [
        "current_state.services.service-12345.name",
        "pre_snapshot_s3_path",
    ]
    assert cloud.bytes_read < MIB
    assert len(cloud.store.gets) < 15


def test_entries_that_moved_to_the_archive_are_no_difference(run: Run) -> None:
    context = CONTEXT
    entries = [{"timestamp": number} for number in range(50)]
    bag = universal_sync_core(None, {"execution_id": RUN, "state_history": entries}, context)
    more = universal_sync_core(bag, {"state_history": [{"timestamp": 99}]}, context)
    assert "state_history_archive" in more

    ran = run(
        "diff", snapshot_of(bag)[1], snapshot_of(more)[1], "--path", "state_history", "--json"
    )

    assert changed_paths(ran.out) == ["state_history[50]"]


def test_element_that_is_put_in_between_is_one_difference(run: Run, cloud: FakeCloud) -> None:
    for name, items in (("run-1", [1, 2, 3]), ("run-2", [1, 9, 2, 3])):
        cloud.states.add(name, output={"state_data": {"execution_id": "x", "items": items}})

    ran = run("diff", arn_of("run-1"), arn_of("run-2"), "--json")

    assert decoded(ran.out) == [{"path": "items[1]", "change": "added", "new": 9}]


def test_value_that_went_to_s3_unchanged_is_no_difference(run: Run) -> None:
    text = {"execution_id": RUN, "text": "x" * 10_000}
    inline = universal_sync_core(None, text, CONTEXT)
    with runtime.use(
        settings=Settings(bucket=BUCKET, field_offload_bytes=1024),
        store=runtime.current().store,
    ):
        offloaded = universal_sync_core(None, text, CONTEXT)
    assert isinstance(offloaded["text"], dict)

    ran = run("diff", snapshot_of(inline)[1], snapshot_of(offloaded)[1], "--path", "text")

    assert ran.code == 0


json_leaves = st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=30)
json_values = st.recursive(
    json_leaves,
    lambda inner: (
        st.lists(inner, max_size=12)
        | st.dictionaries(st.text("abc", max_size=3), inner, max_size=8)
    ),
    max_leaves=60,
)
states = st.dictionaries(st.sampled_from(["a", "b", "c", "items"]), json_values, max_size=4)


def flat(value: Any, steps: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Any]:
    """Return the leaves of a value, empty lists and maps among them, by their paths."""
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    found: dict[tuple[Any, ...], Any] = {}
    for step, item in members:
        found |= flat(item, (*steps, step))
    return found or {steps: json.dumps(value)}


@settings(max_examples=60, deadline=None)
@given(old=states, new=states, history=st.integers(0, 30))
def test_diff_finds_a_difference_exactly_where_there_is_one(
    old: dict[str, Any], new: dict[str, Any], history: int
) -> None:
    store = MemoryStore()
    small = Settings(
        bucket=BUCKET,
        field_offload_bytes=40,
        state_offload_bytes=120,
        page_bytes=64,
        index_bytes=64,
        history_max_entries=4,
    )
    bags = []
    with runtime.use(settings=small, store=store):
        for current, length in ((old, history), (new, 10)):
            entries = [{"timestamp": number} for number in range(length)]
            first = {"execution_id": RUN, "current_state": current, "state_history": entries}
            bags.append(universal_sync_core(None, first, CONTEXT))
        plain = [without_bookkeeping(hydrate_state(bag)) for bag in bags]
    readers = [StateReader(store, Place(BUCKET), RUN) for _ in bags]

    changes = list(Comparison(*readers).bags(*bags))

    assert bool(changes) == (
        json.dumps(plain[0], sort_keys=True) != json.dumps(plain[1], sort_keys=True)
    )
    leaves = [flat(value) for value in plain]
    for change in changes:
        under = [
            {path: leaf for path, leaf in each.items() if path[: len(change.steps)] == change.steps}
            for each in leaves
        ]
        aligned = any(isinstance(step, int) for step in change.steps)
        assert under[0] != under[1] or aligned, render_path(change.steps)


@pytest.mark.parametrize("kind", ["map", "list"])
def test_values_that_changed_are_read_side_by_side(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TurnsStore(monkeypatch)
    bags = []
    with runtime.use(settings=Settings(bucket=BUCKET), store=store):
        for text in "ab":
            parts = [store_to_s3({"n": n, "text": text * 999}, CONTEXT) for n in range(20)]
            found = parts if kind == "list" else {f"k{n}": part for n, part in enumerate(parts)}
            bags.append({"execution_id": RUN, "current_state": found})
    readers = [StateReader(store, Place(BUCKET), RUN) for _ in bags]
    store.turns = 0
    assert len(list(Comparison(*readers).bags(*bags))) == 20
    assert store.turns == 2


@pytest.mark.parametrize("option", ["--profile", "--region"])
def test_connection_options_stand_after_the_command(run: Run, option: str) -> None:
    assert run("diff", "-", "missing.json", option, "x", stdin="{}").code == 3


def compared(old: Any, new: Any) -> list[tuple[str, str]]:
    reader = StateReader(MemoryStore(), None, None)
    changes = Comparison(reader, reader).values(old, new, ("k",))
    return [(render_path(change.steps), change.kind) for change in changes]


def nested(value: Any, levels: int) -> Any:
    for _ in range(levels):
        value = {"a": value}
    return value


def test_lists_that_share_one_element_many_times_are_compared_by_position() -> None:
    """Aligning two such lists takes the cube of their length."""
    old = [element for n in range(200) for element in (0, f"u{n}")]
    new = ["x", "y", *[element for n in range(198) for element in (0, f"v{n}")]]
    changes = compared(old, new)
    assert changes[:2] == [("k[0]", "changed"), ("k[1]", "changed")]
    assert changes[-2:] == [("k[398]", "removed"), ("k[399]", "removed")]


@pytest.mark.parametrize(
    ("new", "changes"),
    [
        ([-1, *range(3_000)], [("k[0]", "added")]),
        ([*range(1, 3_001)], [("k[0]", "removed"), ("k[2999]", "added")]),
        ([*range(1_000), *range(1_001, 3_000)], [("k[1000]", "removed")]),
        ([1, *range(1, 3_000)], [("k[0]", "changed")]),
        ([2_999, *range(1, 2_999), 0], [("k[0]", "changed"), ("k[2999]", "changed")]),
        ([*range(5), *range(6, 3_000), 5], [("k[5]", "removed"), ("k[2999]", "added")]),
    ],
    ids=["one before", "moved on", "one less", "one twice", "ends swapped", "one moved"],
)
def test_long_lists_are_aligned_by_what_is_once_in_each(
    new: list[int], changes: list[tuple[str, str]]
) -> None:
    assert compared([*range(3_000)], new) == changes


def test_one_element_less_among_many_equal_ones_is_one_change() -> None:
    old = ["ok", *[element for n in range(400) for element in ("ok", n)]]
    assert compared(old, [*old[:7], *old[8:]]) == [("k[7]", "removed")]


@pytest.mark.parametrize("levels", [3, 900])
def test_a_value_far_down_is_not_encoded_for_each_level_above_it(
    levels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []

    def counted(value: Any) -> bytes:
        encoded.append(len(body := canonical(value)))
        return body

    for module in (differences, equality):
        monkeypatch.setattr(module, "canonical", counted)
    old, new = [{"n": n} for n in range(2_000)], [{"n": n} for n in range(1_999)]

    (change,) = compared(nested(old, levels), nested(new, levels))

    assert change == (f"k{'.a' * levels}[1999]", "removed")
    assert sum(encoded) < 30 * len(canonical(old))
