"""Where parallel branches changed the same leaf differently, and who wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Final

from universal_sync_core.bag import (
    CONTROL_FIELDS_NEVER_OFFLOAD,
    OUTPUTS,
    STALE_RESULT,
    STATE,
    TOLD_WITH_OUTPUTS,
    archive_of,
)
from universal_sync_core.call import Call
from universal_sync_core.codec import Json, JsonObject, encode
from universal_sync_core.combine import Replacement
from universal_sync_core.difference import is_equal
from universal_sync_core.errors import InvalidRequestError, MergeConflictError
from universal_sync_core.history import HISTORY_FIELDS
from universal_sync_core.pointer import is_map, parse, unescape_key
from universal_sync_core.strategies import Strategy
from universal_sync_core.timestamps import time_of

CONFLICT_STRATEGIES: Final = ("latest", "first", "last", "collect", "fail")
DEFAULT_STRATEGY: Final = "latest"

# Fields of the bag over which branches cannot disagree.
_JOINED: Final = CONTROL_FIELDS_NEVER_OFFLOAD | HISTORY_FIELDS | {STALE_RESULT, *TOLD_WITH_OUTPUTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one branch wants at one path.

    Attributes:
        branch: its position among the branches.
        value: the new value; of a map only what changed.
        time: when the branch, or the innermost map that tells, was last touched.
    """

    branch: int
    value: Json
    time: int | None = None

    @property
    def final(self) -> Json:
        """What is to stand at the path."""
        return self.value.value if isinstance(self.value, Replacement) else self.value


@dataclass(slots=True, kw_only=True)
class Conflicts:
    """Decides between branches, and keeps a report of each decision.

    Attributes:
        call: its strategies say which lists are joined, and so never in conflict.
        names: the id of each branch.
        strategy: `latest` by timestamp, `first` or `last` in branch order, `collect` all values
            in a list, or `fail`.
        reports: `{path, branches, strategy, taken_from}` of every conflict so far.
    """

    call: Call
    names: Sequence[str]
    strategy: str = DEFAULT_STRATEGY
    reports: list[JsonObject] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse an unknown strategy."""
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
        settled = {change.branch: change.value for change in self._settle_maps(changes, "")}
        _tell_of_outputs(settled)
        self.reports.sort(key=itemgetter("path"))  # in whatever order the fields are stored
        if self.strategy == "fail" and self.reports:
            raise MergeConflictError([report["path"] for report in self.reports])
        return [settled[change.branch] for change in changes]

    def _settle(self, changes: Sequence[Change], path: str, *, merged: bool) -> list[Change]:
        strategy = self.call.strategies.at(path)
        if len(changes) == 1 or _is_joined(changes, strategy) or _is_one_form(changes):
            return list(changes)
        if merged and strategy is None:
            opened = [
                replace(change, value=self.call.pages.opened(change.value)) for change in changes
            ]
            if all(is_map(change.value) for change in opened):
                return self._settle_maps(opened, path)
        first, *others = (change.final for change in changes)
        if all(is_equal(first, other, self.call.pages) for other in others):
            return list(changes)
        return self._decide(changes, path)

    def _settle_maps(self, changes: Sequence[Change], path: str) -> list[Change]:
        """Settle the keys of maps one by one; what only one branch names is its own."""
        opened = [self._opened(change) for change in changes]
        by_key: dict[str, list[Change]] = {}
        for change, entries in opened:
            for key, value in entries.items():
                wanted = Change(branch=change.branch, value=value, time=change.time)
                by_key.setdefault(key, []).append(wanted)
        settled: dict[int, JsonObject] = {change.branch: {} for change in changes}
        for key, wanted_by in by_key.items():
            name = unescape_key(key)
            inner = f"{path}.{name}" if path else name
            for change in self._settle_key(key, wanted_by, inner):
                settled[change.branch][key] = change.value
        return [
            Change(branch=change.branch, value=settled[change.branch], time=change.time)
            for change in changes
        ]

    def _settle_key(self, key: str, wanted_by: Sequence[Change], path: str) -> Sequence[Change]:
        is_field = path == unescape_key(key)
        if is_field and (key in _JOINED or archive_of({key: wanted_by[0].value})):
            return wanted_by
        # Any field but the state is one leaf.
        return self._settle(wanted_by, path, merged=not is_field or key == STATE)

    def _opened(self, change: Change) -> tuple[Change, Mapping[str, Json]]:
        pointer = parse(change.value)
        entries = self.call.pages.entries(pointer) if pointer else change.value
        time = time_of(entries, self.call.pages.resolve)
        own = change.time if time is None else time
        return Change(branch=change.branch, value=change.value, time=own), entries

    def _decide(self, changes: Sequence[Change], path: str) -> list[Change]:
        taken = self._taken(changes)
        report = {
            "path": path,
            "branches": [self.names[change.branch] for change in changes],
            "strategy": self.strategy,
        }
        if self.strategy == "collect":
            self.reports.append(report)
            values = [
                {"branch_id": self.names[change.branch], "value": change.final}
                for change in changes
            ]
            return [Change(branch=taken.branch, value=values)]
        self.reports.append(report | {"taken_from": self.names[taken.branch]})
        return [taken]

    def _taken(self, changes: Sequence[Change]) -> Change:
        """Return the change that wins; of those of one time, the last in branch order."""
        if self.strategy == "first":
            return changes[0]
        if self.strategy == "latest":
            return max(changes, key=lambda change: (change.time or 0, change.branch))
        return changes[-1]


def _is_joined(changes: Sequence[Change], strategy: Strategy | None) -> bool:
    """Tell whether a strategy keeps what each branch added, so that none of it is in conflict."""
    replaced = any(isinstance(change.value, Replacement) for change in changes)
    return strategy is not None and strategy.name != "replace" and not replaced


def _is_one_form(changes: Sequence[Change]) -> bool:
    """Tell whether all want the same, seen without a read."""
    return len({encode(change.final) for change in changes}) == 1


def _tell_of_outputs(settled: Mapping[int, JsonObject]) -> None:
    """Leave what is told with a list of outputs only where such a list is, if there is one."""
    if any(OUTPUTS in delta for delta in settled.values()):
        for delta in settled.values():
            for name in TOLD_WITH_OUTPUTS if OUTPUTS not in delta else ():
                delta.pop(name, None)
