"""What a path leads to: a part of the document or of a variable, or a value of the context object.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

from collections.abc import Iterator
from typing import Final

from statebag.machines.values.expressions import (
    Computed,
    Expression,
    Literal,
    Read,
    Ref,
    Struct,
    Word,
    parts_of,
)
from statebag.machines.values.paths import (
    CONTEXT,
    INPUT_IN_CONTEXT,
    ITEM,
    ITEM_IN_CONTEXT,
    Access,
    Path,
)

# All of the context but the execution's input and a Map's item: names, numbers and times.
_CONTEXT_BYTES: Final = 600
_INDEX_BYTES: Final = 20


def value_of(access: Access) -> Expression:
    """Return what a JSONPath makes: a value that is moved, or a list that is put together."""
    made = value_at(access.path)
    return made if access.is_one else Computed(tuple(read_in_place(made, Word.PLAIN)))


def value_at(path: Path) -> Expression:
    """Return the value at a path that leads to one place."""
    if path[0] != CONTEXT:
        return Ref(path)
    depth = len(ITEM_IN_CONTEXT)
    if path[:depth] == ITEM_IN_CONTEXT:
        return Ref((ITEM, *path[depth:]))
    if path[:3] == INPUT_IN_CONTEXT and len(path) > len(INPUT_IN_CONTEXT):
        return Ref(path)
    if path == (CONTEXT,):
        return Computed((Read(INPUT_IN_CONTEXT), Read((ITEM,))), _CONTEXT_BYTES)
    if path[:3] == INPUT_IN_CONTEXT[: len(path)]:
        # It is what it was at the start, and never a pointer.
        return Computed((Read(INPUT_IN_CONTEXT),), _CONTEXT_BYTES)
    return _around_item(path) if path == ITEM_IN_CONTEXT[: len(path)] else Literal(_CONTEXT_BYTES)


def read_in_place(made: Expression, word: Word) -> Iterator[Read]:
    """Yield the paths of an expression whose value the state itself needs."""
    if isinstance(made, Ref):
        yield Read(made.path, word)
    elif isinstance(made, Computed):
        yield from made.reads
    else:
        for below in parts_of(made):
            yield from read_in_place(below, word)


def _around_item(path: Path) -> Struct:
    """Return `$$.Map` or `$$.Map.Item`, with the item as it is handed on."""
    item = Struct({"Index": Literal(_INDEX_BYTES), "Value": Ref((ITEM,))}, _INDEX_BYTES)
    return item if len(path) == len(ITEM_IN_CONTEXT) - 1 else Struct({"Item": item}, _INDEX_BYTES)
