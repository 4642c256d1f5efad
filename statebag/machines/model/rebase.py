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
from statebag.machines.values.paths import DOCUMENT, Path


def rebased(made: Expression, base: Expression) -> Expression:
    """Return an expression with `base` instead of `$`."""
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
    return select(base, path[1:]) if path[0] == DOCUMENT else Ref(path)


def _read(read: Read, base: Expression) -> list[Read]:
    moved = _moved(read.path, base)
    if isinstance(moved, Ref):
        return [Read(moved.path, read.word)]
    return [Read(path, read.word) for path in paths_in(moved)]
