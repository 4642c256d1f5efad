"""Exactly what nothing refers to is garbage, whatever refers to what."""

import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from statebag.account.places import Place
from statebag.garbage.garbage import Collector, Holding, Policy, content_of
from tests.core.places import place, row
from tests.statebag.bucket import NOW
from tests.statebag.cloud import BUCKET, FakeCloud, arn_of
from tests.statebag.garbage.gc_runs import LENGTHS, stored_at
from tests.statebag.states import location_of
from universal_sync_core.retention.standing import Standing
from universal_sync_core.values.compression import compress

Graph = list[tuple[str, list[int], str]]

# Which each page refers to besides, so that no two pages are one.
OTHER = b"1"
OTHER_DIGEST = hashlib.sha256(OTHER).hexdigest()


# Each object refers only to those before it: content-addressed objects can form no circle.
nodes = st.tuples(
    st.sampled_from(["a", "b", "c"]),
    st.lists(st.integers(0, 60), max_size=4),
    st.sampled_from(["pointer", "text", "packed", "page", "snapshot"]),
)


def document(number: int, refs: Sequence[str], form: str) -> bytes:
    """Return an object that refers to others in one of the ways there are."""
    pointers = [
        {"__s3_offloaded": True, "__v": 1, "__kind": "value", **place(ref, LENGTHS[ref])}
        | {"__size_bytes": 1}
        for ref in refs
    ]
    forms: dict[str, Any] = {
        "pointer": {"number": number, "inner": [pointers]},
        "text": {"number": number, "said": f"[record: {']['.join(refs)}] and no more"},
        "packed": {"number": number, "packed": compress([number, pointers])},
        "page": {
            "__page": 1,
            "kind": "list",
            "height": 1,
            "children": [[ref, *row(ref, LENGTHS[ref])[1:], 1, 1, 1] for ref in refs]
            + [[*row(OTHER_DIGEST, len(OTHER)), number + 1, 0, 0]],
        },
        "snapshot": {"snapshot_id": f"pre-{number}", "state_data": pointers},
    }
    return json.dumps(forms[form], separators=(",", ":")).encode()


@settings(max_examples=150, deadline=None)
@given(
    graph=st.lists(nodes, min_size=1, max_size=30),
    roots=st.lists(st.integers(0, 60), max_size=4),
    kept=st.sets(st.sampled_from(["a", "b", "c"])),
    young=st.sets(st.integers(0, 29)),
    keeps_snapshots=st.booleans(),
)
def test_exactly_the_unreachable_and_old_is_garbage(
    graph: Graph, roots: list[int], kept: set[str], young: set[int], *, keeps_snapshots: bool
) -> None:
    cloud = FakeCloud()
    paths: list[str] = []
    refers_to: dict[str, set[str]] = {}
    for number, (owner, wanted, form) in enumerate(graph):
        refs = sorted({paths[at % len(paths)] for at in wanted}) if paths else []
        paths.append(stored_at(cloud, owner, document(number, refs, form)))
        refers_to[paths[-1]] = set(refs)
    ages = {path: number in young for number, path in enumerate(paths)}
    for path, is_young in ages.items():
        cloud.inventory.modified[location_of(path).key] = NOW - timedelta(
            days=1 if is_young else 30
        )
    rooted = {paths[at % len(paths)] for at in roots}
    holdings = [
        Holding(
            execution_id=arn_of(name),
            standing=Standing.RUNNING if name in kept else Standing.OVER,
            reason="it runs" if name in kept else None,
            objects=content_of(cloud, Place(BUCKET), arn_of(name)),  # type: ignore[arg-type]
        )
        for name in "abc"
    ]
    for name in "abc":
        stored_at(cloud, name, OTHER)
    policy = Policy(
        now=NOW,
        keep=timedelta(days=14),
        grace=timedelta(days=7),
        keep_snapshots=None if keeps_snapshots else timedelta(0),
    )

    Collector(cloud, Place(BUCKET), policy).collect(holdings, sorted(rooted))  # type: ignore[arg-type]

    owners = {path: owner for path, (owner, _, _) in zip(paths, graph, strict=True)}
    rooted |= {path for path in paths if ages[path] or owners[path] in kept}
    if keeps_snapshots:
        rooted |= {
            path for path, (_, _, form) in zip(paths, graph, strict=True) if form == "snapshot"
        }
    reachable = closure(rooted, refers_to)
    assert {str(each.location) for one in holdings for each in one.garbage} == set(
        paths
    ) - reachable


def closure(rooted: set[str], refers_to: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(rooted)
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += refers_to[path]
    return reached
