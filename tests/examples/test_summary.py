from io import StringIO

from rich.console import Console

from examples.api_catalog.summary import (
    BAG_LIMIT_BYTES,
    KINDS,
    STATE_LIMIT_BYTES,
    Check,
    Storage,
    Summary,
    check_bag,
    check_kinds,
    check_payload,
    show,
    visits_by_kind,
)
from local.visits import StateVisit

AROUND_BAG = len('{"state_data":}')


def visit(state: str, *, input_bytes: int = 100, output_bytes: int = 100) -> StateVisit:
    return StateVisit(
        state=state,
        kind="Task",
        execution_arn="arn",
        input_bytes=input_bytes,
        output_bytes=output_bytes,
    )


def visits_to_all() -> list[StateVisit]:
    return [visit(state) for states in KINDS.values() for state in states]


def test_visits_are_counted_by_kind() -> None:
    visits = [*visits_to_all(), visit("RunSegment", input_bytes=7), visit("SyncSegment")]

    segment = next(kind for kind in visits_by_kind(visits) if kind.name == "segment")

    assert (segment.visits, segment.missing) == (4, ())


def test_largest_payload_is_that_of_any_input_or_output() -> None:
    visits = [visit("RunSegment", output_bytes=500), visit("SyncSegment", input_bytes=400)]

    segment = next(kind for kind in visits_by_kind(visits) if kind.name == "segment")

    assert segment.largest_bytes == 500


def test_every_kind_of_state_has_to_be_visited() -> None:
    assert check_kinds(visits_by_kind(visits_to_all())).holds


def test_missing_state_is_named() -> None:
    visits = [visit for visit in visits_to_all() if visit.state != "MergeAsync"]

    check = check_kinds(visits_by_kind(visits))

    assert not check.holds
    assert "MergeAsync" in check.detail


def test_payload_over_the_limit_fails() -> None:
    at_limit = [*visits_to_all(), visit("RunSegment", output_bytes=STATE_LIMIT_BYTES)]
    over_limit = [*visits_to_all(), visit("RunSegment", output_bytes=STATE_LIMIT_BYTES + 1)]

    assert check_payload(visits_by_kind(at_limit)).holds
    assert not check_payload(visits_by_kind(over_limit)).holds


def test_bag_is_measured_without_what_is_round_it() -> None:
    bound = BAG_LIMIT_BYTES + AROUND_BAG

    assert check_bag([visit("RouteNextAction", input_bytes=bound)]).holds
    assert not check_bag([visit("RouteBranch", input_bytes=bound + 1)]).holds


def test_bag_that_was_never_seen_is_no_bag_within_the_bound() -> None:
    assert not check_bag([visit("RunSegment")]).holds


def test_summary_holds_only_if_every_check_does() -> None:
    good = Check(claim="this", holds=True, detail="1")
    bad = Check(claim="that", holds=False, detail="2")

    assert summary(good).holds
    assert not summary(good, bad).holds


def test_page_shows_kinds_storage_and_checks() -> None:
    console = Console(record=True, width=100, file=StringIO())

    show(summary(Check(claim="the proof", holds=False, detail="differs in [/report]")), console)

    page = console.export_text()
    assert "human approval" in page
    assert "3 objects of 1,000 bytes; 40 requests" in page
    assert "FAILS  the proof: differs in [/report]" in page


def summary(*checks: Check) -> Summary:
    return Summary(
        kinds=visits_by_kind(visits_to_all()),
        executions=2,
        storage=Storage(objects=3, object_bytes=1_000, requests=40),
        checks=checks,
    )
