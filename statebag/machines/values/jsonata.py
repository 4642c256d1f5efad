"""What a JSONata expression makes and reads; the parser is jsonata-python's."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeAlias

from jsonata.jexception import JException
from jsonata.parser import Parser

from statebag.machines.text.nodes import Kind, Node
from statebag.machines.values.copies import SMALL_FUNCTIONS, copies_of
from statebag.machines.values.expressions import (
    Computed,
    Expression,
    Literal,
    Merged,
    Read,
    Ref,
    Struct,
    Word,
)
from statebag.machines.values.paths import (
    ANY_NAME,
    CONTEXT,
    DOCUMENT,
    ERROR,
    INPUT_IN_CONTEXT,
    ITEM,
    RESULT,
    Path,
    Step,
)
from statebag.machines.values.references import read_in_place, value_at
from statebag.machines.values.templates import literal_of

_EXPRESSION: Final = re.compile(r"\s*\{%(?P<code>.*)%\}\s*", re.DOTALL)
_ROOTS: Final = {"input": DOCUMENT, "result": RESULT, "errorOutput": ERROR, "context": CONTEXT}
_SMALL_BYTES: Final = 100
# Of a number in a list that is counted, with its comma.
_NUMBER_BYTES: Final = 8
# These need a list whose elements may be pointers, or only what holds a value.
_OF_CONTAINERS: Final = {"count": Word.LIST, "exists": Word.REACHED}
_LITERALS: Final = {"string", "number", "value"}
# What `$states` holds.
_EVERYTHING: Final = (
    *(Read((root,)) for root in (DOCUMENT, RESULT, ERROR, ITEM)),
    Read(INPUT_IN_CONTEXT),
)
_COMPARISONS: Final = {"=", "!=", "<", "<=", ">", ">=", "in", "and", "or"}
_ARITHMETIC: Final = {"+", "-", "*", "/", "%"}

# What the parser raises: for some expressions that break off, whatever its own code runs into.
_UNREADABLE: Final = (JException, RecursionError, LookupError, ValueError, OverflowError, re.error)

Syntax: TypeAlias = Any  # a node of jsonata's parser, which declares no types


def expression_in(text: str) -> str | None:
    """Return the code between `{%` and `%}`, or None where a text is only a text."""
    found = _EXPRESSION.fullmatch(text)
    return found["code"] if found else None


def jsonata_of(node: Node) -> Expression:
    """Return what a field of a JSONata state makes: a value with expressions anywhere in it."""
    if node.kind is Kind.MAPPING:
        fields: dict[Step, Expression] = {
            str(key.value): jsonata_of(value) for key, value in node.entries
        }
        return Struct(fields, 2 + sum(len(str(key).encode()) + 4 for key in fields))
    if node.kind is Kind.SEQUENCE:
        elements: dict[Step, Expression] = {
            index: jsonata_of(item) for index, item in enumerate(node.items)
        }
        return Struct(elements, 2 + len(elements))
    code = expression_in(node.value) if isinstance(node.value, str) else None
    if code is not None:
        return parse_jsonata(code)
    if node.kind is Kind.UNKNOWN:
        return Computed(_EVERYTHING, node.end - node.start)
    return literal_of(node)


def parse_jsonata(code: str) -> Expression:
    """Return what an expression makes; one that cannot be parsed may read anything."""
    try:
        syntax = Parser().parse(code)
    except _UNREADABLE:
        return Computed(_EVERYTHING, len(code.encode()))
    return _value(syntax, len(code.encode()))


def _value(syntax: Syntax, text: int) -> Expression:
    path = _pure_path(syntax)
    if path is not None:
        made = value_at(path)
        return replace(made, maps=True) if isinstance(made, Ref) else made
    if (put_together := _put_together(syntax, text)) is not None:
        return put_together
    if (count := _numbers_in(syntax)) is not None:
        return Literal(2 + _NUMBER_BYTES * count, count)
    if syntax.type in _LITERALS:
        return Literal(max(text, 2 + len(str(syntax.value).encode())))
    reads = tuple(dict.fromkeys(_reads(syntax)))
    copies = copies_of(syntax, partial(_own_read, scalar=False))
    return Computed(reads, text, _SMALL_BYTES if _is_small(syntax) else None, copies)


def _put_together(syntax: Syntax, text: int) -> Expression | None:
    """Return an object or a list of values, or None of another expression."""
    if syntax.type == "unary" and syntax.value == "{" and _has_literal_keys(syntax):
        fields: dict[Step, Expression] = {
            str(key.value): _value(value, 0) for key, value in syntax.lhs_object
        }
        return Struct(fields, text)
    if syntax.type == "unary" and syntax.value == "[" and _has_own_elements(syntax):
        elements: dict[Step, Expression] = {
            index: _value(each, 0) for index, each in enumerate(syntax.expressions)
        }
        return Struct(elements, text)
    parts = _merged_parts(syntax)
    return Merged(tuple(_value(each, 0) for each in parts)) if parts else None


def _numbers_in(syntax: Syntax) -> int | None:
    """Return how many numbers a list such as `[1..500]` has, or None of another expression."""
    parts = syntax.expressions if syntax.type == "unary" and syntax.value == "[" else None
    if not parts or len(parts) != 1 or (parts[0].type, parts[0].value) != ("binary", ".."):
        return None
    first, last = parts[0].lhs, parts[0].rhs
    if first.type != "number" or last.type != "number":
        return None
    return max(0, int(last.value) - int(first.value) + 1)


def _merged_parts(syntax: Syntax) -> list[Syntax]:
    """Return the objects of a call such as `$merge([$a, {'b': 1}])`; none of another expression."""
    is_call = syntax.type == "function" and getattr(syntax.procedure, "value", None) == "merge"
    arguments = list(syntax.arguments if is_call else ())
    is_written_out = [(each.type, each.value) for each in arguments] == [("unary", "[")]
    return arguments[0].expressions or [] if is_written_out else []


def _has_own_elements(syntax: Syntax) -> bool:
    """Tell whether a list has the elements that stand in it: of a list that is read it has all.

    https://docs.jsonata.org/construction
    """
    elements = syntax.expressions or []
    return all(
        each.type in _LITERALS or (each.type == "unary" and each.value in {"[", "{"})
        for each in elements
    )


def _has_literal_keys(syntax: Syntax) -> bool:
    return all(key.type == "string" for key, _ in syntax.lhs_object)


def _is_small(syntax: Syntax) -> bool:
    if syntax.type == "function":
        return getattr(syntax.procedure, "value", None) in SMALL_FUNCTIONS
    return syntax.type == "binary" and syntax.value in _COMPARISONS | _ARITHMETIC


def _pure_path(syntax: Syntax) -> Path | None:
    """Return the path of an expression that is nothing but one, or None of another.

    One that ends in `[]` makes a list of a value that is none, and so of a pointer.
    """
    if getattr(syntax, "keep_array", False) or getattr(syntax, "keep_singleton_array", False):
        return None
    if syntax.type == "variable" and not _stages(syntax):
        return _rooted(str(syntax.value), [])
    if syntax.type != "path" or syntax.group is not None:
        return None
    path, is_whole = _steps(syntax.steps)
    return path if is_whole else None


def _steps(steps: list[Syntax]) -> tuple[Path | None, bool]:
    """Return the path that steps lead to as far as they are names and positions."""
    first = steps[0]
    if first.type != "variable":
        return None, False
    names: list[Step] = []
    for position, step in enumerate(steps):
        if position and (step.type != "name" or _is_left_again(step)):
            return _rooted(str(first.value), names), False
        if position:
            names.append(str(step.value))
        for stage in _stages(step):
            index = _index(stage)
            if index is None:
                return _rooted(str(first.value), names), False
            names.append(index)
    return _rooted(str(first.value), names), True


def _is_left_again(step: Syntax) -> bool:
    """Tell whether a later step goes on from what holds a value: with `%`, or as `@` says.

    https://docs.jsonata.org/path-operators
    """
    return getattr(step, "ancestor", None) is not None or getattr(step, "focus", None) is not None


def _rooted(variable: str, names: list[Step]) -> Path | None:
    if variable == "states":
        root = _ROOTS.get(str(names[0])) if names else None
        return (root, *names[1:]) if root else None
    return (f"${variable}", *names) if variable else None


def _stages(step: Syntax) -> list[Syntax]:
    return [*(getattr(step, "stages", None) or ()), *(getattr(step, "predicate", None) or ())]


def _index(stage: Syntax) -> int | None:
    found = stage.expr if stage.type == "filter" else None
    if found is None or found.type != "number" or not isinstance(found.value, int):
        return None
    return found.value if found.value >= 0 else None


def _reads(syntax: Syntax, *, scalar: bool = False) -> Iterator[Read]:
    """Yield what an expression reads of the state's values, wherever in it that stands."""
    if isinstance(syntax, list | tuple):
        for each in syntax:
            yield from _reads(each, scalar=scalar)
        return
    if not hasattr(syntax, "type"):
        return
    if (path := _counted_path(syntax)) is not None:
        yield from _counted(path, _OF_CONTAINERS[syntax.procedure.value])
        return
    yield from _own_read(syntax, scalar=scalar)
    is_scalar = syntax.type == "binary" and syntax.value in _COMPARISONS | _ARITHMETIC
    for name, below in _below(syntax):
        if name == "steps":  # the first of them is told by the path
            yield from _inside_steps(below)
        else:
            is_list = name == "rhs" and syntax.value == "in"
            yield from _reads(below, scalar=is_scalar and not is_list)


def _counted_path(syntax: Syntax) -> Path | None:
    """Return the path of a function that does not look into what it is given, None of others."""
    if syntax.type != "function" or len(syntax.arguments or ()) != 1:
        return None
    is_one = getattr(syntax.procedure, "value", None) in _OF_CONTAINERS
    path = _pure_path(syntax.arguments[0]) if is_one else None
    return path if path is not None and isinstance(value_at(path), Ref) else None


def _counted(path: Path, word: Word) -> Iterator[Read]:
    """Yield what such a function needs: the value, or the list, and the elements on the way."""
    found = value_at(path)
    if isinstance(found, Ref):
        yield Read(found.path, word)
        if word is Word.REACHED and isinstance(found.path[-1], str):
            yield Read((*found.path[:-1], ANY_NAME), Word.OPEN)


def _own_read(syntax: Syntax, *, scalar: bool) -> Iterator[Read]:
    if syntax.type == "path":
        steps = syntax.steps
        path, is_whole = _steps(steps)
    elif syntax.type == "variable":
        steps, is_whole = [syntax], True
        path = _rooted(str(syntax.value), [])
    else:
        return
    if path is None and steps[0].type == "variable" and steps[0].value == "states":
        yield from _EVERYTHING
    elif path is not None:
        word = Word.SCALAR if scalar and is_whole else Word.PLAIN
        yield from read_in_place(value_at(path), word)


def _inside_steps(steps: list[Syntax]) -> Iterator[Read]:
    if steps[0].type != "variable":
        yield from _reads(steps[0])
    for step in steps[1:]:
        if step.type != "name":
            yield from _reads(step)
    for step in steps:
        yield from _reads(_stages(step))


def _below(syntax: Syntax) -> Iterator[tuple[str, Syntax]]:
    for name, value in vars(syntax).items():
        is_function = name == "procedure" and getattr(value, "type", None) == "variable"
        if is_function or name in {"outer_instance", "stages", "predicate", "ancestor"}:
            continue
        if isinstance(value, list | tuple) or hasattr(value, "type"):
            yield name, value
