"""Gathering: writing the documents of a node together again, so that few requests read them all.

A step that changes a page writes it to its own pack, so a node whose pages were changed one after
another would take a request for each. If a change would leave the documents of its node in too many
packs, it copies the smallest groups of them into its own pack. The choice depends only on where the
documents are, so that a retried action writes the same objects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from universal_sync_core.pages.page_format import Child, TreeKind
from universal_sync_core.pages.tree_writer import TreeWriter
from universal_sync_core.values.address import Address, settled
from universal_sync_core.values.codec import Json
from universal_sync_core.values.pointer import Pointer, parse


class Spread(NamedTuple):
    """How widely the documents of one node may be spread.

    Attributes:
        packs: the number of packs that is too many.
        documents: documents per pack on average, in a node with few documents.
        factor: how many times as large as those before it a group may be that is copied with them.
    """

    packs: int
    documents: int
    factor: int


# docs/decisions.md has the measurements behind these numbers. Any page of a map may change again. A
# list grows at its end, and every step would pay for pages that do not change.
SPREAD: Final[dict[TreeKind, Spread]] = {"map": Spread(5, 3, 2), "list": Spread(12, 2, 1)}
_FEWEST_PACKS: Final = 2
_LEAST_GROUPS: Final = 2


class Gathering(TreeWriter):
    """Writes documents again, into the pack that is being written."""

    def near(self, kind: TreeKind, children: list[Child], height: int) -> list[Child]:
        """Return the children of an index object, with pages gathered if in too many packs.

        Index objects stay where they are: each is in one pack with a page of its own.
        """
        places = [child.at for child in children] if height == 1 else []
        far = self._far(places, SPREAD[kind])
        copies = self._objects.copies([settled(children[position].at) for position in far])
        near = list(children)
        for position, at in zip(far, copies, strict=True):
            near[position] = replace(children[position], at=at)
        return near

    def near_items(self, items: Mapping[Json, Json]) -> dict[Json, Json]:
        """Return the elements of a page, with the values behind pointers gathered if necessary.

        Only values that fit a page, with everything that they point to, are gathered.
        """
        found = {name: pointer for name, item in items.items() if (pointer := parse(item))}
        small = [name for name, each in found.items() if each.size <= self._page_bytes]
        places = [found[name].at for name in small]
        far = [small[position] for position in self._far(places, SPREAD["map"])]
        self.load_behind([found[name] for name in far])
        return {**items, **{name: self._written_again(found[name]) for name in far}}

    def _written_again(self, pointer: Pointer) -> Json:
        is_marked = pointer.kind == "list" and self.root(pointer).is_marked
        again = self.store(self.whole(pointer), marked=is_marked)
        return again.with_beside(pointer.beside).render()

    def _far(self, places: Sequence[Address], spread: Spread) -> list[int]:
        """Return the positions of the documents to write again; only those of this execution."""
        home = self._objects.home
        found = {position: settled(at) for position, at in enumerate(places)}
        own = [position for position, at in found.items() if at.path.startswith(home)]
        open_pack = self._objects.open_pack
        return [own[at] for at in scattered([found[at] for at in own], open_pack, spread)]


def scattered(places: Sequence[Address], own: str | None, spread: Spread) -> list[int]:
    """Return the positions of the documents to write together again.

    They are the smallest groups with one pack each: at least two, and then each further group that
    is not too large beside all before it together. So a document is copied again only into a group
    that is larger by half, or twice as large in a list, and the number of copies grows with the
    logarithm of the number of documents.

    Args:
        places: the places of documents that are read together.
        own: the pack that is being written.
        spread: how far they may be spread.
    """
    groups: dict[str, list[int]] = {}
    for position, at in enumerate(places):
        groups.setdefault(at.path, []).append(position)
    groups.pop(own or "", None)
    most = min(spread.packs, max(_FEWEST_PACKS, len(places) // spread.documents))
    if len(groups) < most:
        return []
    sized = sorted((sum(places[at].length for at in group), group) for group in groups.values())
    chosen: list[int] = []
    total = 0
    for number, (size, group) in enumerate(sized):
        if number >= _LEAST_GROUPS and size > spread.factor * total:
            break
        chosen += group
        total += size
    return sorted(chosen)
