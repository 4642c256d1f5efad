"""An expression over `$` as one over what `$` is in a state: its InputPath, its result."""

from statebag.machines.values.expressions import (
    Computed,
    Expression,
    Literal,
    Read,
    Ref,
    Selected,
    Struct,
    Written,
    paths_in,
    select,
)
from statebag.machines.values.paths import CONTEXT, DOCUMENT, ITEM, ITEM_IN_CONTEXT, Path

_DEPTH_OF_ITEM = len(ITEM_IN_CONTEXT)


def rebased(made: Expression, base: Expression) -> Expression:
    """Return an expression with `base` in the place of `$`, and a Map's item under its own root."""
    match made:
        case Ref(path=path):
            return _moved(path, base)
        case Computed(reads=reads, text=text, most=most):
            return Computed(tuple(new for read in reads for new in _read(read, base)), text, most)
        case Struct(fields=fields, size=size):
            return Struct({key: rebased(each, base) for key, each in fields.items()}, size)
        case Literal() | Written() | Selected():
            return made


def _moved(path: Path, base: Expression) -> Expression:
    if path[:_DEPTH_OF_ITEM] == ITEM_IN_CONTEXT:
        return Ref((ITEM, *path[_DEPTH_OF_ITEM:]))
    if path[0] == CONTEXT:
        return Literal(len(str(path)))
    return select(base, path[1:]) if path[0] == DOCUMENT else Ref(path)


def _read(read: Read, base: Expression) -> list[Read]:
    moved = _moved(read.path, base)
    if isinstance(moved, Ref):
        return [Read(moved.path, read.word)]
    if read.path[0] == CONTEXT:
        return [read]
    return [Read(path, read.word) for path in paths_in(moved)]
