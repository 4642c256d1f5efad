"""The executions of state machines: those that live, those that ended, and those long ago.

Step Functions lists what runs and what ended in the last 90 days. What ended before that is in the
records alone. Each part of the list is newest first. A place in it is named by the part and by a
time, or by a record.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Final, TypeVar

from statebag.account.aws import Cloud
from statebag.account.deployment import place_of_machine
from statebag.account.places import Place
from statebag.errors import NotFoundError, RefusedError
from statebag.executions.executions import RUNNING, SUCCEEDED, Executions, Listed
from statebag.listing.conditions import Query
from statebag.listing.ended import names_newest_first, record_at
from statebag.listing.rows import Row, moment_in, row_of, row_of_record
from universal_sync_core.limits import STEP_FUNCTIONS_KEPT_DAYS
from universal_sync_core.retention.ended import RecordName
from universal_sync_core.storage.parallel import MAX_REQUESTS_AT_ONCE, in_parallel

Item = TypeVar("Item")

# The parts of the list, in their order.
LIVING: Final = "living"
ENDED: Final = "ended"
EARLIER: Final = "earlier"
FORGOTTEN: Final = "forgotten"
_PARTS: Final = (LIVING, ENDED, EARLIER, FORGOTTEN)
_LIVES: Final = "RUNNING"
# Longest for which the end of an execution may go without a record.
_UNRECORDED: Final = timedelta(days=1)


class Feed:
    """Lists executions part by part, reading on only as far as somebody looks."""

    def __init__(
        self, cloud: Cloud, machines: Sequence[str], query: Query, *, reads_records: bool = True
    ) -> None:
        """Look at some state machines; only where their state is, is asked for at once.

        Args:
            cloud: where they are.
            machines: their ARNs.
            query: what is wanted.
            reads_records: whether to look into the bucket as well, or only to ask Step Functions.
        """
        self._cloud = cloud
        self._machines = machines
        self._query = query
        self._executions = Executions(cloud.states)
        asked = machines if reads_records else ()
        self._places = {each: place_of_machine(cloud, each) for each in asked}
        self._forgotten = datetime.now(UTC) - timedelta(days=STEP_FUNCTIONS_KEPT_DAYS)
        recorded = cloud.stack.machines if cloud.stack and query.since and reads_records else ()
        # The ends of these are recorded, so that the records tell what ended since a time.
        self._recorded = frozenset(recorded)
        self._listed_since = query.since and query.since - _UNRECORDED
        self._gone: set[str] = set()

    def rows(self, page: str = "", at_once: int = MAX_REQUESTS_AT_ONCE) -> Iterator[Row]:
        """Yield the executions that are asked for, from a place in the list on.

        Args:
            page: the place; empty for the beginning.
            at_once: how many are read of together.

        Raises:
            RefusedError: `page` names no place.
        """
        part, at = _place_in(page)
        ways = (self._living, self._ended, self._earlier, self._recorded_alone)
        first = _PARTS.index(part)
        if part in {EARLIER, FORGOTTEN}:  # which machines are gone is seen by listing them
            deque((next(self._stream(each, None), None) for each in self._machines), maxlen=0)
        parts = (way(at if way is ways[first] else "") for way in ways[first:])
        for batch in batches(chain.from_iterable(parts), min(at_once, MAX_REQUESTS_AT_ONCE)):
            yield from filter(self._query.accepts, in_parallel(self.known, batch))

    def _living(self, at: str) -> Iterator[Row]:
        if not self._query.statuses or _LIVES in self._query.statuses:
            yield from self._listed(LIVING, at, (_LIVES,))

    def _ended(self, at: str) -> Iterator[Row]:
        chosen = [each for each in self._query.statuses if each not in RUNNING]
        if chosen or not self._query.statuses:
            yield from self._listed(ENDED, at, chosen or (None,))

    def _listed(self, part: str, at: str, statuses: Iterable[str | None]) -> Iterator[Row]:
        """Yield what Step Functions lists, by the time of its start, after `at`."""
        streams = [self._stream(each, status) for each in self._machines for status in statuses]
        before = moment_in(at)
        for listed in heapq.merge(*streams, key=_age):
            is_of_part = (listed.status in RUNNING) == (part == LIVING)
            is_kept = listed.stopped is None or listed.stopped >= self._forgotten
            is_after = before is None or listed.started < before
            if is_of_part and is_kept and is_after and self._query.may_accept(listed):
                yield row_of(listed, f"{part}/{listed.started.astimezone(UTC).isoformat()}")

    def _stream(self, machine: str, status: str | None) -> Iterator[Listed]:
        is_recorded = machine in self._recorded and status != _LIVES
        since = self._listed_since if is_recorded else None
        try:
            for page in self._executions.pages_of(machine, status):
                for listed in page:
                    if since is not None and listed.started < since:
                        return  # which of these ended later, the records tell
                    yield listed
        except NotFoundError:  # deleted: its records may be there
            self._gone.add(machine)

    def _earlier(self, at: str) -> Iterator[Row]:
        """Yield what began before the time asked for and ended after it, as recorded."""
        since, listed_since = self._query.since, self._listed_since
        if since is None or listed_since is None or not self._recorded:
            return
        for row in self._records(EARLIER, at, since=max(since, self._forgotten)):
            began = row.started is None or row.started < listed_since
            if row.machine_arn in self._recorded - self._gone and began:
                yield row

    def _recorded_alone(self, at: str) -> Iterator[Row]:
        """Yield what Step Functions has forgotten, or has no state machine of any more."""
        if self._query.statuses and set(self._query.statuses) <= set(RUNNING):
            return
        for row in self._records(FORGOTTEN, at, since=self._query.since):
            is_old = row.stopped is not None and row.stopped < self._forgotten
            if row.machine_arn in self._gone or (is_old and row.machine_arn in self._machines):
                yield row

    def _records(self, part: str, at: str, since: datetime | None) -> Iterator[Row]:
        places = {place for place in self._places.values() if place is not None}
        last = None if part == EARLIER or self._gone else RecordName(self._forgotten, "~")
        before = RecordName.in_key(at) if at else last
        streams = [self._named(place, since, before) for place in places]
        found = heapq.merge(*streams, key=lambda each: each[1], reverse=True)
        for batch in batches(found, MAX_REQUESTS_AT_ONCE):
            read = in_parallel(lambda each: record_at(self._cloud, *each), batch)
            for (_, name), record in zip(batch, read, strict=True):
                if record is not None:
                    row = row_of_record(record, f"{part}/{_text(name)}")
                    if self._query.may_accept(row):
                        yield row

    def _named(
        self, place: Place, since: datetime | None, before: RecordName | None
    ) -> Iterator[tuple[Place, RecordName]]:
        for name in names_newest_first(self._cloud, place, since=since, before=before):
            yield place, name

    def known(self, row: Row) -> Row:
        """Return an execution with what its record tells or, without one, Step Functions."""
        if row.record is not None or row.stopped is None:
            return row
        place = self._places.get(row.machine_arn)
        name = RecordName.at(row.arn, row.stopped)
        record = record_at(self._cloud, place, name) if place else None
        if record is not None and record["execution_arn"] == row.arn:
            error = record.get("error")
            return replace(row, record=record, error=error if type(error) is str else None)
        if row.status == SUCCEEDED:
            return row
        with suppress(NotFoundError):  # it is being forgotten
            return replace(row, error=self._executions.describe(row.arn).error)
        return row


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield items so many at a time."""
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch


def _place_in(page: str) -> tuple[str, str]:
    """Return the part of the list that a place in it names, and where in that part."""
    part, _, at = page.partition("/")
    known = moment_in(at) if part in (LIVING, ENDED) else RecordName.in_key(at)
    if not page:
        return LIVING, ""
    if part not in _PARTS or known is None:
        hint = "Give the page that the list before it names, or leave it out for the first."
        raise RefusedError(f"this is not a page of a list: {page}", hint=hint)
    return part, at


def _age(listed: Listed) -> tuple[float, str]:
    return -listed.started.timestamp(), listed.arn


def _text(name: RecordName) -> str:
    return f"{name.stopped:%Y-%m-%d/%H%M%S}-{name.digest}.json"
