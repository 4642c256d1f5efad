"""What merging without limits gives: design sections 3.1 and 3.2 in plain dicts and lists.

Written without a look at the package, and with no S3, no sizes and no pointers in it.
"""

import copy
import json
from datetime import UTC, datetime
from typing import Any

HISTORY = ("state_history", "new_history_logs")
DEFAULTS = {"chunk_results": "append", "failed_segments": "append"}
BOOKKEEPING = (
    "payload_size_kb",
    "last_update_time",
    "state_revision",
    "next_action",
    "aggregation_timestamp",
)
FAILURES = ("FAILED", "ERROR", "TIMED_OUT", "ABORTED", "HALTED", "SIGKILL")


def same(left: Any, right: Any) -> bool:
    """Tell whether two values are one JSON value: 1, 1.0 and true are three."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def flatten(result: Any) -> dict[str, Any]:
    if result is None:
        return {}
    if isinstance(result, list):
        return flatten_list(result)
    if not isinstance(result, dict):
        return {"raw_result": result}
    for name in ("callback_result", "async_result"):
        if name in result:
            return flatten(result[name])
    if list(result) == ["execution_result"]:
        return flatten(result["execution_result"])
    return result


def flatten_list(result: list[Any]) -> dict[str, Any]:
    delta: dict[str, Any] = {"distributed_outputs": result, "chunk_count": len(result)}
    failed = []
    for index, element in enumerate(result):
        if not isinstance(element, dict):
            continue
        error = element.get("error") or element.get("Error")
        status = element.get("status")
        if error or (isinstance(status, str) and status.upper() in FAILURES):
            cause = element.get("cause") or element.get("Cause")
            failed.append(
                {"index": index, "status": status or "FAILED", "error": error, "cause": cause}
            )
    return delta | {"failed_segments": failed} if failed else delta


def merge(
    bag: dict[str, Any], delta: dict[str, Any], strategies: dict[str, Any] | None = None
) -> dict[str, Any]:
    overrides = strategies or {}
    merged = copy.deepcopy(bag)
    for field, value in delta.items():
        if field in HISTORY:
            continue
        if field not in merged:
            merged[field] = copy.deepcopy(value)
            continue
        strategy = overrides.get(field, DEFAULTS.get(field))
        if field == "current_state" or strategy:
            merged[field] = combine(merged[field], value, field, overrides, default=strategy)
        else:
            merged[field] = copy.deepcopy(value)
    if any(name in delta for name in HISTORY):
        entries = merged.setdefault("state_history", [])
        for name in HISTORY:
            if name in delta:
                value = delta[name]
                add_new(entries, value if isinstance(value, list) else [value])
    return merged


def add_new(entries: list[Any], items: list[Any]) -> None:
    for item in items:
        if not any(same(item, entry) for entry in entries):
            entries.append(copy.deepcopy(item))


def combine(
    base: Any,
    delta: Any,
    path: str,
    strategies: dict[str, Any],
    *,
    default: Any = None,
    base_wins: bool = False,
) -> Any:
    strategy = strategies.get(path, strategies.get(path.removeprefix("current_state."), default))
    name = strategy["strategy"] if isinstance(strategy, dict) else strategy
    if isinstance(base, list) and isinstance(delta, list) and name not in (None, "replace"):
        return join(base, delta, name, strategy, path, strategies, base_wins=base_wins)
    if name is None and isinstance(base, dict) and isinstance(delta, dict):
        return merge_dicts(base, delta, path, strategies, base_wins=base_wins)
    return base if base_wins else copy.deepcopy(delta)


def merge_dicts(
    base: dict[str, Any],
    delta: dict[str, Any],
    path: str,
    strategies: dict[str, Any],
    *,
    base_wins: bool,
) -> dict[str, Any]:
    ours, theirs = moment(base), moment(delta)
    older = base_wins or (ours is not None and theirs is not None and theirs < ours)
    merged = dict(base)
    for key, value in delta.items():
        if key in base:
            inner = f"{path}.{key}"
            merged[key] = combine(base[key], value, inner, strategies, base_wins=older)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def join(
    base: list[Any],
    delta: list[Any],
    name: str,
    strategy: Any,
    path: str,
    strategies: dict[str, Any],
    *,
    base_wins: bool,
) -> list[Any]:
    if name == "append":
        return [*base, *copy.deepcopy(delta)]
    if name == "dedupe_append":
        joined = list(base)
        add_new(joined, delta)
        return joined
    if name == "set_union":
        joined = []
        add_new(joined, [*base, *delta])
        return joined
    key, joined = strategy["key"], list(base)
    for item in delta:
        for place, existing in enumerate(joined):
            if has(item, key) and has(existing, key) and same(item[key], existing[key]):
                inner = f"{path}[]"
                joined[place] = combine(existing, item, inner, strategies, base_wins=base_wins)
                break
        else:
            joined.append(copy.deepcopy(item))
    return joined


def has(item: Any, key: str) -> bool:
    return isinstance(item, dict) and key in item


def moment(part: dict[str, Any]) -> float | None:
    for name in ("updated_at", "timestamp"):
        value = part.get(name)
        if isinstance(value, bool):
            continue
        if isinstance(value, int | float) and abs(value) < 2**63:
            return float(value)
        if isinstance(value, str):
            try:
                read = datetime.fromisoformat(value)
            except ValueError:
                continue
            return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    return None


def without_bookkeeping(bag: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in bag.items() if name not in BOOKKEEPING}
