"""Bounded and lossless: the pipe against the same merges with no limits."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core import oracle
from universal_sync_core import calculate_payload_size, hydrate_state, universal_sync_core
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.portable import is_portable

TINY = Settings(
    bucket="state-bucket",
    field_offload_bytes=300,
    state_offload_bytes=900,
    max_payload_bytes=6000,
    history_max_entries=4,
    page_bytes=400,
    index_bytes=300,
)
names = st.sampled_from(["a", "b", "report", "items", "tags", "updated_at", "", "a.b", "é"])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.integers(1, 40).map(lambda n: "long text " * n),
    st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02", 5, "__s3_offloaded"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.dictionaries(names, inner, max_size=6),
        st.dictionaries(
            st.sampled_from(
                ["__s3_offloaded", "__escaped:__s3_offloaded", "__gzip_base64", "__kind"]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=25,
)
entries = st.one_of(
    values, st.fixed_dictionaries({"timestamp": st.integers(0, 9), "n": st.integers(0, 3)})
)
deltas = st.fixed_dictionaries(
    {},
    optional={
        "current_state": st.one_of(st.dictionaries(names, values, max_size=5), values),
        "state_history": st.one_of(st.lists(entries, max_size=5), values),
        "new_history_logs": st.lists(entries, max_size=3),
        "chunk_results": st.lists(values, max_size=6),
        "failed_segments": st.lists(values, max_size=4),
        "distributed_outputs": st.lists(values, max_size=14),
        "scheduling_metadata": st.fixed_dictionaries(
            {"batch_details": st.lists(values, max_size=9), "priority": values}
        ),
        "scheduling_summary": values,
        "chunk_results_s3_path": values,
        "state_history_archive": values,
        # A control field stands in the bag, so one that not every JSON library carries is refused.
        "state_s3_path": values.filter(is_portable),
        "tags": st.lists(scalars, max_size=5),
        "items": st.lists(
            st.dictionaries(st.sampled_from(["id", "v", "w"]), scalars, max_size=3), max_size=4
        ),
        "other": values,
        "status": st.sampled_from(["CONTINUE", "SKIPPED", "COMPLETE", "FAILED", "PAUSE", "ASYNC"]),
    },
)
results = st.one_of(
    deltas, st.lists(values, max_size=5), scalars, deltas.map(lambda d: {"execution_result": d})
)
STRATEGIES = {
    "tags": "set_union",
    "items": {"strategy": "merge_by_key", "key": "id"},
    "current_state.report": "append",
    "a": "dedupe_append",
}


@settings(max_examples=400, deadline=None)
@given(st.lists(results, max_size=8), st.sampled_from(["sync", "update_and_compress"]))
def test_hydrated_bag_equals_the_merge_without_limits(sequence: list[Any], action: str) -> None:
    context = {
        "execution_id": "arn:aws:states:eu-west-1:1:execution:m:1",
        "merge_strategy": STRATEGIES,
        "action": action,
    }
    plain: dict[str, Any] = {}
    with runtime.use(settings=TINY, store=MemoryStore()):
        bag: dict[str, Any] = {}
        for result in sequence:
            bag = universal_sync_core(bag, result, context)
            plain = oracle.merge(plain, oracle.flatten(result), STRATEGIES)
            assert calculate_payload_size(bag) <= TINY.bound_bytes
            hydrated = hydrate_state(bag, context=context)
            assert oracle.same(
                oracle.without_bookkeeping(hydrated), oracle.without_bookkeeping(plain)
            )
