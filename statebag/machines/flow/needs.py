"""What later states need of a value, path by path; and what that asks of what it is made of."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from statebag.machines.values.expressions import (
    Computed,
    Expression,
    Literal,
    Merged,
    Ref,
    Selected,
    Struct,
    Word,
    Written,
    fields_of,
    is_given,
    stronger,
)
from statebag.machines.values.paths import ANY_NAME, EACH, Path, Step, by_names, in_list

Needs: TypeAlias = dict[Path, Word]

# A loop over `$.next.next` makes ever longer paths: beyond these steps all is plain.
_DEEPEST: Final = 12


def add(needs: Needs, path: Path, word: Word) -> None:
    """Add what one reader needs of a path."""
    if len(path) > _DEEPEST:
        path, word = path[:_DEEPEST], Word.PLAIN
    known = needs.get(path)
    needs[path] = word if known is None else stronger(known, word)


def add_all(needs: Needs, others: Mapping[Path, Word]) -> None:
    """Add what other readers need."""
    if not needs:
        needs.update(others)
        return
    for path, word in others.items():
        add(needs, path, word)


def settled(needs: Needs) -> Needs:
    """Return needs without those that stand below a plain path."""
    plain = {path for path, word in needs.items() if word >= Word.SCALAR}
    lengths = sorted({len(path) for path in plain})
    return {path: word for path, word in needs.items() if not _is_below(path, plain, lengths)}


def under(needs: Mapping[Path, Word], root: Step) -> Needs:
    """Return what is needed below a root, as paths from there."""
    return {path[1:]: word for path, word in needs.items() if path[0] == root}


def demand(
    made: Expression, needs: Mapping[Path, Word], into: Needs, *, computes: bool = True
) -> None:
    """Add to `into` what a value that is needed so asks of what it is made of.

    Args:
        made: the value.
        needs: of it.
        into: what it is made of.
        computes: whether what is computed needs what it reads.
    """
    match made:
        case Ref():
            _demand_moved(made, needs, into)
        case Computed(reads=reads):
            for read in reads if computes else ():
                add(into, read.path, read.word)
        case Struct(fields=fields):
            for key, each in fields.items():
                demand(each, below_key(needs, key), into, computes=computes)
        case Written(base=base, path=path, value=value):
            kept, taken = _split(needs, path)
            demand(base, kept, into, computes=computes)
            demand(value, taken, into, computes=computes)
        case Selected(value=value, path=path):
            whole: Needs = {(*path, *below): word for below, word in needs.items()}
            add(whole, path, Word.REACHED)
            demand(value, whole, into, computes=computes)
        case Merged(parts=parts):
            _demand_merged(parts, needs, into, computes=computes)
        case Literal():
            pass


def _demand_merged(
    parts: tuple[Expression, ...], needs: Mapping[Path, Word], into: Needs, *, computes: bool
) -> None:
    """Add what is asked of objects that are merged: each of them stays a container."""
    left = {(ANY_NAME,): Word.OPEN, **needs}
    for part in reversed(parts):
        demand(part, left, into, computes=computes)
        given = {key for key, each in fields_of(part).items() if is_given(each)}
        left = {path: word for path, word in left.items() if not path or path[0] not in given}


def _demand_moved(made: Ref, needs: Mapping[Path, Word], into: Needs) -> None:
    path = made.path
    add(into, path, Word.REACHED)
    is_named = made.maps and len(path) > 1 and isinstance(path[-1], str)
    if is_named and needs.get((), Word.REACHED) < Word.LIST:
        add(into, by_names(path), Word.OPEN)
    for below, word in needs.items():
        add(into, (*path, *below), word)


def below_key(needs: Mapping[Path, Word], key: Step) -> Needs:
    """Return what is needed of the value under a key, as paths from there."""
    found: Needs = {}
    for path, word in needs.items():
        if not path:
            if word >= Word.SCALAR:
                add(found, (), Word.PLAIN)
        elif _meets(path[0], key):
            add(found, path[1:], word)
        elif isinstance(path[0], str) and not isinstance(key, str):
            add(found, in_list(path), word)  # JSONata goes through the elements of a list by itself
        elif path[0] == 0 and isinstance(key, str):
            add_all(found, below_key({path[1:]: word}, key))  # and takes one value for a list
    return found


def _meets(one: Step, other: Step) -> bool:
    return one == other or EACH in {one, other}  # of an object it is each of its values


def _split(needs: Mapping[Path, Word], path: Path) -> tuple[Needs, Needs]:
    """Return what is needed of a document, and of the value that is written into it at a path."""
    kept: Needs = {path: Word.REACHED}
    taken: Needs = {}
    for needed, word in needs.items():
        is_beside = not all(_meets(*steps) for steps in zip(needed, path, strict=False))
        if is_beside or len(needed) < len(path):
            add(kept, needed, word)
        if not is_beside and len(needed) >= len(path):
            add(taken, needed[len(path) :], word)
            if EACH in needed[: len(path)]:
                add(kept, needed, word)
        elif not is_beside and word >= Word.SCALAR:
            add(taken, (), Word.PLAIN)
    return kept, taken


def _is_below(path: Path, plain: set[Path], lengths: list[int]) -> bool:
    """Tell whether a path leads below a plain one; `lengths` are those that plain ones have."""
    for length in lengths:
        if length >= len(path):
            return False
        if path[:length] in plain:
            return True
    return False
