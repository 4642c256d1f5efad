"""Three words for the paths of a document that have to stay readable in place.

`open`: a container stays one, and its children may be pointers. `list`: the same for the elements
of a list. `plain`: the value has no pointers at any depth. Everything above such a path is open.

Paths continue as in JSONata: a name leads into each element of a list, and position 0 also leads to
a value that is not a list. JSONata makes one list of the lists that it takes from the elements of a
list. For that, the empty name keeps containers and nothing else: `a[""]` keeps `a` and the elements
of `a`, and `a[""].b[""]` keeps `b` as well where that is taken from the elements of a list.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Final

from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import (
    Each,
    Paths,
    Pattern,
    Place,
    Step,
    listed,
    parse_pattern,
)

# A key that stands for no member, but for whatever JSONata takes by a name.
_ANY_NAME: Final = ""


def is_container(value: Json) -> bool:
    """Tell whether a value is an object or a list."""
    return type(value) in (dict, list)


@dataclass(slots=True, kw_only=True)
class Node:
    """Where paths of the words lead to or through in a document.

    Attributes:
        place: for messages.
        is_plain: whether the value there has no pointers at any depth.
        is_taken: whether names have led there through the elements of a list.
        below: the nodes one step further.
    """

    place: Place
    is_plain: bool = False
    is_taken: bool = False
    below: dict[Step | Each, "Node"] = field(default_factory=dict)
    _element: "Node | None" = None
    _taken: "Node | None" = None

    @property
    def is_of_containers(self) -> bool:
        """Whether only a container has to stay there."""
        return not self.is_plain and self.below.keys() == {_ANY_NAME}

    def at(self, step: Step) -> Iterator["Node"]:
        """Yield the nodes that lead to or through an element or the value of a key."""
        named = [self.below.get(each) for each in (step, Each.EACH)]
        if self.is_taken and type(step) is str and (any_name := self.below.get(_ANY_NAME)):
            named.append(any_name.below.get(step))
        for node in filter(None, named):
            yield node.taken if self.is_taken else node
        if type(step) is int:
            if self._element is None:  # the same for every element of a list
                self._element = Node(place=self.place, is_taken=True)
                self._element.below = {n: at for n, at in self.below.items() if type(n) is str}
            yield from (self._element,) if self._element.below else ()
        elif (first := self.below.get(0)) is not None:
            yield from (first,) if first.is_plain else first.at(step)

    @property
    def taken(self) -> "Node":
        """The same node, to which names have led through the elements of a list."""
        if self._taken is None:
            self._taken = replace(self, is_taken=True, _element=None)
        return self._taken


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

    def frees(self, value: Json) -> bool:
        """Tell whether a pointer may stand for this value."""
        return self.is_free or (
            not is_container(value) and all(node.is_of_containers for node in self.nodes)
        )

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
