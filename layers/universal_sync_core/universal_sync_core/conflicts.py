"""Where parallel branches changed the same leaf differently, and who wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from universal_sync_core.bag import CONTROL_FIELDS_NEVER_OFFLOAD, STATE, archive_of
from universal_sync_core.call import Call
from universal_sync_core.codec import Json, JsonObject, encode
from universal_sync_core.combine import Replacement
from universal_sync_core.errors import InvalidRequestError, MergeConflictError
from universal_sync_core.history import HISTORY_FIELDS
from universal_sync_core.pointer import is_map, parse
from universal_sync_core.timestamps import time_of

CONFLICT_STRATEGIES: Final = ("latest", "first", "last", "collect", "fail")
DEFAULT_STRATEGY: Final = "latest"

# Fields of the bag over which branches cannot disagree.
_JOINED: Final = CONTROL_FIELDS_NEVER_OFFLOAD | HISTORY_FIELDS


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
    time: float | None = None

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
        if self.strategy == "fail" and self.reports:
            paths = ", ".join(report["path"] for report in self.reports)
            raise MergeConflictError(f"branches disagree on {paths}", field=self.reports[0]["path"])
        return [settled[change.branch] for change in changes]

    def _settle(self, changes: Sequence[Change], path: str, *, merged: bool) -> list[Change]:
        if len(changes) == 1 or self.call.strategies.at(path):
            return list(changes)
        if merged and all(is_map(change.value) for change in changes):
            return self._settle_maps(changes, path)
        if len({encode(change.final) for change in changes}) == 1:
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
            joined = not path and (key in _JOINED or archive_of({key: wanted_by[0].value}))
            inner = f"{path}.{key}" if path else key
            merged = bool(path) or key == STATE  # any other field is one leaf
            chosen = wanted_by if joined else self._settle(wanted_by, inner, merged=merged)
            for change in chosen:
                settled[change.branch][key] = change.value
        return [
            Change(branch=change.branch, value=settled[change.branch], time=change.time)
            for change in changes
        ]

    def _opened(self, change: Change) -> tuple[Change, Mapping[str, Json]]:
        pointer = parse(change.value)
        entries = self.call.pages.entries(pointer) if pointer else change.value
        time = time_of(entries)
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
            return max(changes, key=lambda change: (change.time or 0.0, change.branch))
        return changes[-1]
