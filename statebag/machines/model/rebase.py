"""An expression over `$` as one over what `$` is in a state: its InputPath, its result."""

from dataclasses import replace

from statebag.machines.values.expressions import (
    Computed,
    Expression,
    Literal,
    Merged,
    Read,
    Ref,
    Selected,
    Struct,
    Written,
    paths_in,
    select,
)
from statebag.machines.values.paths import DOCUMENT, Path, Step


def rebased(made: Expression, base: Expression, root: Step = DOCUMENT) -> Expression:
    """Return an expression with `base` instead of `$`, or of another root."""
    match made:
        case Ref(path=path):
            return _moved(path, base, root)
        case Computed():
            return _computed(made, base, root)
        case Struct(fields=fields, size=size):
            return Struct({key: rebased(each, base, root) for key, each in fields.items()}, size)
        case Merged(parts=parts):
            return Merged(tuple(rebased(each, base, root) for each in parts))
        case Literal() | Written() | Selected():
            return made


def _computed(made: Computed, base: Expression, root: Step) -> Computed:
    reads = tuple(new for read in made.reads for new in _read(read, base, root))
    if made.copies is None:
        return replace(made, reads=reads)
    copies = tuple(
        replace(copy, read=new) for copy in made.copies for new in _read(copy.read, base, root)
    )
    return replace(made, reads=reads, copies=copies)


def _moved(path: Path, base: Expression, root: Step) -> Expression:
    return select(base, path[1:]) if path[0] == root else Ref(path)


def _read(read: Read, base: Expression, root: Step) -> list[Read]:
    moved = _moved(read.path, base, root)
    if isinstance(moved, Ref):
        return [Read(moved.path, read.word)]
    return [Read(path, read.word) for path in paths_in(moved)]
