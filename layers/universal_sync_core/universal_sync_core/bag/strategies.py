"""Merge strategies: which field is merged by which."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from universal_sync_core.bag.fields import ONE_VALUED, STATE
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import Pattern, parse_pattern, require_no_root

KNOWN_STRATEGIES: Final = ("append", "dedupe_append", "merge_by_key", "replace", "set_union")

# Strategies that choose among the values that branches want at one path.
CONFLICT_STRATEGIES: Final = ("latest", "first", "last", "collect", "fail")
DEFAULT_CONFLICT_STRATEGY: Final = "latest"

LIST_FIELD_STRATEGIES: Final[Mapping[str, str]] = {
    "state_history": "dedupe_append",
    "new_history_logs": "dedupe_append",
    "chunk_results": "append",
    "failed_segments": "append",
    "distributed_outputs": "replace",
    "pending_branches": "replace",
}


@dataclass(frozen=True, slots=True)
class Strategy:
    """How two values of a field become one.

    Attributes:
        name: one of the known strategies.
        key: the field that identifies an item, for `merge_by_key`.
    """

    name: str
    key: str = ""

    @property
    def grows(self) -> bool:
        """Whether the field is a list that grows: any other value becomes an element of it."""
        return self.name != "replace"

    @classmethod
    def parse(cls, spec: Json, field: str) -> "Strategy":
        """Return the strategy of a name, or of `{"strategy": name, "key": field of the items}`.

        Raises:
            InvalidRequestError: there is no strategy of that name, `merge_by_key` has no key,
                another strategy has one, or the object has another field.
        """
        if type(spec) is dict and not spec.keys() <= {"strategy", "key"}:
            message = f"the merge strategy for {field} may have the fields strategy and key alone"
            raise InvalidRequestError(message, field=f"merge_strategy.{field}")
        name, key = (spec.get("strategy"), spec.get("key")) if type(spec) is dict else (spec, None)
        if name not in KNOWN_STRATEGIES:
            known = ", ".join(KNOWN_STRATEGIES)
            message = f"unknown merge strategy for {field}; the known ones are {known}"
            raise InvalidRequestError(message, field=f"merge_strategy.{field}")
        if name == "merge_by_key" and (type(key) is not str or not key):
            message = f"merge_by_key for {field} needs the key that identifies an item"
            raise InvalidRequestError(message, field=f"merge_strategy.{field}")
        if name != "merge_by_key" and key is not None:
            message = f"{name} for {field} takes no key; merge_by_key finds equal items by theirs"
            raise InvalidRequestError(message, field=f"merge_strategy.{field}")
        return cls(name, key or "")


class Strategies:
    """The strategies of one call: the defaults, and those that its context adds.

    A name stands for a field of the bag or of `current_state`; a dotted path starts at either. In
    the bag, no strategy applies to a field with one value.
    """

    def __init__(self, overrides: Json = None) -> None:
        """Take the context's `merge_strategy`, a mapping of names or dotted paths, or None."""
        if overrides is not None and type(overrides) is not dict:
            raise InvalidRequestError("merge_strategy must be an object", field="merge_strategy")
        given = {
            _pattern(path): Strategy.parse(spec, path) for path, spec in (overrides or {}).items()
        }
        if (STATE,) in given and given[STATE,].grows:
            message = f"{STATE} is an object, which no list takes the place of: name a field of it"
            raise InvalidRequestError(message, field=f"merge_strategy.{STATE}")
        self._by_path: dict[Pattern, Strategy] = {
            (name,): Strategy(strategy) for name, strategy in LIST_FIELD_STRATEGIES.items()
        }
        in_bag = {path: spec for path, spec in given.items() if path[0] not in ONE_VALUED}
        self._by_path |= {(STATE, *path): strategy for path, strategy in given.items()} | in_bag
        self._above = {path[:end] for path in self._by_path for end in range(len(path))}

    def at(self, path: Pattern) -> Strategy | None:
        """Return the strategy for a path from the bag, or None if the delta's value wins."""
        return self._by_path.get(path)

    def below(self, path: Pattern) -> bool:
        """Tell whether any strategy names a path below `path`."""
        return path in self._above


def _pattern(path: Json) -> Pattern:
    """Return the steps of a path; `[]` leads to the items of a list that is merged by key."""
    if type(path) is not str or not path:
        message = "each key of merge_strategy must be the name of a field, or a dotted path"
        raise InvalidRequestError(message, field="merge_strategy")
    require_no_root(path, "merge_strategy")
    steps = parse_pattern(path, field="merge_strategy")
    if int in map(type, steps):
        message = "a merge strategy is for every item of a list: items[*].tags, not items[0].tags"
        raise InvalidRequestError(message, field="merge_strategy")
    return steps
