"""Three words for the paths of a document that have to stay readable in place.

`open`: a container stays one, and its children may be pointers. `list`: the same for the elements
of a list. `plain`: the value has no pointers at any depth. Everything above such a path is open.

Paths continue as in JSONata: a name leads into each element of a list, and position 0 also leads to
a value that is not a list.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Final

from universal_sync_core.values.paths import (
    Each,
    Paths,
    Pattern,
    Place,
    Step,
    listed,
    parse_pattern,
)


@dataclass(slots=True, kw_only=True)
class Node:
    """Where paths of the words lead to or through in a document.

    Attributes:
        place: for messages.
        is_plain: whether the value there has no pointers at any depth.
        below: the nodes one step further.
    """

    place: Place
    is_plain: bool = False
    below: dict[Step | Each, "Node"] = field(default_factory=dict)
    _element: "Node | None" = None

    def at(self, step: Step) -> Iterator["Node"]:
        """Yield the nodes that lead to or through an element or the value of a key."""
        yield from filter(None, (self.below.get(each) for each in (step, Each.EACH)))
        if type(step) is int:
            if self._element is None:  # the same for every element of a list
                self._element = Node(place=self.place)
                self._element.below = {n: at for n, at in self.below.items() if type(n) is str}
            yield from (self._element,) if self._element.below else ()
        elif (first := self.below.get(0)) is not None:
            yield from (first,) if first.is_plain else first.at(step)


@dataclass(frozen=True, slots=True)
class Need:
    """What later readers and writers need of one value of a document.

    Attributes:
        nodes: of the paths that lead to it; without one, the value may be a pointer.
    """

    nodes: tuple[Node, ...] = ()

    @property
    def is_free(self) -> bool:
        """Whether the value may be a pointer."""
        return not self.nodes

    @property
    def is_plain(self) -> bool:
        """Whether the value must not contain a pointer at any depth."""
        return any(node.is_plain for node in self.nodes)

    @property
    def place(self) -> Place:
        """The place of the path that needs the value, for messages."""
        first = self.nodes[0].place if self.nodes else _WHOLE
        return next((node.place for node in self.nodes if node.is_plain), first)

    def below(self, step: Step) -> "Need":
        """Return what is needed of an element, or of the value at a key."""
        if not self.nodes or self.is_plain:
            return self
        return Need(tuple(found for node in self.nodes for found in node.at(step)))

    def at(self, steps: Sequence[Step]) -> "Need":
        """Return what is needed of the value at some steps below."""
        return reduce(Need.below, steps, self)


FREE: Final = Need()
_WHOLE: Final = Place()


def words(open: Paths = (), list: Paths = (), plain: Paths = ()) -> Need:  # noqa: A002 - the words
    """Return what is needed of a document.

    Args:
        open: paths of objects and lists that stay containers.
        list: paths of lists whose elements may be pointers.
        plain: paths of values without pointers at any depth; `$` is the whole document.

    Raises:
        InvalidRequestError: one is not a path such as `items[*].id`.
    """
    root = Node(place=_WHOLE)
    given = [*_parsed(open, "open"), *_parsed(list, "list")]
    for pattern in given:
        _node(root, pattern)
    needed = [*_parsed(plain, "plain")]
    for pattern in needed:
        _node(root, pattern).is_plain = True
    return Need((root,)) if given or needed else FREE


def _parsed(paths: Paths, word: str) -> Iterable[Pattern]:
    return [parse_pattern(path, field=word) for path in listed(paths, word)]


def _node(root: Node, pattern: Pattern) -> Node:
    """Return the node of a path, and create it with all nodes above it if necessary."""
    node = root
    for step in pattern:
        if step not in node.below:
            node.below[step] = Node(place=node.place.at(step))
        node = node.below[step]
    return node
