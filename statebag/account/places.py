"""Where state is: a bucket and a prefix."""

from collections import Counter
from dataclasses import dataclass

from statebag.budgets import expanded
from universal_sync_core.pages.loading import pointers_in
from universal_sync_core.settings import Settings
from universal_sync_core.storage.keys import LAYOUT, execution_in
from universal_sync_core.storage.store import Location
from universal_sync_core.values.address import digest_in
from universal_sync_core.values.codec import Json
from universal_sync_core.values.pointer import recognise


@dataclass(frozen=True, slots=True)
class Place:
    """The bucket and prefix of a deployment's state.

    Attributes:
        prefix: empty, or ending in `/`.
    """

    bucket: str
    prefix: str = ""

    @property
    def settings(self) -> Settings:
        """Settings with which the core reads there."""
        return Settings(bucket=self.bucket, prefix=self.prefix)

    @property
    def layout(self) -> str:
        """What the key of every object of an execution begins with."""
        return f"{self.prefix}{LAYOUT}/"


def place_given(bucket: str | None, prefix: str) -> Place | None:
    """Return where the state is below a prefix, which may lack its `/`; None without a bucket."""
    ended = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
    return Place(bucket, ended) if bucket else None


def place_of(path: str) -> Place | None:
    """Return the place of a content-addressed object, or None for another path."""
    if digest_in(path) is None:
        return None
    location = Location.parse(path)
    root, _, _ = location.key.rsplit("/", 3)[0].rpartition(LAYOUT)
    return Place(location.bucket, root)


def place_in(state: Json, execution_id: str | None) -> Place | None:
    """Return the place that most of a state's pointers to its own execution lead to, or None."""
    found = Counter(
        place
        for pointer in pointers_in(state, expanded, recognise)
        if execution_in(pointer.path) == execution_id and (place := place_of(pointer.path))
    )
    return found.most_common(1)[0][0] if found else None
