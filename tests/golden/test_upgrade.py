"""An upgrade in the middle of a workflow: its execution goes on with the definition it began with.

The function, its layer and the definition that a next execution uses are those of this version.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.cloud import LocalCloud
from tests.end_to_end.workflow import Json, Workflows, folded, local_cloud
from tests.golden.__main__ import MACHINE

FORMER = Path(__file__).parent / "v1" / MACHINE
TODAY = Path(__file__).parents[2] / "statemachine" / "state_data_v3.asl.json"
LARGE = "words " * 9_000


def changes(name: str, value: Any = 1) -> Json:
    return {"current_state": {name: value}}


def group(**branches: list[Json]) -> Json:
    pending = [{"branch_id": name, "segments": of} for name, of in branches.items()]
    return {"status": "PARALLEL_GROUP", "pending_branches": pending}


INNER = [changes("inner", LARGE)]
PLAIN = [changes("plain", LARGE)]
FORKING = [group(inner=INNER), changes("forked")]
ASKS: Json = {"status": "PAUSED_FOR_HITP", "prompt": "publish?"}
ITEMS: list[Json] = [changes("first", LARGE), changes("second")]
MAPS: Json = {"status": "DISTRIBUTED_MAP", "distributed_items": ITEMS}
STARTS: Json = {"status": "ASYNC"} | changes("started")
WAITS: Json = {"status": "WAIT", "wait_seconds": 0, "next_segment_to_run": 5}
LAST: Json = {"status": "COMPLETE"}
ANSWERS = [changes("approved"), changes("published", LARGE)]


@pytest.fixture(scope="module")
def workflows() -> Iterator[Workflows]:
    with LocalCloud.start() as cloud:
        yield Workflows(cloud)


def test_a_workflow_that_waits_goes_on_after_an_upgrade(workflows: Workflows) -> None:
    cloud, forks = local_cloud(workflows), group(plain=PLAIN, forking=FORKING)
    segments = [forks, ASKS, MAPS, STARTS, WAITS, *(changes("n", n) for n in range(9)), LAST]
    value = {"segments": segments, "segments_per_execution": 20}
    machine = cloud.create_state_machine("upgraded", FORMER)
    first = workflows.start(value, machine=machine)
    workflows.requests(first, 1)

    cloud.create_state_machine("upgraded", TODAY)
    for number, answer in enumerate(ANSWERS, start=1):
        workflows.submit(workflows.requests(first, number)[-1], "success", output=answer)

    first.wait(120)
    last = cloud.execution(first.output["continued_as"]["execution_arn"]).wait(120)
    for each in (first, last):
        workflows.require_small(each)
    results = [forks, *PLAIN, *INNER, FORKING[1], ASKS, ANSWERS[0], MAPS, ITEMS, STARTS, ANSWERS[1]]
    assert workflows.final_state(last) == folded(value, *results, *segments[4:])
