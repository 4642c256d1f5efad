"""Executions in every standing, with state of which some is garbage."""

import hashlib
from typing import Any

from statebag.account.places import Place
from statebag.garbage.garbage import content_of
from statebag.state.reading import StateReader
from statebag.state.soundness import verify
from tests.statebag.cloud import BUCKET, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.histories import History
from tests.statebag.states import decoded, key_prefix, snapshot_of
from universal_sync_core import record_failure, universal_sync_core
from universal_sync_core.storage.store import Location

GC = ("gc", "--bucket", BUCKET)


DELETE = (*GC, "--delete", "--yes")


Bag = dict[str, Any]


def versions(execution_id: str, count: int = 3) -> list[Bag]:
    """Return the bags of a run that changed its state a few times, and each time all of it."""
    context = {"execution_id": execution_id}
    bags: list[Bag] = []
    for version in range(count):
        items = [f"{version}-{number}" * 10 for number in range(3_000)]
        delta = {"execution_id": execution_id, "current_state": {"items": items}}
        bags.append(universal_sync_core(bags[-1] if bags else None, delta, context))
    return bags


def snapshot_path(bag: Bag) -> str:
    return snapshot_of(bag)[1]


def running(cloud: FakeCloud, name: str) -> Bag:
    bags = versions(arn_of(name))
    history = History().visit("SyncSegment", {}, {"state_data": bags[0]})
    history.enter("RunSegment", {"state_data": bags[-1]})
    cloud.states.add(name, "RUNNING", events=history.events, input={})
    return bags[-1]


def finished(cloud: FakeCloud, name: str, *, days_ago: float) -> Bag:
    bags = versions(arn_of(name))
    cloud.states.add(name, days_ago=days_ago, output={"state_data": bags[-1]}, input={})
    return bags[-1]


def failed(cloud: FakeCloud, name: str, *, days_ago: float) -> tuple[Bag, str]:
    bags = versions(arn_of(name))
    context = {"execution_id": arn_of(name)}
    told = record_failure(bags[-1], {"Error": "OutOfStock", "Cause": "none"}, context)
    cloud.states.add(
        name, "FAILED", days_ago=days_ago, input={}, error=told["error"], cause=told["cause"]
    )
    return bags[-1], told["record_s3_path"]


def is_whole(cloud: FakeCloud, bag: Bag, name: str) -> bool:
    reader = StateReader(cloud.memory, Place(BUCKET), arn_of(name))
    return not verify(bag, reader).problems


def content(cloud: FakeCloud, name: str) -> set[str]:
    return set(content_of(cloud, Place(BUCKET), arn_of(name)))  # type: ignore[arg-type]


def deleted(cloud: FakeCloud) -> set[str]:
    return {str(Location(BUCKET, key)) for key in cloud.inventory.deleted}


def told(run: Run, *options: str) -> dict[str, tuple[str, str | None]]:
    """Return of each execution what it is, and why it is kept."""
    found = decoded(run(*GC, *options, "--json").out)
    return {
        each["execution_id"].rsplit(":", 1)[-1]: (each["status"], each["kept_because"])
        for each in found
    }


def stored_at(cloud: FakeCloud, owner: str, body: bytes) -> str:
    key = f"{key_prefix(arn_of(owner))}packs/{hashlib.sha256(body).hexdigest()}"
    cloud.memory.put(Location(BUCKET, key), body)
    LENGTHS[str(Location(BUCKET, key))] = len(body)
    return str(Location(BUCKET, key))


LENGTHS: dict[str, int] = {}
