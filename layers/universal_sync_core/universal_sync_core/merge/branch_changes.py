"""What branches want: the changes in their deltas, and each change of one path."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from universal_sync_core.bag.strategies import Strategy
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.compression import is_compressed
from universal_sync_core.values.pointer import has_mark


@dataclass(frozen=True, slots=True)
class Replacement:
    """A value that replaces the existing one, because merging could not produce it.

    It exists between two steps of one call, in the delta of a branch that removed keys.
    """

    value: Json


@dataclass(frozen=True, slots=True, eq=False)
class Removal:
    """Marks, between two steps of one call, a key that is to be removed."""


REMOVAL: Final = Removal()
Changes: TypeAlias = dict[str, Json | Removal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one branch wants at one path.

    Attributes:
        branch: its position among the branches.
        value: the new value; for a map, only its changes.
        time: when the branch, or the innermost map with a timestamp, was last touched.
    """

    branch: int
    value: Json
    time: int | None = None

    @property
    def final(self) -> Json:
        """The value that the path is to have."""
        return self.value.value if isinstance(self.value, Replacement) else self.value


def taken(changes: Sequence[Change], strategy: str) -> Change:
    """Return the change that wins; with equal times, the last in branch order."""
    if strategy == "first":
        return changes[0]
    if strategy == "latest":
        return max(changes, key=lambda change: (change.time or 0, change.branch))
    return changes[-1]


def is_joined(changes: Sequence[Change], strategy: Strategy | None) -> bool:
    """Tell whether a strategy keeps what each branch added, so that there is no conflict."""
    replaced = any(isinstance(each.value, Replacement) or each.value is REMOVAL for each in changes)
    return strategy is not None and strategy.name != "replace" and not replaced


def is_inline(value: Json) -> bool:
    """Tell whether a value is inline and adds to a list, as null does not."""
    return value is not None and not has_mark(value) and not is_compressed(value)


def holds_inline_map(changes: Sequence[Change]) -> bool:
    """Tell whether any branch brings a map, or the changes of one, inline."""
    return any(type(each.value) is dict and not has_mark(each.value) for each in changes)


def is_one_form(changes: Sequence[Change]) -> bool:
    """Tell, without a read, whether all branches want the same value."""
    try:
        return len({encode(change.final) for change in changes}) == 1
    except InvalidRequestError:  # a branch removed keys, and a removal is not JSON
        return False
