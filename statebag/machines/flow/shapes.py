"""How large a value can be, path by path."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from statebag.machines.values.expressions import SCALAR, Word
from statebag.machines.values.paths import ANY_NAME, EACH, Path, Step

# Larger than anything: a bound that grows in a loop.
UNBOUNDED: Final = 1 << 40
# A pointer, with its key: digests, and a path with the names of the machine and of the execution.
POINTER: Final = 512


@dataclass(frozen=True, slots=True)
class Shape:
    """A bound of a value's size.

    Attributes:
        rest: bytes of what is not in `fields`, keys included.
        fields: values of which more is known; under `EACH` those of any element.
        count: elements that `EACH` stands for.
        outside: bytes of this value that are counted in what holds it.
        cap: bytes of it all where that is less than the sum, as behind an offload.
        total: bytes of it all where it lies, without those outside.
        is_list: whether elements of it are known.
    """

    rest: int
    fields: Mapping[Step, "Shape"] = field(default_factory=dict)
    count: int = 1
    outside: int = 0
    cap: int = UNBOUNDED
    total: int = field(init=False)
    is_list: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Add it up."""
        inner = sum(
            each.total * (self.count if key is EACH else 1) for key, each in self.fields.items()
        )
        is_list = any(not isinstance(key, str) for key in self.fields)
        object.__setattr__(self, "is_list", is_list)
        object.__setattr__(self, "total", min(self.cap, self.rest + inner))

    @property
    def size(self) -> int:
        """Bytes of the value wherever it is moved to."""
        return min(UNBOUNDED, self.total + self.outside)

    def moved(self) -> "Shape":
        """Return the same value, counted in nothing else."""
        if not self.outside:
            return self
        known, cap = self.rest + self.outside, self.cap + self.outside
        return replace(self, rest=min(UNBOUNDED, known), outside=0, cap=min(UNBOUNDED, cap))

    def capped(self, most: int) -> "Shape":
        """Return the same value, known to be no larger."""
        return self if self.size <= most else replace(self.moved(), cap=most)

    def child(self, step: Step) -> "Shape":
        """Return what can be under a key or at a position."""
        found = self.fields.get(step)
        if found is None and not isinstance(step, str):
            found = self._element(step)
        if found is not None:
            return found.moved().capped(self.size)
        known = min(self.rest + self.outside, self.size)
        if isinstance(step, str) and self.is_list:
            known = self.size  # JSONata goes through the elements of a list by itself
        return Shape(known)

    def _element(self, step: Step) -> "Shape | None":
        if step is EACH:
            rest = Shape(min(UNBOUNDED, self.rest + self.outside))
            return joined_all([rest, *self.fields.values()]) if self.fields else None
        return self.fields.get(EACH)

    def read(self, path: Path) -> "Shape":
        """Return what can be at a path below."""
        found = self.moved()
        for step in path:
            found = found.child(step)
        return found

    def elements(self, path: Path) -> int:
        """Return how many values a path with `[*]` in it leads to."""
        found, count = self.moved(), 1
        for step in path:
            if step is EACH:
                count *= max(found.count, sum(key is not EACH for key in found.fields))
            found = found.child(step)
        return count

    def written(self, path: Path, value: "Shape") -> "Shape":
        """Return this value with another in it at a path."""
        if not path:
            return value.moved()
        step, below = path[0], path[1:]
        if below:
            held = self.fields.get(step)
            if held is None:
                held = Shape(0, outside=self.child(step).size)
            value = held.written_inside(below, value)
        else:
            value = value.moved()
        return self.with_field(step, value)

    def with_field(self, step: Step, value: "Shape") -> "Shape":
        """Return this value with another under a key."""
        known = 0 if step in self.fields else len(str(step)) + 4
        return replace(
            self,
            rest=min(UNBOUNDED, self.rest + known),
            fields={**self.fields, step: value},
            cap=min(UNBOUNDED, self.total + known + value.total),
        )

    def either(self, step: Step, value: "Shape") -> "Shape":
        """Return a bound of a value, and of what is under a key as long as it is not there."""
        known = self.fields.get(step)
        return joined(known, value) if known else _beside(value, self, step)

    def written_inside(self, path: Path, value: "Shape") -> "Shape":
        """Return the same as `written`, with what is counted outside still counted there."""
        return replace(replace(self, outside=0).written(path, value), outside=self.outside)


def shallow(shape: Shape, depth: int) -> Shape:
    """Return a bound of which nothing is known below a depth: a list in a list in a list ends."""
    if not shape.fields:
        return shape
    if depth == 0:
        return Shape(shape.total, outside=shape.outside)
    fields = {key: shallow(each, depth - 1) for key, each in shape.fields.items()}
    return replace(shape, fields=fields)


def joined(one: Shape, other: Shape) -> Shape:
    """Return a bound of either value: the larger at each path."""
    if one is other:
        return one
    both = Shape(
        max(one.rest, other.rest),
        _joined_fields(one, other),
        max(one.count, other.count),
        cap=max(one.total, other.total),
    )
    hidden = max(one.size, other.size) - both.total
    return replace(both, outside=hidden) if hidden > 0 else both


def merged(one: Shape, other: Shape) -> Shape:
    """Return a bound of an object with the fields of two."""
    rest, cap = one.rest + other.rest, one.total + other.total
    return Shape(min(UNBOUNDED, rest), _joined_fields(one, other), cap=min(UNBOUNDED, cap))


def _joined_fields(one: Shape, other: Shape) -> dict[Step, Shape]:
    fields = dict(one.fields)
    for key in one.fields.keys() | other.fields.keys():
        here, there = one.fields.get(key), other.fields.get(key)
        if here and there:
            fields[key] = joined(here, there)
        else:
            fields[key] = _beside(here, other, key) if here else _beside(there, one, key)
    return fields


def _beside(known: Shape | None, other: Shape, key: Step) -> Shape:
    """Return a field that only one value has; in the other it may be in the rest."""
    hidden = other.child(key).size
    found = known or Shape(0)
    return found if found.size >= hidden else replace(found, outside=hidden - found.total)


def joined_all(shapes: list[Shape]) -> Shape:
    """Return a bound of any of several values."""
    result = shapes[0]
    for shape in shapes[1:]:
        result = joined(result, shape)
    return result


def widened(old: Shape, new: Shape) -> Shape:
    """Return `new` with what has grown since `old` set free of any bound."""
    fields = {
        key: widened(old.fields[key], each) if key in old.fields else each
        for key, each in new.fields.items()
    }
    rest = UNBOUNDED if new.rest > old.rest else new.rest
    outside = UNBOUNDED if new.outside > old.outside else new.outside
    count = UNBOUNDED if new.count > old.count else new.count
    cap = UNBOUNDED if new.cap > old.cap else new.cap
    return Shape(rest, fields, count, outside, cap)


def plain_size(shape: Shape, needs: Mapping[Path, Word], items: int) -> int:
    """Return the bytes of a document that have to stay where they are for its readers.

    Args:
        shape: the document.
        needs: of its readers.
        items: elements of a list whose length is not known.
    """
    whole = needs.get(())
    if not any(path or word for path, word in needs.items()):
        return min(POINTER, shape.size)  # a pointer may stand for all of it
    if whole is Word.SCALAR:
        return min(SCALAR, shape.size)
    if whole is Word.PLAIN:
        return shape.size
    below: dict[Step, dict[Path, Word]] = {}
    for path, word in needs.items():
        if path:
            below.setdefault(path[0], {})[path[1:]] = word
    if not shape.is_list:
        below.pop(ANY_NAME, None)  # kept in case that there is a list
    for step in shape.fields if EACH in below else ():
        below[step] = {**below[EACH], **below.get(step, {})}
    inside, hidden = 0, 0
    for step, deeper in below.items():
        held = shape.fields.get(step)
        if held is not None:
            times = shape.count if step is EACH else 1
            inside += times * min(plain_size(replace(held, outside=0), deeper, items), held.total)
            hidden += plain_size(Shape(held.outside), deeper, items) if held.outside else 0
        else:
            hidden += plain_size(shape.child(step), deeper, items)
            hidden += POINTER * (items - 1) if step is EACH else 0
    kept = inside + min(hidden, shape.rest + shape.outside)
    return min(shape.size, kept + _pointers(shape, whole, below, items))


def _pointers(shape: Shape, whole: Word | None, below: Mapping[Step, object], items: int) -> int:
    """Return what the pointers beside kept paths take up."""
    is_unknown = whole is Word.LIST and not shape.fields and EACH not in below
    count = shape.count if EACH in shape.fields else items * is_unknown
    others = sum(1 for key in shape.fields if key not in below and key is not EACH)
    return POINTER * (count + others + (1 if shape.rest else 0))
