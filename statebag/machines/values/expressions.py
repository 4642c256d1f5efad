"""What a value is made of: the one form that JSONPath, intrinsic functions and JSONata take."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

from statebag.machines.values.paths import DOCUMENT, Path, Step

# What a Choice, a Wait or a comparison reads is taken to be no larger; `at_most` checks it.
SCALAR: Final = 1024


class Word(IntEnum):
    """What a reader needs of the value at a path; the greater takes the place of the less."""

    # Whatever holds it is a container; the value itself may be a pointer.
    REACHED = 0
    # It is a container whose children may be pointers.
    OPEN = 1
    # It is a plain list whose elements may be pointers.
    LIST = 2
    # It is plain, and small: a Choice, a Wait or a comparison reads it.
    SCALAR = 3
    # It is plain to the bottom.
    PLAIN = 4


def stronger(one: Word, other: Word) -> Word:
    """Return what satisfies both: a list or container that is read as a scalar, too, is plain."""
    is_mixed = {Word.OPEN, Word.LIST} & {one, other} and Word.SCALAR in {one, other}
    return Word.PLAIN if is_mixed else max(one, other)


@dataclass(frozen=True, slots=True)
class Read:
    """One path that is read in place, and how."""

    path: Path
    word: Word = Word.PLAIN


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the definition."""

    size: int
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Ref:
    """A value that is only moved: a pointer in its place travels on.

    Attributes:
        path: where it is.
        maps: whether a name in it leads into each element of a list, as in JSONata.
    """

    path: Path
    maps: bool = False


@dataclass(frozen=True, slots=True)
class Struct:
    """An object, or a list with an index for each element, of values that are made."""

    fields: Mapping[Step, "Expression"]
    size: int


@dataclass(frozen=True, slots=True)
class Copy:
    """What is read, as it stands in a value that is computed of it.

    Attributes:
        read: what is read.
        times: how often it stands there.
        is_each: whether that is so for each element of a list.
    """

    read: Read
    times: int = 1
    is_each: bool = False


@dataclass(frozen=True, slots=True)
class Computed:
    """A value that is computed of others, which must be plain for it.

    Attributes:
        reads: what it reads.
        text: bytes of its own.
        most: its bound where that does not depend on what it reads.
        copies: what it is made of; None where that is all it reads, each once.
    """

    reads: tuple[Read, ...]
    text: int = 0
    most: int | None = None
    copies: tuple[Copy, ...] | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A document into which a value is written at a path."""

    base: "Expression"
    path: Path
    value: "Expression"


@dataclass(frozen=True, slots=True)
class Selected:
    """A part of a value."""

    value: "Expression"
    path: Path


@dataclass(frozen=True, slots=True)
class Merged:
    """An object with the fields of several, of which the last one that has a field gives it."""

    parts: "tuple[Expression, ...]"


Expression: TypeAlias = Literal | Ref | Struct | Computed | Written | Selected | Merged

WHOLE_DOCUMENT: Final = Ref((DOCUMENT,))
EMPTY: Final = Literal(2)


def select(value: Expression, path: Path) -> Expression:
    """Return the part of a value at a path below it."""
    if not path:
        return value
    if isinstance(value, Ref):
        return Ref((*value.path, *path), value.maps)
    return Selected(value, path)


def write(base: Expression, path: Path, value: Expression) -> Expression:
    """Return a document with a value written at a path below it."""
    return Written(base, path, value) if path else value


def fields_of(made: Expression) -> Mapping[Step, Expression]:
    """Return the fields of an object that is made here; none of any other value."""
    return made.fields if isinstance(made, Struct) else {}


def is_given(made: Expression) -> bool:
    """Tell whether a value is there in any case: JSONata leaves out a field without one."""
    return isinstance(made, Literal | Struct | Merged)


def paths_in(made: Expression) -> list[Path]:
    """Return all paths that a value is made of."""
    match made:
        case Ref(path=path):
            return [path]
        case Computed(reads=reads):
            return [read.path for read in reads]
    return [path for part in parts_of(made) for path in paths_in(part)]


def parts_of(made: Expression) -> Iterable[Expression]:
    """Return the values that one is put together of."""
    match made:
        case Struct(fields=fields):
            return fields.values()
        case Merged(parts=parts):
            return parts
        case Written(base=base, value=value):
            return base, value
        case Selected(value=value):
            return (value,)
    return ()
