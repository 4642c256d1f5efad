r"""Intrinsic functions: escapes in their texts, null, and the error that they fail with.

moto's parser stops at `\'`, `\{` and `\}` and at a number with a point, leaves out null, reads a
path with two brackets side by side up to the first of them, and fails with other errors.
https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

import json
import re
from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
    StringIntrinsicFunction,
)
from moto.stepfunctions.parser.asl.component.intrinsic.argument.argument import ArgumentLiteral
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.generic.string_format import (  # noqa: E501
    StringFormat,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.parse.intrinsic.intrinsic_parser import IntrinsicParser
from moto.stepfunctions.parser.asl.parse.intrinsic.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from ..failures import failure_event
from ..patches import put

# While moto parses, a character of Unicode's private use stands for what it cannot read.
_HIDDEN = {"'": "\ue001", "{": "\ue002", "}": "\ue003", "\\": "\ue004"}
_HIDDEN |= {control: chr(0xE010 + ord(control)) for control in map(chr, range(32))}
_SHOWN = {ord(hidden): shown for shown, hidden in _HIDDEN.items()}
_NULL = "\ue005"

_BRACKETS = "]["
# What moto's functions, and Python's, raise for arguments that they do not take.
_FAILURES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)
_MISREAD = re.compile(r"'(?:\\.|[^'\\])*'|(?<=[(,\s])null(?=\s*[,)])|\]\[")
_CONTROL = re.compile(r"[\x00-\x1f]")
_ESCAPE = re.compile(r"\\(['{}\\])")


def install(stack: ExitStack) -> None:
    """Read and evaluate as AWS does."""
    parse = IntrinsicParser.parse

    def parse_hidden(src: str) -> Any:
        # moto hands on what stands in the definition, with the escapes of JSON.
        text = json.loads(f'"{src}"', strict=False)
        try:
            return parse(_MISREAD.sub(_hide, text))
        except ValueError as error:
            message = f"{text} calls no intrinsic function, or not with the arguments that it takes"
            raise ValueError(message) from error

    put(stack, IntrinsicParser, "parse", staticmethod(parse_hidden))
    put(stack, ArgumentLiteral, "_eval_argument", _eval_argument)
    put(stack, Preprocessor, "visitFunc_arg_float", _float)
    put(stack, StringFormat, "_eval_body", _format)
    _name_failures(stack)


def _hide(found: re.Match[str]) -> str:
    if found[0] == "null":
        return f"'{_NULL}'"
    if found[0] == _BRACKETS:
        return "].["
    text = _ESCAPE.sub(lambda escape: _HIDDEN[escape[1]], found[0])
    return _CONTROL.sub(lambda control: _HIDDEN[control[0]], text)


def _shown(value: Any) -> Any:
    return value.translate(_SHOWN) if isinstance(value, str) else value


def _float(_: Preprocessor, ctx: Any) -> ArgumentLiteral:
    return ArgumentLiteral(definition_value=float(ctx.getText()))


def _eval_argument(self: ArgumentLiteral, env: Environment) -> Any:
    del env
    return None if self.definition_value == _NULL else _shown(self.definition_value)


def _format(self: StringFormat, env: Environment) -> None:
    """Fill in `States.Format`: an escaped brace is none of its placeholders."""
    template, *arguments = self.argument_list.arguments
    if isinstance(template, ArgumentLiteral):
        text = template.definition_value
    else:
        template.eval(env=env)
        text = env.stack.pop()
    if not isinstance(text, str):
        raise TypeError("the template of States.Format is not a text")
    pieces = text.split("{}")
    if len(pieces) != len(arguments) + 1:
        raise ValueError(
            f"States.Format has {len(pieces) - 1} placeholders for {len(arguments)} arguments"
        )
    filled = _shown(pieces[0])
    for argument, piece in zip(arguments, pieces[1:], strict=True):
        argument.eval(env=env)
        filled += self._to_str_repr(env.stack.pop()) + _shown(piece)
    env.stack.append(filled)


def _name_failures(stack: ExitStack) -> None:
    def eval_body(self: StringIntrinsicFunction, env: Environment) -> None:
        try:
            self.function.eval(env=env)
        except (FailureEventException, NoSuchJsonPathError):
            raise
        except _FAILURES as error:
            cause = f"the intrinsic function {self.intrinsic_function_derivation} failed: {error}"
            failure = failure_event(env, StatesErrorNameType.StatesIntrinsicFailure, cause)
            raise FailureEventException(failure) from error

    put(stack, StringIntrinsicFunction, "_eval_body", eval_body)
