"""S3 goes away in the middle of a run, and comes back."""

import time

import pytest

from tests.end_to_end.workflow import Json, Workflows, folded

pytestmark = pytest.mark.local

OUTAGE_SECONDS = 5


def test_outage_of_five_seconds_delays_the_workflow_and_loses_nothing(
    workflows: Workflows, with_worker: str
) -> None:
    # Each result is another, so that each has to be stored anew.
    sizes = range(40_000, 40_030)
    value = {"segments": [{"worker": "answers", "bytes": size} for size in sizes]}

    execution = workflows.start(value, machine=with_worker)
    while workflows.states(execution).count("SyncSegment") < 5:
        time.sleep(0.01)
    with workflows.cloud.outage("s3"):
        time.sleep(OUTAGE_SECONDS)
        assert execution.status == "RUNNING"
    execution.wait()

    workflows.require_small(execution)
    results = [{"current_state": {"report": "x" * size}} for size in sizes]
    assert workflows.final_state(execution) == folded(value, *results)


def test_outage_that_outlasts_all_retries_does_not_hide_the_failure(workflows: Workflows) -> None:
    def give_up_at_once(states: dict[str, Json]) -> None:
        for state in states.values():
            state.pop("Retry", None)

    machine = workflows.varied("gives-up", give_up_at_once)
    value = {"segments": [{"current_state": {"report": "x" * 40_000}}, {"raises": "no model"}]}
    with workflows.cloud.outage("s3"):
        failed = workflows.run(value, machine)
    assert failed.error == "StoreUnavailableError"
