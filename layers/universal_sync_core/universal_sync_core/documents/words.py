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
    Step,
    listed,
    parse_pattern,
    render_path,
)

WHOLE: Final = "$"


@dataclass(slots=True, kw_only=True)
class Place:
    """A place in a document that the paths of the words lead to or through.

    Attributes:
        pattern: the path, for messages.
        is_plain: whether the value there has no pointers at any depth.
        below: the places one step further.
    """

    pattern: str
    is_plain: bool = False
    below: dict[Step | Each, "Place"] = field(default_factory=dict)

    def at(self, step: Step) -> Iterator["Place"]:
        """Yield the places that lead to or through an element or the value of a key."""
        yield from filter(None, (self.below.get(each) for each in (step, Each.EACH)))
        if type(step) is int:
            named = [name for name in self.below if type(name) is str]
            if named:
                yield Place(pattern=self.pattern, below={name: self.below[name] for name in named})
        elif (first := self.below.get(0)) is not None:
            yield from (first,) if first.is_plain else first.at(step)


@dataclass(frozen=True, slots=True)
class Need:
    """What later readers and writers need of one value of a document.

    Attributes:
        places: the paths that lead to it; without one, the value may be a pointer.
    """

    places: tuple[Place, ...] = ()

    @property
    def is_free(self) -> bool:
        """Whether the value may be a pointer."""
        return not self.places

    @property
    def is_plain(self) -> bool:
        """Whether the value must not contain a pointer at any depth."""
        return any(place.is_plain for place in self.places)

    @property
    def pattern(self) -> str:
        """The path that needs the value, for messages."""
        return next((place.pattern for place in self.places if place.is_plain), self._first)

    @property
    def _first(self) -> str:
        return self.places[0].pattern if self.places else WHOLE

    def below(self, step: Step) -> "Need":
        """Return what is needed of an element, or of the value at a key."""
        if not self.places or self.is_plain:
            return self
        return Need(tuple(found for place in self.places for found in place.at(step)))

    def at(self, steps: Sequence[Step]) -> "Need":
        """Return what is needed of the value at some steps below."""
        return reduce(Need.below, steps, self)


FREE: Final = Need()


def words(open: Paths = (), list: Paths = (), plain: Paths = ()) -> Need:  # noqa: A002 - the words
    """Return what is needed of a document.

    Args:
        open: paths of objects and lists that stay containers.
        list: paths of lists whose elements may be pointers.
        plain: paths of values without pointers at any depth; `$` is the whole document.

    Raises:
        InvalidRequestError: one is not a path such as `items[*].id`.
    """
    root = Place(pattern=WHOLE)
    given = [*_parsed(open, "open"), *_parsed(list, "list")]
    for pattern in given:
        _place(root, pattern)
    needed = [*_parsed(plain, "plain")]
    for pattern in needed:
        _place(root, pattern).is_plain = True
    return Need((root,)) if given or needed else FREE


def _parsed(paths: Paths, word: str) -> Iterable[Pattern]:
    return [parse_pattern(path, field=word) for path in listed(paths, word)]


def _place(root: Place, pattern: Pattern) -> Place:
    """Return the place of a path, and create it with all places above it if necessary."""
    place = root
    for depth, step in enumerate(pattern, 1):
        made = Place(pattern=render_path(pattern[:depth]))
        place = place.below.setdefault(step, made)
    return place
