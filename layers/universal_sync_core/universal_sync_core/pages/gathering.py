"""Documents of one node that are written together again, so that reading all takes few requests.

A step that changes a page writes it to a pack of its own, and a node whose pages were changed one
after another would take a request for each. So a change that leaves what its node names in too many
packs copies what lies in the smallest groups into its own. What is copied follows from the places
alone, so that a retried action writes the same objects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from universal_sync_core.pages.page_format import Child
from universal_sync_core.pages.tree_writer import TreeWriter
from universal_sync_core.values.address import Address, settled
from universal_sync_core.values.codec import Json
from universal_sync_core.values.pointer import Pointer, parse

# docs/decisions.md has the figures that these were chosen by.
MOST_PACKS: Final = 6
# Of a node with few pages the packs may be fewer, so that some pages come by each request.
_FEWEST_PACKS: Final = 2
_PAGES_FOR_A_PACK: Final = 3
_LEAST_GROUPS: Final = 2


class Gathering(TreeWriter):
    """Writes documents again, into the pack that is being written."""

    def near(self, children: list[Child], height: int) -> list[Child]:
        """Return what an index object names, with pages written together again if need be.

        Index objects stay where they are: each lies in one pack with a page of its own.
        """
        far = self._far([child.at for child in children]) if height == 1 else []
        copies = self._objects.copies([settled(children[position].at) for position in far])
        near = list(children)
        for position, at in zip(far, copies, strict=True):
            near[position] = replace(children[position], at=at)
        return near

    def near_items(self, items: Mapping[Json, Json]) -> dict[Json, Json]:
        """Return elements of a page, with values they point to written together again if need be.

        Only those are that would fit a page, with all that they point to.
        """
        found = {name: pointer for name, item in items.items() if (pointer := parse(item))}
        small = [name for name, each in found.items() if each.size <= self._page_bytes]
        far = [small[position] for position in self._far([found[name].at for name in small])]
        self.load([items[name] for name in far])
        return {**items, **{name: self._written_again(found[name]) for name in far}}

    def _written_again(self, pointer: Pointer) -> Json:
        is_marked = pointer.kind == "list" and self.root(pointer).is_marked
        again = self.store(self.resolve(pointer.render()), marked=is_marked)
        return again.with_beside(pointer.beside).render()

    def _far(self, places: Sequence[Address]) -> list[int]:
        """Return the positions of what is to be written together; that of others is not."""
        home = self._objects.home
        found = {position: settled(at) for position, at in enumerate(places)}
        own = [position for position, at in found.items() if at.path.startswith(home)]
        return [own[at] for at in scattered([found[at] for at in own], self._objects.open_pack)]


def scattered(places: Sequence[Address], own: str | None) -> list[int]:
    """Return the positions of those documents that are to be written together again.

    Those are the smallest groups of one pack each: two at least, and as many more as are each no
    larger than all before them. So a document is copied again only into a group that is twice as
    large, and how often that happens grows with the logarithm of their number.

    Args:
        places: of documents that are read together.
        own: the pack that is being written.
    """
    groups: dict[str, list[int]] = {}
    for position, at in enumerate(places):
        groups.setdefault(at.path, []).append(position)
    groups.pop(own or "", None)
    most = min(MOST_PACKS, max(_FEWEST_PACKS, len(places) // _PAGES_FOR_A_PACK))
    if len(groups) < most:
        return []
    sized = sorted((sum(places[at].length for at in group), group) for group in groups.values())
    chosen: list[int] = []
    total = 0
    for number, (size, group) in enumerate(sized):
        if number >= _LEAST_GROUPS and size > total:
            break
        chosen += group
        total += size
    return sorted(chosen)
