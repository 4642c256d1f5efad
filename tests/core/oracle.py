"""What merging without limits gives: design sections 3.1 and 3.2 in plain dicts and lists.

Written without a look at the package, and with no S3, no sizes and no pointers in it.
"""

import copy
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

HISTORY = ("state_history", "new_history_logs")
DEFAULTS = {"chunk_results": "append", "failed_segments": "append"}
BOOKKEEPING = (
    "payload_size_kb",
    "last_update_time",
    "state_revision",
    "next_action",
    "aggregation_timestamp",
    "stopped_by",
)
ABSENT: Any = object()
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
    wrapped = [name for name in ("callback_result", "async_result") if name in result]
    if wrapped:
        beside = {name: value for name, value in result.items() if name not in wrapped}
        return beside | {
            key: value for name in wrapped for key, value in flatten(result[name]).items()
        }
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
    for path in delta.get("removed_paths", []):
        take_away(merged.get("current_state"), path.split("."))
    for field, value in delta.items():
        if field in (*HISTORY, "removed_paths"):
            continue
        strategy = overrides.get(field, DEFAULTS.get(field))
        if field == "current_state" or strategy:
            place = Place(path=field, strategies={field: strategy} | overrides)
            put(merged, field, combine(merged.get(field, ABSENT), value, place))
        else:
            merged[field] = copy.deepcopy(value)
    if any(name in delta for name in HISTORY):
        entries = merged.setdefault("state_history", [])
        for name in HISTORY:
            value = delta.get(name)
            if value is not None:
                add_new(entries, value if isinstance(value, list) else [value])
    return merged


def take_away(part: Any, keys: list[str]) -> None:
    for key in keys[:-1]:
        part = part.get(key) if isinstance(part, dict) else None
    if isinstance(part, dict):
        part.pop(keys[-1], None)


def put(part: dict[str, Any], key: str, value: Any) -> None:
    if value is not ABSENT:
        part[key] = value


def add_new(entries: list[Any], items: list[Any]) -> None:
    for item in items:
        if not any(same(item, entry) for entry in entries):
            entries.append(copy.deepcopy(item))


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in the bag two values meet, and whether the older has lost already."""

    path: str
    strategies: dict[str, Any]
    base_wins: bool = False

    @property
    def strategy(self) -> Any:
        relative = self.path.removeprefix("current_state.")
        return self.strategies.get(self.path, self.strategies.get(relative))


def combine(base: Any, delta: Any, place: Place) -> Any:
    strategy = place.strategy
    name = strategy["strategy"] if isinstance(strategy, dict) else strategy
    if name not in (None, "replace"):
        return base if delta is None else grown(base, delta, name, place)
    if name is None and isinstance(base, dict) and isinstance(delta, dict):
        return merge_dicts(base, delta, place)
    if place.base_wins and base is not ABSENT:
        return base
    is_begun = name is None and isinstance(delta, dict)
    return merge_dicts({}, delta, place) if is_begun else copy.deepcopy(delta)


def grown(base: Any, delta: Any, name: str, place: Place) -> Any:
    if base is ABSENT or base is None:
        return join([], delta if isinstance(delta, list) else [delta], name, place)
    ours = base if isinstance(base, list) else [base]
    joined = join(ours, delta if isinstance(delta, list) else [delta], name, place)
    return base if same(joined, ours) else joined


def merge_dicts(base: dict[str, Any], delta: dict[str, Any], place: Place) -> dict[str, Any]:
    ours, theirs = moment(base), moment(delta)
    older = place.base_wins or (ours is not None and theirs is not None and theirs < ours)
    merged = dict(base)
    for key, value in delta.items():
        inner = replace(place, path=f"{place.path}.{key}", base_wins=older)
        put(merged, key, combine(base.get(key, ABSENT), value, inner))
    return merged


def join(base: list[Any], delta: list[Any], name: str, place: Place) -> list[Any]:
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
    key, joined = place.strategy["key"], list(base)
    for item in delta:
        for position, existing in enumerate(joined):
            if has(item, key) and has(existing, key) and same(item[key], existing[key]):
                inner = replace(place, path=f"{place.path}[]")
                joined[position] = combine(existing, item, inner)
                break
        else:
            joined.append(copy.deepcopy(item))
    return joined


def has(item: Any, key: str) -> bool:
    return isinstance(item, dict) and item.get(key) not in (None, "", [], {})


def moment(part: dict[str, Any]) -> Fraction | None:
    """Return the time of a part in seconds."""
    for name in ("updated_at", "timestamp"):
        value = part.get(name)
        read = None
        if isinstance(value, int | float) and not isinstance(value, bool):
            read = of_number(value)
        elif isinstance(value, str):
            read = of_text(value)
        if read is not None:
            return read
    return None


def of_number(value: float) -> Fraction | None:
    for digits, unit in ((11, 1), (14, 10**3), (17, 10**6), (20, 10**9)):
        if abs(value) < 10**digits:
            return Fraction(repr(value)) / unit
    return None


def of_text(text: str) -> Fraction | None:
    upper = text.upper()
    if (
        not text.isascii()
        or not (upper[:4] + upper[5:7]).isdigit()
        or upper[4:5] + upper[7:8] != "--"
    ):
        return None
    whole, dot, rest = upper.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    leap = whole[16:19] == ":60"
    whole = whole[:16] + ":59" + whole[19:] if leap else whole
    try:
        read = datetime.fromisoformat(whole + rest[len(digits) :])
    except ValueError:
        return None
    read = read if read.tzinfo else read.replace(tzinfo=UTC)
    seconds = (read - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return Fraction(seconds + leap) + (Fraction(f"0.{digits}") if dot else 0)


def without_bookkeeping(bag: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in bag.items() if name not in BOOKKEEPING}
