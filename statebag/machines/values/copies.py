"""How often a JSONata expression puts what it reads into its value.

A value of which nothing is known but its reads is taken to be made of each of them once. What is
only compared or counted takes up nothing, and of two values of a condition there is one.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from statebag.machines.values.expressions import Copy, Read

Syntax: TypeAlias = Any  # a node of jsonata's parser, which declares no types
Copies: TypeAlias = Counter[tuple[Read, bool]]

# Their results are numbers, words and hashes, whatever they read.
SMALL_FUNCTIONS: Final = {
    "abs", "average", "boolean", "ceil", "contains", "count", "exists", "floor", "hash", "length",
    "max", "millis", "min", "not", "now", "number", "power", "random", "round", "sqrt", "sum",
    "type", "uuid",
}  # fmt: skip
SMALL_OPERATORS: Final = {
    "=", "!=", "<", "<=", ">", ">=", "in", "and", "or", "+", "-", "*", "/", "%", "..",
}  # fmt: skip
# Quotes are escaped, base64 takes four characters for three, each short part is a text or a list.
_LONGER: Final = {"string": 2, "base64encode": 2, "split": 2, "partition": 2}
_OF_EACH: Final = {"map", "each", "reduce"}
_OF_SOME: Final = {"filter", "sift", "single", "sort"}


@dataclass(frozen=True, slots=True)
class Copying:
    """Counts copies.

    Attributes:
        reads: what a path or a variable reads itself.
        local: what the variables of a block and of a function are made of.
        functions: functions of a block by their names.
    """

    reads: Callable[[Syntax], Iterable[Read]]
    local: Mapping[str, Copies]
    functions: Mapping[str, Syntax]

    def of(self, syntax: Syntax) -> Copies:
        """Return what the value of an expression is made of, and how often."""
        match syntax.type:
            case "path" | "variable":
                return self._path(syntax)
            case "block":
                return self._block(syntax)
            case "function":
                return self._call(syntax, ())
            case "apply" if syntax.rhs.type == "function":
                return self._call(syntax.rhs, (syntax.lhs,))
        return self._of_parts(syntax)

    def _of_parts(self, syntax: Syntax) -> Copies:
        if syntax.type == "lambda" or (syntax.type == "binary" and syntax.value in SMALL_OPERATORS):
            return Counter()
        if syntax.type == "condition":
            return _either(map(self.of, _parts(syntax)))
        return self._sum([syntax.rhs] if syntax.type == "bind" else _parts(syntax))

    def _sum(self, parts: Iterable[Syntax]) -> Copies:
        return sum((self.of(part) for part in parts), Counter())

    def _path(self, syntax: Syntax) -> Copies:
        """Return the copies of a path, and what its steps make for each element."""
        steps = syntax.steps if syntax.type == "path" else [syntax]
        made = [step for step in steps[1:] if step.type != "name"]
        first = steps[0]
        if first.type == "variable" and first.value in self.local:
            copies = self.local[first.value]
        elif first.type == "variable":
            copies = Counter({(read, False): 1 for read in self.reads(syntax)})
        else:
            copies = self.of(first) if first.type != "name" else Counter()
        copies = _times(copies, max([1, *(_uses(step, "") for step in made)]))
        group = [value for _, value in syntax.group.lhs_object] if syntax.group else []
        return copies + _for_each(self._sum([*made, *group]))

    def _block(self, syntax: Syntax) -> Copies:
        inside, last = self, Copies()
        for each in syntax.expressions:
            last = inside.of(each)
            if each.type == "bind":
                name = str(each.lhs.value)
                if each.rhs.type == "lambda":
                    functions = {**inside.functions, name: each.rhs}
                    inside = Copying(self.reads, inside.local, functions)
                else:
                    inside = inside._with({name: last})
        return last

    def _with(self, local: Mapping[str, Copies]) -> "Copying":
        return Copying(self.reads, {**self.local, **local}, self.functions)

    def _call(self, syntax: Syntax, before: tuple[Syntax, ...]) -> Copies:
        arguments = [*before, *(syntax.arguments or ())]
        name = str(getattr(syntax.procedure, "value", None))
        if name in SMALL_FUNCTIONS or not arguments:
            return Counter()
        called = self.functions.get(name)
        if called is not None:
            names = [str(each.value) for each in called.arguments]
            given = zip(names, map(self.of, arguments), strict=False)
            return Copying(self.reads, {**self.local, **dict(given)}, {}).of(called.body)
        if name in _OF_SOME:
            return self.of(arguments[0])
        if name in _OF_EACH:
            return self._each(arguments)
        return _times(self._sum(arguments), _LONGER.get(name, 1))

    def _each(self, arguments: list[Syntax]) -> Copies:
        """Return the copies of a call that calls a function for each element."""
        listed = self.of(arguments[0])
        called = arguments[1] if len(arguments) > 1 else None
        called = self.functions.get(str(called.value), called) if called is not None else None
        if called is None or called.type != "lambda":
            return listed
        names = [str(each.value) for each in called.arguments]
        uses = max([1, *(_uses(called.body, name) for name in names)])
        inside = self._with({name: Counter() for name in names})
        started = self._sum(arguments[2:])
        return _times(listed, uses) + started + _for_each(inside.of(called.body))


def copies_of(syntax: Syntax, reads: Callable[[Syntax], Iterable[Read]]) -> tuple[Copy, ...]:
    """Return what the value of an expression is made of.

    Args:
        syntax: the expression.
        reads: tells what a path or a variable reads itself.
    """
    found = Copying(reads, {}, {}).of(syntax)
    return tuple(Copy(read, times, is_each) for (read, is_each), times in found.items())


def _either(found: Iterable[Copies]) -> Copies:
    both: Copies = Counter()
    for each in found:
        both |= each
    return both


def _times(copies: Copies, times: int) -> Copies:
    return Counter({key: count * times for key, count in copies.items()})


def _for_each(copies: Copies) -> Copies:
    """Return copies of what stands once in each element of a list."""
    each: Copies = Counter()
    for (read, _), count in copies.items():
        each[read, True] += count
    return each


def _uses(syntax: Syntax, variable: str) -> int:
    """Return how often a value may be in what is made of a variable: its parts have other names."""
    names = Counter(_names(syntax, variable))
    whole = names.pop(None, 0)
    return whole + max(names.values(), default=0)


def _names(syntax: Syntax, variable: str) -> Iterator[str | None]:
    """Yield the names below a variable that an expression reads, None where it is the whole."""
    if syntax.type == "variable" and syntax.value == variable:
        yield None
    elif syntax.type == "path" and (head := _head(syntax.steps, variable)) is not None:
        yield head[0]
    else:
        for part in _parts(syntax):
            yield from _names(part, variable)


def _head(steps: list[Syntax], variable: str) -> tuple[str | None] | None:
    first, *others = steps
    if first.type == "variable" and first.value == variable:
        return (str(others[0].value) if others and others[0].type == "name" else None,)
    if first.type == "name" and not variable:
        return (str(first.value),)
    return None


def _parts(syntax: Syntax) -> Iterator[Syntax]:
    """Yield the expressions that one is made of."""
    for name, value in vars(syntax).items():
        if name in {"outer_instance", "_outer_instance", "procedure", "ancestor", "condition"}:
            continue
        pending = [value]
        while pending:
            found = pending.pop()
            if isinstance(found, list | tuple):
                pending.extend(found)
            elif hasattr(found, "type") and name != "seeking_parent":
                yield found
