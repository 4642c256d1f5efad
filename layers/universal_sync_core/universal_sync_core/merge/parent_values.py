"""What the bag of the parent has at a path over which its branches disagree."""

from dataclasses import dataclass
from typing import TypeAlias

from universal_sync_core.bag.fields import in_place
from universal_sync_core.merge.lists import Lists
from universal_sync_core.pages.pages import Pages
from universal_sync_core.values.codec import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Item:
    """The step to an item of a list that is merged by key."""

    key: str
    identity: bytes


Keys: TypeAlias = tuple[str | Item, ...]


class ParentValues:
    """Finds values in the bag; a list that is merged by key is looked through only once."""

    def __init__(self, parent: JsonObject, pages: Pages) -> None:
        """Look in the bag `parent`, whose stored values `pages` reads."""
        self._parent = parent
        self._pages = pages
        self._lists = Lists(pages)
        # Items by identity, by the path of their list.
        self._items: dict[Keys, dict[bytes | None, Json]] = {}

    def at(self, keys: Keys) -> list[Json]:
        """Return the value at a path, or an empty list."""
        field = {step for step in keys[:1] if isinstance(step, str)}
        bag = in_place(self._parent, self._pages, field)
        found: list[Json] = [bag]
        for depth, step in enumerate(keys):
            found = [inner for value in found for inner in self._below(value, step, keys[:depth])]
        return found

    def _below(self, value: Json, step: str | Item, keys: Keys) -> list[Json]:
        """Return what a step leads to from the value at a path."""
        if isinstance(step, Item):
            items = self._items_of(value, step.key, keys)
            return [items[step.identity]] if step.identity in items else []
        fields = self._pages.some_of(self._pages.opened(value), [step]) or {}
        return [fields[step]] if step in fields else []

    def _items_of(self, value: Json, key: str, keys: Keys) -> dict[bytes | None, Json]:
        """Return the first item of each identity in the list at a path."""
        if keys not in self._items:
            items, every = self._items.setdefault(keys, {}), self._lists.items(value)
            for item, identity in zip(every, self._lists.identities(every, key), strict=True):
                items.setdefault(identity, item)
        return self._items[keys]
