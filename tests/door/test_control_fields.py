"""What a sender may say of the fields that the state machine reads and counts."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, OTHER_EXECUTION, fresh
from tests.core.fakes import CountingStore
from tests.door.ways import WAYS, Bag, first, synced_by
from universal_sync_core import (
    Status,
    first_bag,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.errors import InvalidRequestError

pytestmark = pytest.mark.usefixtures("store")


COUNTS = (
    "loop_counter",
    "loop_limit",
    "segment_to_run",
    "next_segment_to_run",
    "total_segments",
    "execution_segments",
    "segments_per_execution",
    "state_revision",
    "tolerated_branch_failures",
)


NO_COUNTS: tuple[Any, ...] = (
    "3",
    "",
    None,
    True,
    False,
    -1,
    10**30,
    2.5,
    1e300,
    [],
    [3],
    {},
    {"n": 3},
)


NO_STRATEGIES: tuple[Any, ...] = ("newest", "LATEST", "", None, 5, [], {"strategy": "last"})


NO_STATUSES: tuple[Any, ...] = (
    "something",
    "",
    "complete",
    None,
    5,
    True,
    [],
    ["FAILED"],
    {"status": "FAILED"},
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("field", COUNTS)
def test_what_is_no_count_is_refused_by_name(way: str, field: str) -> None:
    send, place = WAYS[way]
    bag = first()
    for value in NO_COUNTS:
        with pytest.raises(InvalidRequestError, match=f"{place}.{field} must be a whole") as caught:
            send(bag, {field: value})
        assert caught.value.field == f"{place}.{field}"


@pytest.mark.parametrize("wrong", [[1], [], "x", "", 5, 0, True])
def test_an_input_is_an_object(wrong: Any) -> None:
    with pytest.raises(InvalidRequestError, match="input must be a JSON object"):
        first_bag(wrong, CONTEXT)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_conflict_strategy_is_refused_with_the_known_ones(way: str) -> None:
    send, place = WAYS[way]
    for value in NO_STRATEGIES:
        with pytest.raises(InvalidRequestError, match="latest, first, last, collect") as caught:
            send(first(), {"branch_conflict_strategy": value})
        assert caught.value.field == f"{place}.branch_conflict_strategy"
    with pytest.raises(InvalidRequestError, match="did you mean latest"):
        send(first(), {"branch_conflict_strategy": "Latest"})


@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_status_is_refused_with_the_known_ones(way: str) -> None:
    send, place = WAYS[way]
    bag = first()
    for value in NO_STATUSES:
        with pytest.raises(InvalidRequestError, match="CONTINUE, SKIPPED, COMPLETE") as caught:
            send(bag, {"status": value})
        assert caught.value.field == f"{place}.status"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("complete", "COMPLETE"),
        ("Completed", "COMPLETE"),
        ("DONE", "COMPLETE"),
        ("failed", "FAILED"),
        ("TIMED_OUT", "FAILED"),
        ("success", "SUCCEEDED"),
        ("paused for hitp", "PAUSED_FOR_HITP"),
        ("DISTRIBUTEDMAP", "DISTRIBUTED_MAP"),
        ("running", "CONTINUE"),
    ],
)
def test_the_status_probably_meant_is_named(given: str, meant: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"did you mean {meant}\\?"):
        synced_by("sync")(first(), {"status": given})


def test_a_message_has_no_value_in_it() -> None:
    for field in ("status", "next_action", "last_update_time", "payload_size_kb", "loop_limit"):
        for value in ("card 4111", ["card 4111"], {"card 4111": 1}):
            if (field, type(value)) == ("last_update_time", str):
                continue
            with pytest.raises(InvalidRequestError) as caught:
                synced_by("sync")(first(), {field: value})
            assert "4111" not in str(caught.value)


@pytest.mark.parametrize("status", Status)
def test_every_status_is_taken_as_its_text(status: Status) -> None:
    asked = {"pending_branches": ["a"], "distributed_items": [1], "wait_seconds": 5}
    bag = synced_by("sync")(first(), {"status": status, **asked})
    assert type(bag["status"]) is str
    assert bag["status"] == status.value


@pytest.mark.parametrize("field", COUNTS)
def test_a_count_without_a_fraction_is_whole(field: str) -> None:
    bag = universal_sync_core({}, {field: 3.0})
    expected = {"state_revision": 1}.get(field, 3)
    assert (type(bag[field]), bag[field]) == (int, expected)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("next_action", "go"),
        ("next_action", None),
        ("payload_size_kb", "5"),
        ("payload_size_kb", 10**400),
        ("payload_size_kb", -1),
        ("payload_size_kb", True),
        ("last_update_time", 5),
        ("last_update_time", {}),
    ],
)
def test_bookkeeping_of_another_type_is_refused(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        synced_by("sync")(first(), {field: value})
    assert caught.value.field == f"execution_result.{field}"


@pytest.mark.parametrize("kind", ["list", "map", "large value"])
def test_a_control_field_that_points_to_something_else_is_refused(kind: str) -> None:
    value = {"list": [1, 2], "map": {"a": 1}, "large value": "x" * 100}[kind]
    pointer = store_to_s3(value, CONTEXT)
    for field in ("status", "loop_limit"):
        with pytest.raises(InvalidRequestError) as caught:
            synced_by("sync")(first(), {field: pointer})
        assert caught.value.field == f"execution_result.{field}"


def test_a_pointer_to_a_control_field_is_followed() -> None:
    result = {
        name: store_to_s3(value, CONTEXT)
        for name, value in {"status": "PAUSE", "total_segments": 4.0}.items()
    }
    bag = synced_by("sync")(first(), result)
    assert (bag["status"], bag["next_action"]) == ("PAUSE", "PAUSED_FOR_HITP")
    assert bag["total_segments"] == 4


@pytest.mark.parametrize("field", ["loop_counter", "loop_limit", "segment_to_run"])
def test_an_input_sets_counts(field: str) -> None:
    assert first_bag({field: 3.0}, CONTEXT)[field] == 3


@pytest.mark.parametrize("field", COUNTS)
def test_an_input_is_checked_too(field: str) -> None:
    for value in NO_COUNTS:
        with pytest.raises(InvalidRequestError) as caught:
            first_bag({field: value}, CONTEXT)
        assert caught.value.field == f"input.{field}"


def spill_with(**fields: Any) -> Bag:
    """Return a forged overflow: an object of the execution's own that holds such fields."""
    padded = fields | {f"k{number}": "p" * 1_000 for number in range(40)}
    pointer = store_to_s3(padded, CONTEXT)
    return {"state_s3_path": pointer | {"of_field": "state_s3_path"}}


@pytest.mark.parametrize("way", sorted(WAYS.keys() - {"a result in S3"}))
@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"execution_id": OTHER_EXECUTION}, "execution_id"),
        ({"execution_id": None}, "execution_id"),
        ({"loop_limit": "x"}, "loop_limit"),
        ({"status": "DONE"}, "status"),
    ],
)
def test_fields_behind_a_spill_are_checked_as_well(way: str, fields: Bag, refused: str) -> None:
    send, _ = WAYS[way]
    with pytest.raises(InvalidRequestError) as caught:
        send(first(), spill_with(**fields))
    assert (caught.value.field or "").endswith(refused)


def test_an_input_behind_a_spill_is_checked_as_well() -> None:
    for fields in ({"status": "COMPLETE"}, {"execution_id": None}, {"loop_limit": "x"}):
        with pytest.raises(InvalidRequestError):
            first_bag(spill_with(**fields), CONTEXT)


def test_the_context_of_a_bag_is_of_its_execution() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        universal_sync_core(first(), {}, {"execution_id": OTHER_EXECUTION})
    assert caught.value.field == "execution_id"


@pytest.mark.parametrize("value", ["cut \ud83d", "", 5, ["x"]])
def test_an_execution_id_that_names_no_place_is_refused(value: Any) -> None:
    with fresh(CountingStore()), pytest.raises(InvalidRequestError) as caught:
        universal_sync_core({"execution_id": value}, {"text": "x" * 40_000})
    assert caught.value.field == "execution_id"
