"""Branches that are executions of their own: the timeline shows them, and the cost counts them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.statebag.cloud import FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.histories import History, bag
from tests.statebag.states import RUN, decoded
from tests.statebag.workplace import ORDERS

BRANCH = arn_of("run-1-left")
INNER = arn_of("run-1-left-inner")
STARTED_BY = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"


def working(*started: str) -> list[dict[str, Any]]:
    """The history of an execution that works, and then starts others."""
    history = History().visit("RunSegment", bag(), bag())
    for arn in started:
        history.enter("RunBranchExecution", bag())
        history.nest(arn)
        history.leave(bag())
    return history.events


@pytest.fixture
def branched(cloud: FakeCloud) -> None:
    """A workflow with a branch that has one itself, and with others that are not its branches."""
    others = [arn_of("other", ORDERS), arn_of("stranger"), arn_of("forgotten")]
    cloud.states.add("run-1", events=working(BRANCH, *others), output=bag())
    cloud.states.add("run-1-left", events=working(INNER), input={STARTED_BY: RUN})
    cloud.states.add("run-1-left-inner", events=working(), input={STARTED_BY: BRANCH})
    cloud.states.add("other", machine=ORDERS, events=working(), input={STARTED_BY: RUN})
    cloud.states.add("stranger", events=working(), input={STARTED_BY: arn_of("run-2")})


@pytest.mark.usefixtures("branched")
def test_timeline_shows_each_branch_behind_the_execution_that_started_it(
    run: Run, golden: Callable[[str], None]
) -> None:
    golden(run("timeline", RUN).out)


@pytest.mark.usefixtures("branched")
def test_steps_say_what_they_started(run: Run) -> None:
    steps = decoded(run("timeline", RUN, "--state", "RunBranchExecution", "--json").out)

    assert [(step["execution"], step["started"]) for step in steps[:1] + steps[-1:]] == [
        (RUN, BRANCH),
        (BRANCH, INNER),
    ]


@pytest.mark.usefixtures("branched")
def test_one_execution_is_shown_without_its_branches(run: Run) -> None:
    steps = decoded(run("timeline", RUN, "--one", "--json").out)

    assert {step["execution"] for step in steps} == {RUN}


@pytest.mark.usefixtures("branched")
def test_cost_counts_what_branches_did_and_no_call_that_starts_them(run: Run) -> None:
    items = json.loads(run("cost", RUN, "--json").out)["items"]

    # Five states, two and one; three of them call a function, for three events of 250 ms.
    assert items["state transitions"]["quantity"] == 8
    assert items["invocations"]["quantity"] == 3
    assert items["function time"]["quantity"] == pytest.approx(3 * 0.75)
