"""The same workflow without limits: it tells what the final state has to be.

Every result is merged here in plain dictionaries and lists in memory, by the documented rules
alone. Nothing of the package takes part, so that agreement proves something.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
Worker = Callable[[Json, object], Json]

# Fields that the core or the state machine writes for itself; they contain no result of the worker.
BOOKKEEPING = frozenset(
    {
        "aggregation_timestamp",
        "branch_results",
        "execution_id",
        "execution_segments",
        "last_update_time",
        "loop_counter",
        "loop_limit",
        "next_action",
        "next_segment_to_run",
        "payload_size_kb",
        "post_snapshot_s3_path",
        "pre_snapshot_s3_path",
        "segment_to_run",
        "segments_per_execution",
        "state_revision",
        "status",
    }
)


@dataclass(slots=True, kw_only=True)
class Answers:
    """The answers that came from outside while the workflow waited."""

    approval: Json | None = None
    publication: Json | None = None


def final_state(worker: Worker, execution_input: Json, answers: Answers) -> Json:
    """Run the whole workflow in memory, and return the state that it ends with."""
    state = merge({"segment_to_run": 0}, execution_input)
    while True:
        result = worker(state, None)
        state = merge(state, flatten(result))
        match result["status"]:
            case "DISTRIBUTED_MAP":
                state = merge(state, flatten(_run_items(worker, state)))
            case "PARALLEL_GROUP":
                state = _run_branches(worker, state)
            case "PAUSED_FOR_HITP":
                state = merge(state, flatten({"callback_result": answers.approval}))
            case "ASYNC":
                state = merge(state, flatten({"async_result": answers.publication}))
            case "COMPLETE":
                return state
        state["segment_to_run"] = result.get("next_segment_to_run", state["segment_to_run"] + 1)


def _run_items(worker: Worker, state: Json) -> list[Json]:
    return [worker({"item": item}, None) for item in state["distributed_items"]]


def _run_branches(worker: Worker, state: Json) -> Json:
    """Run each branch on the parent's state, then merge their results in branch order."""
    joined = state
    for branch in state["pending_branches"]:
        own = {**state, "branch": branch}
        for number in range(branch["total_segments"]):
            own = {**own, "segment_to_run": number}
            result = worker(own, None)
            own, joined = merge(own, result), merge(joined, result)
    return joined


def flatten(result: Any) -> Json:
    """Normalise a result (the table of `flatten_result`, without reading manifests)."""
    if result is None:
        return {}
    if isinstance(result, list):
        return {"distributed_outputs": result, "chunk_count": len(result)}
    if not isinstance(result, dict):
        return {"raw_result": result}
    for wrapper in ("callback_result", "async_result"):
        if wrapper in result:
            return flatten(result[wrapper])
    if result.keys() == {"execution_result"}:
        return flatten(result["execution_result"])
    return result


def merge(base: Json, delta: Json) -> Json:
    """Merge a delta into a state (the rules of `merge_logic`, without list strategies)."""
    merged = dict(base)
    for field, value in delta.items():
        if field in {"state_history", "new_history_logs"}:
            merged["state_history"] = append_new(merged.get("state_history", []), value)
        elif field == "current_state":
            merged[field] = deep_merge(merged[field], value) if field in merged else value
        else:
            merged[field] = value
    return merged


def append_new(history: list[Any], entries: Any) -> list[Any]:
    """Append the entries that are not there yet; a value other than a list is one entry."""
    appended, seen = list(history), {canonical(entry) for entry in history}
    for entry in entries if isinstance(entries, list) else [entries]:
        if canonical(entry) not in seen:
            seen.add(canonical(entry))
            appended.append(entry)
    return appended


def deep_merge(base: Any, delta: Any, *, base_wins: bool = False) -> Any:
    """Merge dictionaries at every depth; the delta replaces anything else.

    If both sides of a pair have a time and the delta's is older, the base wins every conflict
    inside that pair.
    """
    if not (isinstance(base, dict) and isinstance(delta, dict)):
        return base if base_wins else delta
    base_wins = base_wins or _is_older(delta, base)
    shared = {
        key: deep_merge(base[key], value, base_wins=base_wins)
        for key, value in delta.items()
        if key in base
    }
    return {**base, **delta, **shared}


def canonical(value: Any) -> str:
    """Return text that is equal for equal values: 1, 1.0 and true differ, in any order of keys."""
    return json.dumps(value, sort_keys=True)


def differences(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """Return the names of the fields, without bookkeeping, in which two final states differ."""
    fields = (expected.keys() | actual.keys()) - BOOKKEEPING
    return sorted(
        field
        for field in fields
        if field not in expected
        or field not in actual
        or canonical(expected[field]) != canonical(actual[field])
    )


def _is_older(delta: Json, base: Json) -> bool:
    for field in ("updated_at", "timestamp"):
        delta_time, base_time = _time(delta.get(field)), _time(base.get(field))
        if delta_time and base_time:
            return delta_time < base_time
    return False


def _time(value: Any) -> datetime | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
