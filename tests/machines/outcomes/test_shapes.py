"""Machines in public shapes, end to end: assessed, adopted, and run before and after."""

import copy
import json
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from local.cloud import LocalCloud
from local.executions import Execution
from local.outcomes.outcome import OutcomesDifferError
from local.outcomes.same_outcome import SameOutcome
from tests.machines.outcomes import shapes, stores
from tests.machines.outcomes.case import Case, answer, naive, tightened
from tests.statebag.conftest import Ran, Run

# With data of any size the adopted machine does what the first would do without a limit.
ANY_SIZE: Final = {
    "a saga with compensations": shapes.SAGA,
    "a list, a map over it, a sum": shapes.LIST_MAP_LAMBDA,
    "three branches, each with a selector": shapes.PARALLEL,
    "results written below each other": shapes.IDEMPOTENT,
    "a chain in JSONata with one fallback": shapes.JSONATA,
}
# A service reads in place what has no bound: small data is as before, and adopt names the service.
NAMED: Final = {
    "quotes into a table": (stores.QUOTES, "Keep", "Quote"),
    "an event store": (stores.EVENT_STORE, "Store", "received"),
    "a page that is mailed": (shapes.BLOG, "Tell", "Build"),
    "a report that is put on a bus": (stores.REPORT, "Send sales", "Ask sales"),
}
SMALL: Final = {
    **ANY_SIZE,
    **{name: case for name, (case, _, _) in NAMED.items()},
    "a loop that takes from a list": stores.LOOP,
    "an order of 105 KB": stores.ORDER,
}
LARGE_REPORT: Final = 362 * 1024


def run_command(run: Run, folder: Path, command: str, case: Case, *options: str) -> Ran:
    file = folder / "machine.asl.json"
    file.write_text(json.dumps(case.definition, indent=2))
    decorated = (word for name in case.decorated for word in ("--decorated", name))
    return run(command, str(file), "--items", str(case.items), *decorated, *options)


def usual(case: Case) -> Any:
    """Return what `adopt` makes for usual inputs, where every offload leaves little."""
    adopted = json.loads(case.adoption(input_bytes=32_768).text)
    return tightened(adopted, case.tight)


@pytest.mark.slow
@pytest.mark.parametrize("case", SMALL.values(), ids=SMALL)
def test_small_data_goes_through_as_before(compare: SameOutcome, case: Case) -> None:
    after = usual(case)

    seen = compare(
        case.definition, after, case.input, case.mocks, decorated=case.decorated, inflate=False
    )

    assert seen.before.status == "SUCCEEDED"


@pytest.mark.slow
@pytest.mark.parametrize("case", ANY_SIZE.values(), ids=ANY_SIZE)
def test_large_data_goes_through_where_it_did_not(compare: SameOutcome, case: Case) -> None:
    seen = compare(
        case.definition, case.adopted(), case.input, case.mocks, decorated=case.decorated
    )

    assert seen.after_grown is not None
    assert seen.after_grown.status == "SUCCEEDED"


@pytest.mark.parametrize(("case", "reader", "handler"), NAMED.values(), ids=NAMED)
def test_service_that_reads_what_has_no_bound_is_named_with_a_way_out(
    run: Run, tmp_path: Path, case: Case, reader: str, handler: str
) -> None:
    for command in ("adopt", "assess"):
        ran = run_command(run, tmp_path, command, case, "--input-bytes", "32768")
        said = [line for line in (ran.out + ran.err).splitlines() if f'"{reader}"' in line]
        assert any("in place" in line and handler in line for line in said), command
        assert any("@large_payloads" in line for line in said), command


@pytest.mark.slow
@pytest.mark.parametrize(("case", "reader", "handler"), NAMED.values(), ids=NAMED)
def test_no_pointer_reaches_a_service_however_large_the_data(
    local: LocalCloud, compare: SameOutcome, case: Case, reader: str, handler: str
) -> None:
    large = dict.fromkeys(("body", "quote", "Updated"), "l" * LARGE_REPORT)
    mocks = {**case.mocks, handler: answer({**stores.PRODUCT, "status": 200, **large})}
    known = len(local.mocked_calls)

    with pytest.raises(OutcomesDifferError, match=r"first:  \('FAILED', 'States.DataLimit"):
        compare(
            case.definition, usual(case), case.input, mocks, decorated=case.decorated, inflate=False
        )

    calls = local.mocked_calls[known:]
    assert handler in {call.state for call in calls}
    assert "__s3_offloaded" not in json.dumps([c.given for c in calls if c.state == reader])


@pytest.mark.slow
def test_report_that_is_too_large_for_the_bus_fails_by_a_name_that_can_be_caught(
    compare: SameOutcome,
) -> None:
    case = stores.REPORT
    mocks = {**case.mocks, "Ask sales": answer({"status": 200, "body": "l" * LARGE_REPORT})}

    with pytest.raises(OutcomesDifferError, match=r"second: \('FAILED', 'StateTooLargeError'\)"):
        compare(
            case.definition, usual(case), case.input, mocks, decorated=case.decorated, inflate=False
        )


BROKEN_BY_NAIVE: Final = ("quotes into a table", "an event store", "a page that is mailed")
BROKEN: Final = {
    **{name: SMALL[name] for name in BROKEN_BY_NAIVE},
    "results written below each other": shapes.IDEMPOTENT,
    "a loop that takes from a list": stores.LOOP,
}


@pytest.mark.slow
@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_naive_insertion_changes_what_small_data_does(compare: SameOutcome, case: Case) -> None:
    after = naive(case.definition, case.tight)

    with pytest.raises(OutcomesDifferError):
        compare(
            case.definition, after, case.input, case.mocks, decorated=case.decorated, inflate=False
        )


def visited_in_an_outage(local: LocalCloud, definition: Any) -> tuple[Execution, list[str]]:
    """Run a machine while S3 is unavailable, with nothing tried twice."""
    case = shapes.SAGA
    for state in definition["States"].values():
        state.pop("Retry", None)
    functions = {name: name for name in case.mocks}
    arn = local.create_state_machine(str(uuid4()), definition, functions, case.mocks)
    with local.outage("s3"):
        run = local.start_execution(case.input, "outage", arn).wait(60)
    return run, [visit.state for visit in local.visits_of(run.arn)]


@pytest.mark.slow
def test_reservations_are_cancelled_where_the_offload_fails(local: LocalCloud) -> None:
    adopted = usual(shapes.SAGA)
    (inserted,) = [name for name, s in adopted["States"].items() if s.get("Next") == "confirmRoom"]

    run, visited = visited_in_an_outage(local, adopted)

    assert inserted in visited
    assert "confirmRoom" not in visited
    assert [name for name in visited if name in shapes.UNDOING] == list(shapes.UNDOING)
    assert (run.status, run.error) == ("FAILED", "NotBooked")


@pytest.mark.slow
def test_naive_insertion_cancels_nothing_where_it_fails(local: LocalCloud) -> None:
    made = naive(copy.deepcopy(shapes.SAGA.definition), shapes.SAGA.tight)

    run, visited = visited_in_an_outage(local, made)

    assert run.status == "FAILED"
    assert not set(visited) & set(shapes.UNDOING)
