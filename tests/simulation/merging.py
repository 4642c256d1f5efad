"""How plain values meet without limits: strategies, the history, and which of two maps is newer.

It shares no code with the product, and is written from docs/decisions.md and docs/reference.
"""

import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from tests.simulation.comparing import Plain, exact, same

STATE: Final = "current_state"
# What a branch wants in the place of a value that it has taken away.
GONE: Final = ["(gone)"]
HISTORY: Final = "state_history"
_HISTORY_NAMES: Final = (HISTORY, "new_history_logs")
_DEFAULTS: Final = {
    "chunk_results": "append",
    "failed_segments": "append",
    "distributed_outputs": "replace",
    "pending_branches": "replace",
}


@dataclass(frozen=True)
class Replaced:
    """A list that a branch let go of, or shortened, and gave anew where it would only grow."""

    value: Any


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How values meet at one place.

    Attributes:
        path: the place, dotted, from the bag.
        strategies: of the event.
        base_wins: an older map has lost already.
        by_time: whether the older of two timestamped maps loses.
    """

    path: str
    strategies: Plain = field(default_factory=dict)
    base_wins: bool = False
    by_time: bool = True

    def at(self, step: str) -> "Rules":
        return replace(self, path=f"{self.path}{step}")

    @property
    def strategy(self) -> Any:
        """The strategy of the place, or None where the delta's value is taken."""
        known = _DEFAULTS | self.strategies
        return known.get(self.path, known.get(self.path.removeprefix(f"{STATE}.")))

    @property
    def grows(self) -> bool:
        """Whether a list grows at the place."""
        return self.strategy not in (None, "replace")


def merge(
    bag: Plain, delta: Plain, strategies: Plain | None = None, *, by_time: bool = True
) -> Plain:
    """Return the bag with a delta merged in; both stay as they are."""
    merged = _without(bag, delta.get("removed_paths", []))
    for name, value in copy.deepcopy(delta).items():
        if name in _HISTORY_NAMES or name == "removed_paths":
            continue
        rules = Rules(path=name, strategies=strategies or {}, by_time=by_time)
        if name == STATE or rules.strategy:
            _put(merged, name, value, rules)
        else:
            merged[name] = value
    if any(name in delta for name in _HISTORY_NAMES):
        merged[HISTORY] = list(as_list(merged.get(HISTORY, [])))
        for name in _HISTORY_NAMES:
            if delta.get(name) is not None:
                _add_new(merged[HISTORY], as_list(delta[name]))
    return merged


def _without(bag: Plain, paths: list[str]) -> Plain:
    if not paths or STATE not in bag:
        return dict(bag)
    left = copy.deepcopy(bag[STATE])
    for path in paths:
        part, *keys = left, *path.split(".")
        for key in keys[:-1]:
            part = part.get(key) if isinstance(part, dict) else None
        if isinstance(part, dict):
            part.pop(keys[-1], None)
    return {**bag, STATE: left}


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, and anything else as the one element of a list."""
    return value if isinstance(value, list) else [value]


def distinct(entries: list[Any]) -> list[Any]:
    """Return a list with each entry where it first stands."""
    once: list[Any] = []
    _add_new(once, entries)
    return once


def _add_new(entries: list[Any], added: list[Any]) -> None:
    known = {exact(entry) for entry in entries}
    for item in added:
        if exact(item) not in known:
            known.add(exact(item))
            entries.append(item)


def _put(fields: Plain, key: str, value: Any, rules: Rules) -> None:
    """Put a value under a key, merged with what is there; null adds nothing to such a list."""
    if key in fields or isinstance(value, Replaced):
        fields[key] = combine(fields.get(key), value, rules)
    elif not rules.grows:
        fields[key] = _begun(value, rules)
    elif value is not None:
        fields[key] = _join([], as_list(value), rules)


def _begun(value: Any, rules: Rules) -> Any:
    """Return a value that merges with none before it, with the lists begun that grow in it."""
    if not isinstance(value, dict) or rules.strategy:
        return value
    begun: Plain = {}
    for key, item in value.items():
        _put(begun, key, item, rules.at(f".{key}"))
    return begun


def combine(base: Any, delta: Any, rules: Rules) -> Any:
    """Return one value of two."""
    if isinstance(delta, Replaced):
        return delta.value
    if rules.grows:
        if delta is None:
            return base
        before = [] if base is None else as_list(base)
        joined = _join(before, as_list(delta), rules)
        return base if base is not None and same(joined, before) else joined
    if rules.strategy is None and isinstance(base, dict) and isinstance(delta, dict):
        return _merge_maps(base, delta, rules)
    return base if rules.base_wins else _begun(delta, rules)


def _merge_maps(base: Plain, delta: Plain, rules: Rules) -> Plain:
    ours, theirs = moment(base), moment(delta)
    older = rules.by_time and ours is not None and theirs is not None and theirs < ours
    inner = replace(rules, base_wins=rules.base_wins or older)
    merged = dict(base)
    for key, value in delta.items():
        if value == GONE:
            merged.pop(key, None)
        else:
            _put(merged, key, value, inner.at(f".{key}"))
    return merged


def _join(base: list[Any], delta: list[Any], rules: Rules) -> list[Any]:
    name = rules.strategy["strategy"] if isinstance(rules.strategy, dict) else rules.strategy
    if name == "append":
        return [*base, *delta]
    joined = list(base)
    if name == "set_union":
        joined = distinct(base)
    if name in ("set_union", "dedupe_append"):
        _add_new(joined, delta)
        return joined
    key = rules.strategy["key"]
    for item in delta:
        place = _place(joined, item, key)
        if place is None:
            joined.append(item)
        else:
            joined[place] = combine(joined[place], item, rules.at("[]"))
    return joined


def _place(entries: list[Any], item: Any, key: str) -> int | None:
    own = identity(item, key)
    if own is None:
        return None
    places = (place for place, entry in enumerate(entries) if identity(entry, key) == own)
    return next(places, None)


def identity(item: Any, key: str) -> str | None:
    """Return what an item is told by in a list that is merged by a key, if anything."""
    if not isinstance(item, dict) or item.get(key) in (None, ""):
        return None
    return exact(item[key])


def moment(part: Plain) -> float | None:
    """Return when a map was touched, as it says itself."""
    times = (_read_time(part.get(name)) for name in ("updated_at", "timestamp"))
    return next((time for time in times if time is not None), None)


def _read_time(value: Any) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        units = ((11, 1), (14, 10**3), (17, 10**6), (20, 10**9))
        fitting = (unit for digits, unit in units if abs(value) < 10**digits)
        unit = next(fitting, None)
        return None if unit is None else value / unit
    if not isinstance(value, str) or "-" not in value:
        return None
    try:
        read = datetime.fromisoformat(value.upper())
    except ValueError:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
