"""A page of executions, and where the next one begins."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from statebag.listing.finding import Found
from statebag.listing.rows import Row

Item = TypeVar("Item", Row, Found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Some executions, in order.

    Attributes:
        then: what names the page after this one; empty where it is the last.
    """

    items: list[Item]
    then: str = ""


def page_of(items: Iterable[Item], limit: int) -> Page[Item]:
    """Return the first `limit` items, and those that were started in the same moment as the last.

    A page is named by that moment, so that none is left out between two pages.
    """
    taken: list[Item] = []
    for item in items:
        if len(taken) >= limit and _place(item) != _place(taken[-1]):
            return Page(items=taken, then=_place(taken[-1]))
        taken.append(item)
    return Page(items=taken)


class Bounded:
    """Executions up to a number of them.

    Attributes:
        then: what names the page after the last of them; empty while there may be more.
    """

    def __init__(self, rows: Iterable[Row], most: int) -> None:
        """Let `most` of the rows through."""
        self._rows = rows
        self._most = most
        self.then = ""

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows."""
        page = ""
        for count, row in enumerate(self._rows):
            if count >= self._most and row.page != page:
                self.then = page
                return
            page = row.page
            yield row


def _place(item: Row | Found) -> str:
    return item.page if isinstance(item, Row) else item.row.page
