"""Branches that join without limits: who wins where they disagree."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.simulation import merging
from tests.simulation.comparing import Plain, same
from tests.simulation.forking import changed
from tests.simulation.merging import GONE, HISTORY, STATE, Replaced, Rules
from tests.simulation.oracle import advance, stop

# How long the list of outputs is: it goes with the list that stands in the end.
_OUTPUTS: Final = "distributed_outputs"
_TOLERATED: Final = "tolerated_branch_failures"
_TOLD_WITH_OUTPUTS: Final = "chunk_count"
# Fields of which the machine needs one value.
_OF_MACHINE: Final = ("preview_paths", "tolerated_failed_items", "items_per_batch")


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one branch wants at one place, and when it or the map around it was touched."""

    branch: int
    value: Any
    time: float

    @property
    def is_anew(self) -> bool:
        """Whether nothing is left of what was there."""
        return self.value == GONE or isinstance(self.value, Replaced)

    @property
    def final(self) -> Any:
        """What is to stand at the place."""
        return self.value.value if isinstance(self.value, Replaced) else self.value


@dataclass(kw_only=True)
class Joining:
    """One join of branches.

    Attributes:
        strategies: of the event.
        names: ids of the branches.
        how: the conflict strategy.
        conflicts: reports of the places where branches disagreed.
    """

    strategies: Plain
    names: list[str]
    how: str
    conflicts: list[Plain] = field(default_factory=list)

    def settle(self, changes: list[Change], rules: Rules, before: Plain) -> list[Change]:
        """Return what is left of the changes of one place, after conflicts.

        Args:
            changes: of the branches that have any.
            rules: of the place.
            before: what is there already, as the one entry of a map; empty where nothing is.
        """
        joined = rules.grows and not any(change.is_anew for change in changes)
        if len(changes) == 1 or joined:
            by_key = joined and isinstance(rules.strategy, dict) and len(changes) > 1
            return self.settle_items(changes, rules, before) if by_key else changes
        if (
            _is_merged(rules.path)
            and not rules.grows
            and all(isinstance(each.value, dict) for each in changes)
        ):
            return self.settle_maps(changes, rules, next(iter(before.values()), {}))
        if all(same(change.final, changes[0].final) for change in changes):
            return changes
        return [self._decided(changes, rules, before)]

    def settle_items(self, changes: list[Change], rules: Rules, before: Plain) -> list[Change]:
        """Settle, item by item, lists that are merged by key."""
        several = [_items(change.value) for change in changes]
        places: dict[str, dict[int, int]] = {}
        for number, items in enumerate(several):
            for position, identity in _identified(items, rules):
                places.setdefault(identity, {}).setdefault(number, position)
        known = _items(next(iter(before.values()), None))
        there = {identity: known[at] for at, identity in reversed([*_identified(known, rules)])}
        for identity, found in places.items():
            parts = [replace(changes[n], value=several[n][at]) for n, at in found.items()]
            item = {"": there[identity]} if identity in there else {}
            settled = self.settle(parts, rules.at("[]"), item)
            for (number, position), part in zip(found.items(), settled, strict=True):
                several[number][position] = part.value
        return [replace(each, value=items) for each, items in zip(changes, several, strict=True)]

    def settle_maps(self, changes: list[Change], rules: Rules, before: Any) -> list[Change]:
        """Settle maps key by key."""
        by_key: dict[str, list[Change]] = {}
        for change in changes:
            time = merging.moment(change.value)
            at = change.time if time is None else time
            for key, value in change.value.items():
                wanted = Change(branch=change.branch, value=value, time=at)
                by_key.setdefault(key, []).append(wanted)
        settled: dict[int, Plain] = {change.branch: {} for change in changes}
        for key, wanted_by in by_key.items():
            inner = rules.at(f".{key}") if rules.path else rules.at(key)
            joined = not rules.path and key in (HISTORY, _TOLD_WITH_OUTPUTS)
            there = {key: before[key]} if isinstance(before, dict) and key in before else {}
            for change in wanted_by if joined else self.settle(wanted_by, inner, there):
                settled[change.branch][key] = change.value
        return [
            Change(branch=change.branch, value=settled[change.branch], time=change.time)
            for change in changes
        ]

    def _decided(self, changes: list[Change], rules: Rules, before: Plain) -> Change:
        by_time = max(changes, key=lambda change: (change.time, change.branch))
        how = "latest" if self.how == "collect" and rules.path in _OF_MACHINE else self.how
        taken = {"latest": by_time, "first": changes[0]}.get(how, changes[-1])
        names = [self.names[change.branch] for change in changes]
        report: Plain = {"path": rules.path, "branches": names, "strategy": how}
        if how != "collect":
            self.conflicts.append(report | {"taken_from": self.names[taken.branch]})
            return taken
        self.conflicts.append(report)
        values = [
            {"branch_id": self.names[change.branch], **_told(change, rules, before)}
            for change in changes
        ]
        whole = Replaced(values) if before and rules.strategy else values
        return Change(branch=taken.branch, value=whole, time=taken.time)


def _is_merged(path: str) -> bool:
    """Tell whether maps at a place are merged key by key: in the state, and in items."""
    return path == STATE or path.startswith(f"{STATE}.") or "[]" in path


def _items(value: Any) -> list[Any]:
    return [] if value is None else [*merging.as_list(value)]


def _identified(items: list[Any], rules: Rules) -> Iterator[tuple[int, str]]:
    """Yield the position of each item that its key tells, with what tells it."""
    for position, item in enumerate(items):
        identity = merging.identity(item, rules.strategy["key"])
        if identity is not None:
            yield position, identity


def _told(change: Change, rules: Rules, before: Plain) -> Plain:
    if change.value == GONE:
        return {"removed": True}
    merged = _is_merged(rules.path) or rules.strategy
    if change.is_anew or not before or not merged:
        return {"value": change.final}
    there = next(iter(before.values()))
    return {
        "value": merging.combine(there, change.value, Rules(**vars(rules) | {"by_time": False}))
    }


def join(
    parent: Plain, ends: list[tuple[Plain, Plain | None, float]], strategies: Plain
) -> tuple[Plain, list[Plain]]:
    """Return the parent's bag with its branches joined, and the conflicts there were.

    Args:
        parent: its bag.
        ends: of each branch what it answered, its bag or None where it has none to give, and
            when that was last touched.
        strategies: of the event.
    """
    joining = Joining(
        strategies=strategies,
        names=[answered["branch_id"] for answered, _, _ in ends],
        how=parent.get("branch_conflict_strategy", "latest"),
    )
    rules = Rules(path="", strategies=strategies)
    changes = [
        Change(branch=index, value=changed(parent, bag, rules) if bag else {}, time=time)
        for index, (_, bag, time) in enumerate(ends)
    ]
    outputs = _outputs_by_branch([bag for _, bag, _ in ends], changes, rules)
    merged = parent
    settled = joining.settle_maps(changes, rules, parent)
    any_outputs = any(_OUTPUTS in change.value for change in settled)
    for change in settled:
        if any_outputs and _OUTPUTS not in change.value:
            change.value.pop(_TOLD_WITH_OUTPUTS, None)
        merged = merging.merge(merged, change.value, strategies, by_time=False)
    conflicts = [*joining.conflicts, *_conflicts_within(parent, joining.names, ends)]
    told = [(bag or {}).get("stopped_by", {}) | answered for answered, bag, _ in ends]
    delta = _summary(parent, told, conflicts, outputs)
    if "status" in delta:
        counts = f"{len(delta['failed_segments'])} of {len(ends)} branches"
        merged |= stop(counts, _TOLERATED, _tolerated(parent, len(ends)))
    after = advance(parent, merging.merge(merged, delta, strategies), delta, "aggregate_branches")
    if "execution_segments" in after:
        for report in delta["branch_results"]:
            ran = (report.get("segments_run") or 0) + (report.get("waits") or 0)
            after["execution_segments"] += 2 + report.get("segments_in_parent", ran)
    return after, joining.conflicts


def _outputs_by_branch(
    bags: list[Plain | None], changes: list[Change], rules: Rules
) -> dict[int, Any]:
    """Take out what the maps of branches gave, where more than one of them mapped."""
    mapped = [
        index
        for index, (bag, change) in enumerate(zip(bags, changes, strict=True))
        if bag and "segments_in_parent" in bag and _OUTPUTS in change.value
    ]
    if len(mapped) == 1 or rules.at(_OUTPUTS).grows:
        return {}
    for index in mapped:
        changes[index].value.pop(_TOLD_WITH_OUTPUTS, None)
    return {index: changes[index].value.pop(_OUTPUTS) for index in mapped}


def _conflicts_within(
    parent: Plain, names: list[str], ends: list[tuple[Plain, Plain | None, float]]
) -> Iterator[Plain]:
    """Yield the conflicts in groups of the branches' own."""
    known = parent.get("branch_conflicts")
    for name, (_, bag, _) in zip(names, ends, strict=True):
        told = bag.get("branch_conflicts", known) if bag and "segments_in_parent" in bag else known
        if not same(told, known):
            yield from ({**each, "within": [name, *each.get("within", ())]} for each in told or [])


def _summary(
    parent: Plain, answered: list[Plain], conflicts: list[Plain], outputs: dict[int, Any]
) -> Plain:
    failure = ("error", "cause", "record_s3_path")
    told = ("branch_id", "status", *failure, "segments_run", "waits", "segments_in_parent")
    reports = [
        {"index": index} | {name: end[name] for name in told if end.get(name) is not None}
        for index, end in enumerate(answered)
    ]
    results = [
        report | ({_OUTPUTS: outputs[index]} if index in outputs else {})
        for index, report in enumerate(reports)
    ]
    delta: Plain = {"branch_results": results}
    if conflicts or "branch_conflicts" in parent:
        delta["branch_conflicts"] = conflicts
    failed = [report for report in reports if report["status"] == "FAILED"]
    if failed:
        delta["failed_segments"] = failed
    if len(failed) > _tolerated(parent, len(answered)):
        delta["status"] = "FAILED"
    return delta


def _tolerated(parent: Plain, branches: int) -> int:
    tolerated: int = parent.get(_TOLERATED, max(0, branches - 1))
    return tolerated
