"""The product without one of its mends: the simulation has to find each of these again."""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Final
from unittest import mock

from tests.simulation.clock import product_modules
from universal_sync_core.bag.strategies import Strategy
from universal_sync_core.merge import conflicts
from universal_sync_core.merge.branch_changes import Removal, Replacement
from universal_sync_core.packs.objects import Objects
from universal_sync_core.pages.page_reader import PageReader
from universal_sync_core.storage.known import KnownObjects
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.pointer import parse


@contextmanager
def known_before_it_is_stored() -> Iterator[None]:
    """A pack counts as stored when it is on its way, and not when the store has taken it."""
    send = Objects._send

    def sent(objects: Objects, item: Any) -> None:
        objects._seen.note([item[0]])
        send(objects, item)

    with mock.patch.object(Objects, "_send", sent):
        yield


@contextmanager
def known_for_ever() -> Iterator[None]:
    """What a container has seen once counts as stored for as long as it is warm."""

    def contains(known: KnownObjects, path: str) -> bool:
        return path in known._seen

    with mock.patch.object(KnownObjects, "__contains__", contains):
        yield


@contextmanager
def compressed_values_as_maps() -> Iterator[None]:
    """Branches' compressed values are merged as what they look like."""

    def opened(_: PageReader, value: Json) -> Json:
        return value

    settle = conflicts.Conflicts._settle

    def settled(self: Any, *args: Any, **more: Any) -> Any:
        with mock.patch.object(PageReader, "opened", opened):
            return settle(self, *args, **more)

    with mock.patch.object(conflicts.Conflicts, "_settle", settled):
        yield


@contextmanager
def pages_by_their_path() -> Iterator[None]:
    """Values of branches that lie in other pages are others."""

    def equal(left: Json, right: Json, _: PageReader) -> bool:
        ours, theirs = parse(left), parse(right)
        if ours and theirs:
            return ours.path == theirs.path
        return encode(left) == encode(right)

    with mock.patch.object(conflicts, "is_equal", equal):
        yield


@contextmanager
def replaced_without_a_word() -> Iterator[None]:
    """A list that is replaced counts as joined, so branches never disagree on it."""

    def joined(changes: Any, strategy: Strategy | None) -> bool:
        replaced = any(isinstance(each.value, Replacement | Removal) for each in changes)
        return strategy is not None and not replaced

    with mock.patch.object(conflicts, "is_joined", joined):
        yield


@contextmanager
def blind_to_the_spill() -> Iterator[None]:
    """Fields are looked for in the bag alone, by whoever wants one by its name."""

    def in_bag(fields: Any, _names: Collection[str], _: PageReader) -> Any:
        return fields

    def of_bag(bag: Any, name: str, _: PageReader) -> Any:
        return bag.get(name)

    blind = {"with_fields": in_bag, "field_of": of_bag}
    with ExitStack() as patches:
        for module in product_modules():
            is_looking = module.__name__.rsplit(".", 1)[-1] in _LOOKING
            for name in vars(module).keys() & blind.keys() if is_looking else ():
                patches.enter_context(mock.patch.object(module, name, blind[name]))
        yield


# Those of chaos that look for one field; the others merge with it.
_LOOKING: Final = ("branches", "continuation", "failure", "requests")

MUTANTS: Final[dict[str, Callable[[], AbstractContextManager[None]]]] = {
    made.__name__: made
    for made in (
        known_before_it_is_stored,
        compressed_values_as_maps,
        pages_by_their_path,
        replaced_without_a_word,
        blind_to_the_spill,
        known_for_ever,  # found in hundreds of seeds only
    )
}
