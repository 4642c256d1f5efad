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


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A path of the words, rendered only for a message: there may be thousands of long ones.

    Attributes:
        step: its last step; None for the whole document.
        above: the path of the container around it.
    """

    step: Step | Each | None = None
    above: "Path | None" = None

    def __str__(self) -> str:
        """Return the path as it is written."""
        steps: list[Step | Each] = []
        path: Path | None = self
        while path is not None and path.step is not None:
            steps.append(path.step)
            path = path.above
        return render_path(steps[::-1]) or WHOLE


@dataclass(slots=True, kw_only=True)
class Place:
    """A place in a document that the paths of the words lead to or through.

    Attributes:
        path: its path, for messages.
        is_plain: whether the value there has no pointers at any depth.
        below: the places one step further.
    """

    path: Path
    is_plain: bool = False
    below: dict[Step | Each, "Place"] = field(default_factory=dict)
    _element: "Place | None" = None

    def at(self, step: Step) -> Iterator["Place"]:
        """Yield the places that lead to or through an element or the value of a key."""
        yield from filter(None, (self.below.get(each) for each in (step, Each.EACH)))
        if type(step) is int:
            if self._element is None:  # the same for every element of a list
                self._element = Place(path=self.path)
                self._element.below = {n: at for n, at in self.below.items() if type(n) is str}
            yield from (self._element,) if self._element.below else ()
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
    def path(self) -> Path:
        """The path that needs the value, for messages."""
        first = self.places[0].path if self.places else _WHOLE
        return next((place.path for place in self.places if place.is_plain), first)

    def below(self, step: Step) -> "Need":
        """Return what is needed of an element, or of the value at a key."""
        if not self.places or self.is_plain:
            return self
        return Need(tuple(found for place in self.places for found in place.at(step)))

    def at(self, steps: Sequence[Step]) -> "Need":
        """Return what is needed of the value at some steps below."""
        return reduce(Need.below, steps, self)


FREE: Final = Need()
_WHOLE: Final = Path()


def words(open: Paths = (), list: Paths = (), plain: Paths = ()) -> Need:  # noqa: A002 - the words
    """Return what is needed of a document.

    Args:
        open: paths of objects and lists that stay containers.
        list: paths of lists whose elements may be pointers.
        plain: paths of values without pointers at any depth; `$` is the whole document.

    Raises:
        InvalidRequestError: one is not a path such as `items[*].id`.
    """
    root = Place(path=_WHOLE)
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
    for step in pattern:
        if step not in place.below:
            place.below[step] = Place(path=Path(step, place.path))
        place = place.below[step]
    return place
