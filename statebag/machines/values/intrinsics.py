"""Intrinsic functions of JSONPath states: `States.Format('{}', $.name)`."""

from functools import cache
from typing import Final

from lark import Lark, Token, Tree
from lark.exceptions import LarkError

from statebag.machines.values.expressions import (
    Computed,
    Expression,
    Literal,
    Struct,
    Word,
)
from statebag.machines.values.paths import Step, parse_path
from statebag.machines.values.references import read_in_place, value_of

# https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
_GRAMMAR: Final = r"""
start: call
call: NAME "(" [argument ("," argument)*] ")"
?argument: call | TEXT | NUMBER | WORD | PATH
NAME: /States\.[A-Za-z0-9]+/
TEXT: /'(?:[^'\\]|\\.)*'/
NUMBER: /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/
WORD: "true" | "false" | "null"
PATH: /\$(?:\[(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\]'"])*\]|[^\[\],()'"\s])*/
%ignore /\s+/
"""
# Results of these are numbers, hashes and words, whatever they read.
_SMALL: Final = {
    "States.ArrayContains",
    "States.ArrayLength",
    "States.Hash",
    "States.MathAdd",
    "States.MathRandom",
    "States.UUID",
}
_SMALL_BYTES: Final = 130
# Quotes are escaped, base64 takes four characters for three, each short part is a text or a list.
_LONGER: Final = {
    "States.ArrayPartition": 2,
    "States.Base64Encode": 2,
    "States.JsonToString": 2,
    "States.StringSplit": 2,
}
# What these need of their arguments; any other needs them plain. Scalars are put into most of
# these, and how large a scalar may be is the assumption on all of them.
_WORDS: Final = {
    "States.ArrayLength": Word.LIST,
    "States.ArrayRange": Word.SCALAR,
    "States.Format": Word.SCALAR,
    "States.MathAdd": Word.SCALAR,
    "States.MathRandom": Word.SCALAR,
}


class UnreadableFunctionError(Exception):
    """A text that should call an intrinsic function and does not."""


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr")


def parse_intrinsic(text: str) -> Expression:
    """Return what an intrinsic function makes.

    Raises:
        UnreadableFunctionError: it is not a call of one.
    """
    try:
        tree = _parser().parse(text)
    except LarkError as error:
        raise UnreadableFunctionError(text) from error
    call = tree.children[0]
    return _call(call) if isinstance(call, Tree) else Literal(len(text))


def _call(call: "Tree[Token]") -> Expression:
    name, *arguments = (child for child in call.children if child)
    if name == "States.Array":
        elements: dict[Step, Expression] = {
            index: _argument(each) for index, each in enumerate(arguments)
        }
        return Struct(elements, 2 + len(elements))
    word = _WORDS.get(str(name), Word.PLAIN)
    made = [_argument(each) for each in arguments]
    reads = tuple(read for each in made for read in read_in_place(each, word))
    text = sum(_own_bytes(each) for each in made)
    factor = _LONGER.get(str(name), 1)
    most = _SMALL_BYTES if name in _SMALL else None
    return Computed(reads * factor, text * factor, most)


def _argument(argument: "Tree[Token] | Token") -> Expression:
    if isinstance(argument, Tree):
        return _call(argument)
    if argument.type == "PATH":
        return value_of(parse_path(argument))
    return Literal(len(argument.encode()))


def _own_bytes(made: Expression) -> int:
    """Return the bytes of an argument beside what it reads."""
    match made:
        case Literal(size=size) | Computed(text=size):
            return size
        case Struct(fields=fields, size=size):
            return size + sum(map(_own_bytes, fields.values()))
    return 0
