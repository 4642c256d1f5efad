"""Executions by what their final state has at a path."""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from statebag.account.aws import Cloud
from statebag.account.deployment import place_of_machine
from statebag.account.places import Place, place_of
from statebag.errors import NotFoundError
from statebag.executions.executions import Executions
from statebag.listing.conditions import Where
from statebag.listing.feed import batches
from statebag.listing.rows import Row
from statebag.paths import render_path
from statebag.sources.sources import Source, final_state, open_source
from universal_sync_core.errors import StateTooLargeError, StoredDataError
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.values.codec import JsonObject

# States that are read side by side; each of them reads with several requests.
_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An execution whose state was looked into.

    Attributes:
        values: what the state has at the paths; None where it is not such a state.
        is_unread: whether the state cannot be read any more, or is damaged.
    """

    row: Row
    values: JsonObject | None = None
    is_unread: bool = False


class Finder:
    """Looks into the final states of executions, and reads of each only what is at the paths.

    Attributes:
        looked_at: how many states were looked into.
        unread: executions whose state could not be read.
    """

    def __init__(self, cloud: Cloud, conditions: Sequence[Where]) -> None:
        """Look for states that have all of what `conditions` say."""
        self._cloud = cloud
        self._conditions = conditions
        self._places: dict[str, Place | None] = {}
        self.looked_at = 0
        self.unread: list[str] = []

    def among(
        self, rows: Iterable[Row], told: Callable[[int], None] = lambda _: None
    ) -> Iterator[Found]:
        """Yield those of the executions that have such a state, in their order.

        Args:
            rows: the executions.
            told: is told how many were looked at.
        """
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="states") as threads:
            for batch in batches(rows, _AT_ONCE):
                # One budget for all that are read together.
                tried = functools.partial(self._tried, self._cloud.renewed())
                for row, found in zip(batch, threads.map(tried, batch), strict=True):
                    yield from self._counted(found or self._alone(row))
                told(len(batch))

    def _counted(self, found: Found) -> Iterator[Found]:
        self.looked_at += 1
        if found.is_unread:
            self.unread.append(found.row.arn)
        if found.values is not None:
            yield found

    def _tried(self, cloud: Cloud, row: Row) -> Found | None:
        """Look into a state; None where too much is read of others beside it."""
        try:
            return self._looked_into(cloud, row)
        except StateTooLargeError:
            return None

    def _alone(self, row: Row) -> Found:
        return self._tried(self._cloud.renewed(), row) or Found(row=row, is_unread=True)

    def _looked_into(self, cloud: Cloud, row: Row) -> Found:
        if not self._conditions:
            return Found(row=row, values={})
        try:
            source = self._state_of(cloud, row)
            if source is None:
                return Found(row=row, is_unread=not row.is_running)
            return Found(row=row, values=self._values(source))
        except (NotFoundError, StoredDataError):  # forgotten, deleted or damaged
            return Found(row=row, is_unread=True)

    def _state_of(self, cloud: Cloud, row: Row) -> Source | None:
        """Return the final state, by the record of the end where that leads to it.

        Raises:
            NotFoundError: Step Functions has forgotten the execution.
        """
        path = row.told("record_s3_path")
        if isinstance(path, str) and self._is_own(row, path):
            return open_source(cloud, path)
        return final_state(cloud, Executions(cloud.states).describe(row.arn))

    def _is_own(self, row: Row, path: str) -> bool:
        """Tell whether a path leads to state of an execution's workflow, where that is kept."""
        machine = row.machine_arn
        if machine not in self._places:
            self._places[machine] = place_of_machine(self._cloud, machine)
        is_of_workflow = execution_in(path) in {row.arn, row.told("execution_id")}
        return is_of_workflow and place_of(path) == self._places[machine]

    def _values(self, source: Source) -> JsonObject | None:
        """Return what stands at all paths, or None where one has something else or nothing."""
        found: JsonObject = {}
        for each in self._conditions:
            try:
                value = source.tree.whole(source.tree.at(each.steps))
            except NotFoundError:
                return None
            if not each(value):
                return None
            found[render_path(each.steps)] = value
        return found
