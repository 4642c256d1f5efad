"""Conflicts: parallel branches changed the same leaf differently, and a strategy decides."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from universal_sync_core.bag.fields import (
    ABOUT_OUTPUTS,
    CONTROL_FIELDS_NEVER_OFFLOAD,
    OUTPUTS,
    READ_BY_MACHINE,
    STALE_RESULT,
    STATE,
    archive_of,
)
from universal_sync_core.bag.strategies import (
    CONFLICT_STRATEGIES,
    DEFAULT_CONFLICT_STRATEGY,
)
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.errors import InvalidRequestError, MergeConflictError
from universal_sync_core.merge.branch_changes import (
    REMOVAL,
    Change,
    Replacement,
    holds_inline_map,
    is_inline,
    is_joined,
    is_one_form,
    taken,
)
from universal_sync_core.merge.deep_merge import Combiner
from universal_sync_core.merge.difference import is_equal
from universal_sync_core.merge.history import HISTORY_FIELDS
from universal_sync_core.merge.lists import Lists
from universal_sync_core.merge.once import Once
from universal_sync_core.merge.parent_values import Item, Keys, ParentValues
from universal_sync_core.merge.read_ahead import read_together
from universal_sync_core.values.budget import Cost
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.paths import Each, Pattern
from universal_sync_core.values.pointer import has_mark, kind_of, unescape_key
from universal_sync_core.values.timestamps import time_of

# Fields of the bag over which branches cannot disagree.
_JOINED: Final = CONTROL_FIELDS_NEVER_OFFLOAD | HISTORY_FIELDS | {STALE_RESULT, *ABOUT_OUTPUTS}

# The cost of reporting a conflict again: decoding this many values takes as long.
_REPORTED: Final = 16


@dataclass(slots=True, kw_only=True)
class Conflicts:
    """Decides between branches, and keeps a report of each decision.

    Attributes:
        unit: its strategies say which lists are joined; these are never in conflict.
        parent: the bag that the branches are joined into.
        names: the id of each branch.
        strategy: `latest` by timestamp, `first` or `last` in branch order, `collect` all values
            in a list, or `fail`.
        reports: `{path, branches, strategy, taken_from}` of every conflict so far.
    """

    unit: UnitOfWork
    parent: JsonObject
    names: Sequence[str]
    strategy: str = DEFAULT_CONFLICT_STRATEGY
    reports: list[JsonObject] = field(default_factory=list)
    _before: ParentValues = field(init=False)
    _maps: Once["_Settled"] = field(init=False)

    def __post_init__(self) -> None:
        """Look for what was before in the parent, and refuse an unknown strategy."""
        self._before = ParentValues(self.parent, self.unit.pages)
        self._maps = Once(self.unit.budget)
        if self.strategy not in CONFLICT_STRATEGIES:
            known = ", ".join(CONFLICT_STRATEGIES)
            message = f"unknown conflict strategy; the known ones are {known}"
            raise InvalidRequestError(message, field="branch_conflict_strategy")

    def settle(self, changes: Sequence[Change]) -> list[JsonObject]:
        """Return the deltas of the branches, in order, each leaf in at most one of them.

        Args:
            changes: the delta of each branch.

        Raises:
            MergeConflictError: there are conflicts and the strategy is `fail`.
        """
        states = [change.value[STATE] for change in changes if STATE in change.value]
        read_together([(states, (STATE,))], self.unit)
        settled = {change.branch: change.value for change in self._settle_maps(changes, ())}
        _keep_about_outputs(settled)
        self.reports.sort(key=itemgetter("path"))  # fields may be stored in any order
        if self.strategy == "fail" and self.reports:
            raise MergeConflictError([report["path"] for report in self.reports])
        return [settled[change.branch] for change in changes]

    def _settle(self, changes: Sequence[Change], keys: Keys) -> list[Change]:
        strategy = self.unit.strategies.at(_pattern(keys))
        is_merged = _is_merged(keys) and strategy is None
        if all(change.value is changes[0].value for change in changes):
            return list(changes)
        if is_joined(changes, strategy):
            by_key = strategy.key if strategy else ""
            return self._in_one(self._settle_items(changes, keys, by_key) if by_key else changes)
        # Inline maps are not encoded again for each map around them.
        if not (is_merged and holds_inline_map(changes)) and is_one_form(changes):
            return list(changes)
        kinds = set[str]()
        if is_merged:
            opened = [
                replace(change, value=self.unit.pages.opened(change.value)) for change in changes
            ]
            kinds = {kind_of(change.value) for change in opened}
            if kinds == {"map"}:
                return self._settle_maps(opened, keys)
        if "map" not in kinds and self._agree([change.final for change in changes]):
            return list(changes)
        return self._decide(changes, keys)

    def _agree(self, finals: Sequence[Json]) -> bool:
        """Tell whether all branches want the same value, or all removed it."""
        removals = sum(final is REMOVAL for final in finals)
        if removals:
            return removals == len(finals)
        first, *others = finals
        try:
            return all(is_equal(first, other, self.unit.pages) for other in others)
        except InvalidRequestError:  # a map that loses keys, and something else
            return False

    def _settle_maps(self, changes: Sequence[Change], keys: Keys) -> list[Change]:
        """Settle maps: the same ones once, and their conflicts are reported at each path to them.

        Those in S3 stay there.
        """
        if self.unit.strategies.below(_pattern(keys)):
            return self._settle_keys(changes, keys)
        before = len(self.reports)

        def settle() -> _Settled:
            settled = self._settle_keys(changes, keys)
            if len(self.reports) == before:
                return _Settled(list(changes), [], _path(keys))
            pairs = zip(changes, settled, strict=True)
            settled = [self._stored(new) if has_mark(old.value) else new for old, new in pairs]
            return _Settled(settled, self.reports[before:], _path(keys))

        told = ((change.branch, change.time) for change in changes)
        known = self._maps.of([change.value for change in changes], settle, keys[0], *told)
        if len(self.reports) == before and known.reports:
            self.unit.budget.spend(Cost(values=_REPORTED * len(known.reports)), _path(keys))
            self.reports += known.reports_at(_path(keys))
        return known.changes

    def _stored(self, change: Change) -> Change:
        return replace(change, value=self.unit.pages.store(change.value).render())

    def _settle_keys(self, changes: Sequence[Change], keys: Keys) -> list[Change]:
        """Settle the keys of maps one by one; a key that only one branch names has no conflict."""
        by_key: dict[str, list[Change]] = {}
        for change in changes:
            entries = self.unit.pages.map_of(change.value) or {}
            time = time_of(entries, self.unit.pages.resolve)
            own = change.time if time is None else time
            for key, value in entries.items():
                by_key.setdefault(key, []).append(replace(change, value=value, time=own))
        settled: dict[int, JsonObject] = {change.branch: {} for change in changes}
        for key, wanted_by in by_key.items():
            for change in self._settle_key(wanted_by, keys, key):
                settled[change.branch][key] = change.value
        return [replace(change, value=settled[change.branch]) for change in changes]

    def _settle_items(self, changes: Sequence[Change], keys: Keys, key: str) -> list[Change]:
        """Settle the items that several branches name, of lists that are merged by key."""
        lists, before = Lists(self.unit.pages), len(self.reports)
        self.unit.pages.members([(change.value, None) for change in changes])
        several = [list(lists.items(change.value)) for change in changes]
        shared = lists.shared(several, key)
        pattern = _pattern((*keys, Item(key, b"")))
        groups = ([several[n][place] for n, place in places.items()] for _, places in shared)
        read_together(((group, pattern) for group in groups), self.unit)
        for identity, places in shared:
            wanted = [replace(changes[n], value=several[n][place]) for n, place in places.items()]
            settled = self._settle(wanted, (*keys, Item(key, identity)))
            parts = {change.branch: change.value for change in settled}
            for n, place in places.items():
                several[n][place] = parts.get(changes[n].branch, REMOVAL)
        if len(self.reports) == before:
            return list(changes)
        left = [[item for item in items if item is not REMOVAL] for items in several]
        return [replace(change, value=items) for change, items in zip(changes, left, strict=True)]

    def _in_one(self, changes: Sequence[Change]) -> list[Change]:
        """Return changes that add to a list, with neighbours that are inline as one change.

        Each change is looked for in the whole list, which would take too long for many branches.
        """
        lists, fewer = Lists(self.unit.pages), list[Change]()
        for joins, several in groupby(changes, lambda change: is_inline(change.value)):
            together = list(several)
            if joins:
                items = [item for change in together for item in lists.as_list(change.value)]
                together = [replace(together[-1], value=items)]
            fewer += together
        return fewer

    def _settle_key(self, wanted_by: Sequence[Change], keys: Keys, key: str) -> Sequence[Change]:
        if keys:
            return self._settle(wanted_by, (*keys, key))
        if key in _JOINED:
            return wanted_by
        # A branch may have a field of its own under the name of another one's archive.
        archives = [change for change in wanted_by if archive_of({key: change.value})]
        others = [change for change in wanted_by if not archive_of({key: change.value})]
        return [*archives, *(self._settle(others, (key,)) if others else ())]

    def _decide(self, changes: Sequence[Change], keys: Keys) -> list[Change]:
        # A list of values is none that the state machine, or the next step, can read there.
        is_read = self.strategy == "collect" and keys[0] in READ_BY_MACHINE
        strategy = DEFAULT_CONFLICT_STRATEGY if is_read else self.strategy
        winner = taken(changes, strategy)
        report = {
            "path": _path(keys),
            "branches": [self.names[change.branch] for change in changes],
            "strategy": strategy,
        }
        if strategy == "collect":
            self.reports.append(report)
            return [replace(winner, value=self._collected(changes, keys))]
        self.reports.append(report | {"taken_from": self.names[winner.branch]})
        return [winner]

    def _collected(self, changes: Sequence[Change], keys: Keys) -> Json:
        """Return the values of all branches, each whole, as its branch left it."""
        found = self._before.at(keys)
        values = [
            {"branch_id": self.names[change.branch], **self._wanted(change, keys, found)}
            for change in changes
        ]
        # A list that grows would add the values to what it has.
        grows = found and self.unit.strategies.at(_pattern(keys))
        return Replacement(values) if grows else values

    def _wanted(self, change: Change, keys: Keys, found: Sequence[Json]) -> JsonObject:
        if change.final is REMOVAL:
            return {"removed": True}
        return {"value": self._whole(change, keys, found)}

    def _whole(self, change: Change, keys: Keys, found: Sequence[Json]) -> Json:
        pattern = _pattern(keys)
        if not found or not (_is_merged(keys) or self.unit.strategies.at(pattern)):
            return change.final
        return Combiner(self.unit, by_time=False).combine(found[0], change.value, pattern)


class _Settled(NamedTuple):
    """What came of some maps.

    Attributes:
        changes: what each branch is to bring.
        reports: of their conflicts.
        path: where they were when they were settled.
    """

    changes: list[Change]
    reports: list[JsonObject]
    path: str

    def reports_at(self, path: str) -> Iterator[JsonObject]:
        """Yield the reports as they are for the same maps at another path."""
        for report in self.reports:
            yield report | {"path": path + report["path"].removeprefix(self.path)}


def _path(keys: Keys) -> str:
    """Return the dotted path of some keys, with the names that the user gave."""
    names = ("[]" if isinstance(step, Item) else f".{unescape_key(step)}" for step in keys)
    return "".join(names).removeprefix(".")


def _pattern(keys: Keys) -> Pattern:
    return tuple(Each.EACH if isinstance(step, Item) else step for step in keys)


def _is_merged(keys: Keys) -> bool:
    """Tell whether maps at a path are merged key by key; any field but the state is one leaf."""
    return len(keys) > 1 or keys[0] == STATE


def _keep_about_outputs(settled: Mapping[int, JsonObject]) -> None:
    """Keep the fields that describe a list of outputs only beside such a list, if there is one."""
    if any(OUTPUTS in delta for delta in settled.values()):
        for delta in settled.values():
            for name in ABOUT_OUTPUTS if OUTPUTS not in delta else ():
                delta.pop(name, None)
