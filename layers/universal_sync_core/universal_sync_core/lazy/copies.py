"""Copies of a part of the state: plain dicts and lists, which may be changed."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from universal_sync_core.values.codec import Json


class Copied:
    """A part of the state that `copy.deepcopy` and `pickle` read whole."""

    @abstractmethod
    def plain(self) -> Json:
        """Return the whole as a dict or list."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Json:
        """Return the whole as a dict or list."""
        return self.plain()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the whole as a dict or list: only this process can read through a view."""
        whole = self.plain()
        return type(whole), (whole,)


class CopiedMap(Mapping[str, Json]):
    """A mapping of which a changed copy is made as of a dict."""

    def copy(self) -> dict[str, Json]:
        """Return a dict of the entries; objects and arrays in it are views."""
        return dict(self.items())

    __copy__ = copy

    def __or__(self, other: Json) -> Json:
        """Return a dict of the entries of both; the other's win."""
        return {**self, **other} if isinstance(other, Mapping) else NotImplemented

    def __ror__(self, other: Json) -> Json:
        """Return a dict of the entries of both; those of this one win."""
        return {**other, **self} if isinstance(other, Mapping) else NotImplemented


class CopiedList(Sequence[Json]):
    """A sequence of which a changed copy is made as of a list."""

    def copy(self) -> list[Json]:
        """Return a list of the elements; objects and arrays in it are views."""
        return list(self)

    __copy__ = copy

    def __add__(self, other: Json) -> Json:
        """Return a list of the elements of both."""
        return [*self, *other] if isinstance(other, list | CopiedList) else NotImplemented

    def __radd__(self, other: Json) -> Json:
        """Return a list of the elements of both."""
        return [*other, *self] if isinstance(other, list) else NotImplemented

    def index(self, value: Json, start: int = 0, stop: int | None = None) -> int:
        """Return the first position of an equal element; elements are read some at a time."""
        places = range(len(self))[start:stop]
        for place, item in zip(places, self[start:stop], strict=True):
            if item == value:
                return place
        raise ValueError("the value is not in the list")
