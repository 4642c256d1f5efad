"""How large what an expression makes can be."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from statebag.machines.flow.shapes import UNBOUNDED, Shape, merged
from statebag.machines.values.expressions import (
    SCALAR,
    Computed,
    Copy,
    Expression,
    Literal,
    Merged,
    Read,
    Ref,
    Selected,
    Struct,
    Word,
    Written,
    fields_of,
    is_given,
)
from statebag.machines.values.paths import (
    ANY_LIST,
    ANY_NAME,
    CONTEXT,
    EACH,
    INPUT_IN_CONTEXT,
    Path,
    Step,
)

# What each root stands for: the document, an answer, a variable.
Values: TypeAlias = Mapping[Step, Shape]
# A path, and the bytes of what is there.
_Part: TypeAlias = tuple[Path, int]
# By the place of what hides them: its bytes, and the paths into it.
_Shared: TypeAlias = dict[Path, tuple[int, list[_Part]]]

_IN_CONTEXT = Shape(600)


def size_of(made: Expression, values: Values) -> Shape:
    """Return the bound of a value."""
    match made:
        case Literal(size=size, count=count):
            return Shape(size, count=count or 1)
        case Ref(path=path):
            return _read(path, values)
        case Computed(most=most):
            # A bound stands from the first round: a counter in a loop does not grow up to it.
            found = _together(_computed_of(made, values), values) if most is None else most
            return Shape(min(UNBOUNDED, found))
        case Struct() | Merged():
            return _object(made, values)
        case Written(base=base, path=path, value=value):
            return size_of(base, values).moved().written(path, size_of(value, values))
        case Selected(value=value, path=path):
            return size_of(value, values).read(path)


def _object(made: Struct | Merged, values: Values) -> Shape:
    if isinstance(made, Merged):
        return _merged(made.parts, values)
    shape, shared = _struct(made, values)
    whole = Shape(shape.rest + _shared_bytes(shared), shape.fields, shape.count)
    return whole.capped(_together(_made_of(made, shape, values), values))


def _merged(parts: tuple[Expression, ...], values: Values) -> Shape:
    found = size_of(parts[0], values).moved()
    for part in parts[1:]:
        fields = fields_of(part)
        for key, each in fields.items():
            own = size_of(each, values).moved()
            found = found.with_field(key, own if is_given(each) else found.either(key, own))
        if not fields:
            found = merged(found, size_of(part, values).moved())
    return found


def _read(path: Path, values: Values) -> Shape:
    root = values.get(path[0])
    if root is None or (path[0] == CONTEXT and path[:3] != INPUT_IN_CONTEXT):
        return _IN_CONTEXT
    return root.moved() if path[0] == CONTEXT else root.read(path[1:])


def _bytes_read(read: Read, values: Values) -> int:
    found = _read(read.path, values).size
    root = values.get(read.path[0]) if EACH in read.path else None
    many = root.elements(read.path[1:]) if root is not None else 1
    return min(SCALAR, found) if read.word is Word.SCALAR else min(UNBOUNDED, found * many)


def _struct(made: Struct, values: Values) -> tuple[Shape, _Shared]:
    """Return an object; the parts of one value are together no larger than that."""
    fields: dict[Step, Shape] = {}
    shared: _Shared = {}
    for key, each in made.fields.items():
        if isinstance(each, Struct):
            inner, below = _struct(each, values)
            hidden = _shared_bytes(below)
            fields[key] = Shape(inner.rest, inner.fields, inner.count, hidden)
            for place, (rest, paths) in below.items():
                shared.setdefault(place, (rest, []))[1].extend(paths)
        elif isinstance(each, Ref) and (hiding := _holder(each.path, values)) is not None:
            (place, holder), found = hiding, _read(each.path, values)
            fields[key] = Shape(0, outside=found.size)
            hidden = min(holder.rest + holder.outside, holder.size)
            shared.setdefault(place, (hidden, []))[1].append((each.path, found.size))
        else:
            fields[key] = size_of(each, values).moved()
    return Shape(made.size, fields), shared


def _holder(path: Path, values: Values) -> tuple[Path, Shape] | None:
    """Return what has the end of a path in its unknown rest, and its place; None of one known."""
    found = values.get(path[0])
    for depth, step in enumerate(path[1:], 1):
        if found is None:
            return None
        if step not in found.fields:
            return path[:depth], found
        found = found.fields[step]
    return None


def _shared_bytes(shared: _Shared) -> int:
    return min(UNBOUNDED, sum(_bytes_of_parts(parts, rest) for rest, parts in shared.values()))


def _made_of(made: Expression, shape: Shape, values: Values) -> Iterator[_Part]:
    """Yield the parts that a value is put together of; of none where they are its own bytes."""
    match made:
        case Ref(path=path):
            yield path, shape.size
        case Struct(fields=fields, size=size):
            yield (), size
            for key, each in fields.items():
                yield from _made_of(each, shape.fields[key], values)
        case Computed(most=None):
            yield from _computed_of(made, values)
        case _:
            yield (), shape.size


def _computed_of(made: Computed, values: Values) -> Iterator[_Part]:
    """Yield the parts that are read for a value, as often as they stand in it."""
    yield (), made.text
    items = values[ANY_LIST].count if ANY_LIST in values else 1
    for copy in map(Copy, made.reads) if made.copies is None else made.copies:
        times = copy.times * (items if copy.is_each else 1)
        size = _bytes_read(copy.read, values) * times
        yield (copy.read.path if times == 1 else ()), size


def _together(parts: Iterable[_Part], values: Values) -> int:
    """Return a bound of parts, by the values that they are parts of."""
    own, read = 0, dict[Step, list[_Part]]()
    for path, size in parts:
        if path and path[0] in values and path[0] != CONTEXT:
            read.setdefault(path[0], []).append((path, size))
        else:
            own += size
    return own + sum(_bytes_of_parts(each, values[root].size) for root, each in read.items())


def _bytes_of_parts(parts: list[_Part], whole: int) -> int:
    """Return a bound of parts of one value: each of its bytes counts as often as it is read."""
    times = _most_times([path for path, _ in parts], 0)
    return min(sum(size for _, size in parts), whole * times)


def _most_times(paths: list[Path], depth: int) -> int:
    """Return how many of some paths may lead to the same, from a depth on where they are alike.

    A name leads into the elements of a list, so it may be the same as a position.
    """
    groups: dict[Step, list[Path]] = {}
    for path in paths:
        if len(path) > depth:
            groups.setdefault(path[depth], []).append(path)
    ended = len(paths) - sum(map(len, groups.values()))
    below = [_most_times(each, depth + 1) for each in groups.values()]
    is_mixed = (
        bool({EACH, ANY_NAME} & groups.keys())
        or len({isinstance(step, str) for step in groups}) > 1
    )
    return ended + (sum(below) if is_mixed else max(below, default=0))
