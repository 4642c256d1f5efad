"""A join of any results is the same inline, in pages and packed."""

import itertools
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.bags import CONTEXT, fresh, hydrated
from tests.core.fakes import CountingStore
from tests.core.workflow.branches import JOIN, SYNC
from tests.core.workflow.groups import PACKING, TINY, branch, group, joined
from universal_sync_core import complete_branch, join_branches
from universal_sync_core.errors import MergeConflictError
from universal_sync_core.values.codec import canonical, encode
from universal_sync_core.values.compression import compress

SCALARS = st.sampled_from([0, 1, "t", None, "long " * 12])
LISTS = st.lists(SCALARS, max_size=4)
MAPS = st.dictionaries(st.sampled_from("abc"), SCALARS | LISTS, max_size=3)
CHANGES = st.dictionaries(st.sampled_from(["m", "n", "rows"]), SCALARS | LISTS | MAPS, max_size=3)


def deep(base: Any, delta: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(delta, dict)):
        return delta
    return base | {
        key: deep(base[key], item) if key in base else item for key, item in delta.items()
    }


def leaves(base: Any, value: Any) -> Any:
    """Return what changed: of two maps the keys that differ, else the value."""
    if not (isinstance(base, dict) and isinstance(value, dict)):
        return value
    return {
        key: leaves(base.get(key), item)
        for key, item in value.items()
        if key not in base or encode(base[key]) != encode(item)
    }


def settled(first: Any, last: Any) -> tuple[Any, bool]:
    """Return the change of two branches, of which the last wins, and whether they disagree."""
    if isinstance(first, dict) and isinstance(last, dict):
        merged, disagree = dict(first), False
        for key, item in last.items():
            merged[key], apart = settled(first[key], item) if key in first else (item, False)
            disagree |= apart
        return merged, disagree
    return last, encode(first) != encode(last)


def oracle(base: Any, changes: tuple[Any, Any]) -> tuple[Any, bool]:
    ends = [deep(base, change) for change in changes]
    delta, disagree = settled(*(leaves(base, end) for end in ends))
    return deep(base, delta), disagree


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(base=CHANGES, changes=st.tuples(CHANGES, CHANGES))
def test_a_join_is_the_same_inline_in_pages_and_packed(base: Any, changes: tuple[Any, Any]) -> None:
    expected, disagree = oracle(base, changes)
    for tiny, packed in itertools.product((False, True), repeat=2):
        with fresh(CountingStore(), **(TINY if tiny else {})):
            parent = group("last", current_state=base)
            given_as = [
                {
                    k: compress(v) if packed and isinstance(v, dict | list) else v
                    for k, v in c.items()
                }
                for c in changes
            ]
            bags = [
                branch(parent, name, {"current_state": change})
                for name, change in zip("ab", given_as, strict=True)
            ]
            bag = joined(parent, *bags)
        assert bag["current_state"] == expected, (tiny, packed)
        assert ("branch_conflicts" in bag) == disagree, (tiny, packed)


ITEMS = st.lists(
    SCALARS | st.fixed_dictionaries({"id": st.sampled_from([1, 2, None])}, optional={"v": SCALARS}),
    max_size=4,
)
NAMED_LIKE_OURS = st.dictionaries(
    st.sampled_from(["a", "__s3_offloaded", "__gzip_base64"]), SCALARS | ITEMS, max_size=3
)
VALUES = SCALARS | ITEMS | NAMED_LIKE_OURS
RESULTS = st.fixed_dictionaries(
    {},
    optional={
        "current_state": st.dictionaries(st.sampled_from(["m", "n", "tags"]), VALUES, max_size=3),
        "rows": ITEMS,
        "keyed": ITEMS,
        "other": VALUES,
        "chunk_results": ITEMS,
        "failed_segments": ITEMS,
        "state_history": st.lists(NAMED_LIKE_OURS, max_size=4),
        "__gzip_base64": SCALARS,
    },
)
STRATEGIES = {
    "rows": "append",
    "keyed": {"strategy": "merge_by_key", "key": "id"},
    "current_state.tags": "set_union",
    "current_state.m": "dedupe_append",
}
# Everything small goes to S3; most leaves behind `state_s3_path`; the larger half goes to S3.
FORMS_OF_BAGS: list[dict[str, Any]] = [
    TINY,
    TINY | {"max_payload_bytes": 2_600, "state_offload_bytes": 10**6, "field_offload_bytes": 10**5},
    {"field_offload_bytes": 60, "state_offload_bytes": 120},
]


def joined_as(form: dict[str, Any], *, packed: bool, how: str, base: Any, results: Any) -> Any:
    """Return the whole joined bag, or where it is in conflict."""
    context = (PACKING if packed else SYNC) | {"merge_strategy": STRATEGIES}
    with fresh(CountingStore(), **form):
        parent = group(how, **base)
        bags = [branch(parent, f"b{n}", *each, context=context) for n, each in enumerate(results)]
        ends = [complete_branch(bag, CONTEXT) for bag in bags]
        try:
            bag = hydrated(join_branches(parent, ends, JOIN | {"merge_strategy": STRATEGIES}))
        except MergeConflictError as error:
            return error.paths
    return canonical({name: item for name, item in bag.items() if name != "aggregation_timestamp"})


@settings(max_examples=25, deadline=None)
@given(
    base=RESULTS,
    results=st.lists(st.lists(RESULTS | ITEMS, max_size=3), min_size=1, max_size=3),
    how=st.sampled_from(["first", "last", "collect", "fail"]),
)
def test_a_join_of_any_results_is_the_same_in_every_form(base: Any, results: Any, how: str) -> None:
    expected = joined_as({}, packed=False, how=how, base=base, results=results)
    for form, packed in itertools.product([{}, *FORMS_OF_BAGS], (False, True)):
        found = joined_as(form, packed=packed, how=how, base=base, results=results)
        assert found == expected, (form, packed)
