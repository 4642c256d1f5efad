"""Reading stored values while a worker looks at them."""

from collections.abc import Iterable, Sequence
from copy import copy

from universal_sync_core.lazy.backing import (
    InlineList,
    InlineMap,
    ListBacking,
    PagedList,
    PagedMap,
)
from universal_sync_core.lazy.in_place import Watch
from universal_sync_core.lazy.needs import Needs, stored_steps
from universal_sync_core.packs.objects import Objects
from universal_sync_core.pages.page_reader import PageReader
from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import Selection
from universal_sync_core.values.pointer import length, parse, unescape, weight_of


class Reading:
    """Reads the objects of one execution, and keeps what it has read, within one budget.

    Each time that it hands out plain values, these have a budget of their own.
    """

    def __init__(self, objects: Objects, watch: Watch | None = None) -> None:
        """Read through `objects`; `watch` notices changes of plain values that are handed out."""
        self._objects = objects
        self.pages = PageReader(objects)
        self._watch = watch

    def afresh(self) -> "Reading":
        """Return a new reading with its own budget, which keeps nothing that this one has read."""
        return Reading(renewed(self._objects))

    def opened(self, stored: Json) -> Json:
        """Return the contents of a stored map or list, or any other value itself."""
        value = self.pages.expanded(stored)
        pointer = parse(value)
        if pointer is not None and pointer.kind == "map":
            return PagedMap(pointer)
        if pointer is not None and pointer.kind == "list":
            return PagedList(pointer)
        value = value if pointer is None else self.pages.whole(pointer)
        if type(value) is dict:
            return InlineMap(value, pointer)
        return InlineList(value, pointer) if type(value) is list else value

    def handed_out(self, steps: Selection, value: Json, stored: Json) -> None:
        """Note a value that a worker gets, if changes in place are watched for."""
        if self._watch is not None and type(value) in (dict, list):
            self._watch.note(steps, value, weight_of(stored) or 0)

    def elements(self, elements: ListBacking, positions: range) -> list[Json]:
        """Return the stored elements at some positions, in ascending or descending order."""
        if positions.step > 0:
            return elements.at(positions, self.pages)
        return elements.at(positions[::-1], self.pages)[::-1]

    def prefetch(self, wanted: Iterable[tuple[Json, Needs | None]]) -> None:
        """Read in parallel what opening values, and touching what is needed of them, reads."""
        every = [(stored, stored_steps(needs, length(stored) or 0)) for stored, needs in wanted]
        self.pages.members(every)

    def plain(self, stored: Json) -> Json:
        """Return the whole plain value of a stored value or of the contents of a list."""
        return self.plain_all([stored])[0]

    def plain_all(self, stored: Sequence[Json]) -> list[Json]:
        """Return several plain values, read in parallel; the caller may change them."""
        apart = PageReader(renewed(self._objects))
        values: list[Json] = apart.resolve(list(map(self._listed, stored)), unescape=True)
        return values

    def passed_on(self, stored: Json) -> Json:
        """Return the form of a stored value in a result: pointers stay, unread."""
        return unescape(self._listed(stored))

    def _listed(self, stored: Json) -> Json:
        is_contents = isinstance(stored, ListBacking)
        return stored.at(range(len(stored)), self.pages) if is_contents else stored


def renewed(objects: Objects) -> Objects:
    """Return the same objects with a new budget."""
    renewed = copy(objects)
    renewed.budget = objects.budget.renewed()
    return renewed
