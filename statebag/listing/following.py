"""What begins and what ends while somebody watches."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from statebag.account.aws import Cloud
from statebag.executions.executions import Executions, Listed
from statebag.listing.conditions import Query
from statebag.listing.feed import Feed
from statebag.listing.rows import Row, row_of


class Follower:
    """Remembers what runs, and tells at each look what has begun and what has ended since.

    It keeps no more in memory than what runs.
    """

    def __init__(self, cloud: Cloud, machines: Sequence[str], query: Query) -> None:
        """Begin with what runs now."""
        self._executions = Executions(cloud.states)
        self._machines = machines
        self._query = query
        self._feed = Feed(cloud, machines, query)
        self._newest = datetime.now(UTC)
        self._living = {each.arn: each for each in self._running()}

    def news(self, wait: Callable[[], None]) -> Iterator[Row]:
        """Yield executions as they begin, and again as they end, for as long as `wait` returns."""
        while True:
            wait()
            yield from filter(self._query.accepts, map(self._told, self._changed()))

    def _changed(self) -> list[Listed]:
        """Return what has begun or ended since the last look, the oldest first."""
        living = {each.arn: each for each in self._running()}
        begun = {each.arn: each for each in self._started_since()}
        self._newest = max([self._newest, *(each.started for each in begun.values())])
        ended = [self._now(each) for each in self._living.values() if each.arn not in living]
        new = [each for each in begun.values() if each.arn not in self._living]
        self._living = living
        return sorted([*new, *ended], key=lambda each: each.started)

    def _running(self) -> Iterator[Listed]:
        for machine in self._machines:
            for page in self._executions.pages_of(machine, "RUNNING"):
                yield from page

    def _started_since(self) -> Iterator[Listed]:
        """Yield what was started since the newest that was seen, and that one again."""
        for machine in self._machines:
            for page in self._executions.pages_of(machine):
                new = [each for each in page if each.started > self._newest]
                yield from new
                if len(new) < len(page):
                    break

    def _now(self, listed: Listed) -> Listed:
        told = self._executions.describe(listed.arn)
        return Listed(told.arn, told.machine_arn, told.status, told.started, told.stopped)

    def _told(self, listed: Listed) -> Row:
        return self._feed.known(row_of(listed, ""))
