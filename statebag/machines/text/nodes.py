"""A value of a JSON or YAML text, with the span where it stands."""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

from universal_sync_core.values.codec import Json

if TYPE_CHECKING:
    from collections.abc import Iterator

Key: TypeAlias = "tuple[Node, Node]"


class Kind(Enum):
    """What a node is."""

    MAPPING = auto()
    SEQUENCE = auto()
    SCALAR = auto()
    # A substitution that stands for a whole value, or a function of a template.
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """A value and where it stands.

    Attributes:
        kind: what it is.
        start: offset of its first character.
        end: offset behind its last.
        value: of a scalar.
        entries: of a mapping, keys and values in their order.
        items: of a sequence, or what a function of a template is given.
        is_block: whether it is a mapping of YAML that is written by indentation.
        taken: mappings whose entries a mapping of YAML takes over with `<<`.
    """

    kind: Kind
    start: int
    end: int
    value: Json = None
    entries: tuple[Key, ...] = ()
    items: "tuple[Node, ...]" = ()
    is_block: bool = False
    taken: "tuple[Node, ...]" = ()
    _index: "dict[str, Node]" = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index the entries by their keys."""
        self._index.update({str(key.value): value for key, value in self.entries})

    def get(self, key: str) -> "Node | None":
        """Return the value of a key, or None where there is none."""
        return self._index.get(key)

    def __contains__(self, key: str) -> bool:
        return key in self._index

    def key_of(self, value: "Node") -> "Node":
        """Return the key under which a value stands here."""
        return next(key for key, other in self.entries if other is value)

    def text(self, key: str) -> str | None:
        """Return the text under a key, or None where there is none."""
        found = self.get(key)
        return found.value if found is not None and isinstance(found.value, str) else None

    def mapping(self, key: str) -> "Node | None":
        """Return the mapping under a key, or None where there is none."""
        found = self.get(key)
        return found if found is not None and found.kind is Kind.MAPPING else None

    def sequence(self, key: str) -> "tuple[Node, ...]":
        """Return the items of the sequence under a key; none where there is no sequence."""
        found = self.get(key)
        return found.items if found is not None and found.kind is Kind.SEQUENCE else ()

    def is_null(self, key: str) -> bool:
        """Tell whether a key is there with a null."""
        found = self.get(key)
        return found is not None and found.kind is Kind.SCALAR and found.value is None

    def walk(self) -> "Iterator[Node]":
        """Yield this node and all below it."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(value for _, value in reversed(node.entries))
            pending.extend(reversed(node.items))
