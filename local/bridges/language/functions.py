"""Intrinsic functions of any text and of any JSON value.

moto encodes no text beyond ASCII, escapes it in JSON, takes true for 1 in an array, and finds
duplicates among numbers and texts alone. Its ranges do not go down, its random numbers may be
the end that AWS leaves out, and it counts positions below 0 from the end.
https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

import base64
import json
import random
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.array import (
    array_contains,
    array_get_item,
    array_range,
    array_unique,
)
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.encoding_decoding import (  # noqa: E501
    base_64_decode,
    base_64_encode,
)
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.json_manipulation import (  # noqa: E501
    json_to_string,
)
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.math_operations import (  # noqa: E501
    math_random,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment

from universal_sync_core.values.codec import canonical

from ..patches import put

_MOST_CHARACTERS = 10_000
_MOST_ITEMS = 1_000


def install(stack: ExitStack) -> None:
    """Give what AWS gives."""
    _give(stack, base_64_encode.Base64Encode, _encoded)
    _give(stack, base_64_decode.Base64Decode, _decoded)
    _give(stack, json_to_string.JsonToString, _as_text)
    _give(stack, array_contains.ArrayContains, _contains)
    _give(stack, array_get_item.ArrayGetItem, _item)
    _give(stack, array_range.ArrayRange, _range)
    _give(stack, array_unique.ArrayUnique, _unique)
    _give(stack, math_random.MathRandom, _random)


def _give(stack: ExitStack, kind: type, value: Callable[..., Any]) -> None:
    def eval_body(self: Any, env: Environment) -> None:
        self.argument_list.eval(env=env)
        env.stack.append(value(*env.stack.pop()))

    put(stack, kind, "_eval_body", eval_body)


def _encoded(text: str) -> str:
    return base64.b64encode(_short(text).encode()).decode()


def _decoded(text: str) -> str:
    return base64.b64decode(_short(text)).decode()


def _short(text: str) -> str:
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"it takes {_MOST_CHARACTERS:,} characters at most")
    return text


def _as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _contains(array: Any, value: Any) -> bool:
    return canonical(value) in map(canonical, _array(array))


def _unique(array: Any) -> list[Any]:
    first: dict[bytes, Any] = {}
    for item in _array(array):
        first.setdefault(canonical(item), item)
    return [*first.values()]


def _item(array: Any, index: Any) -> Any:
    if type(index) is not int or index < 0:
        raise TypeError("it takes a position from 0")
    return _array(array)[index]


def _range(first: float, last: float, step: float) -> list[int]:
    by = round(step)
    numbers = range(round(first), round(last) + (1 if by > 0 else -1), by)
    if len(numbers) > _MOST_ITEMS:
        raise ValueError(f"it gives {_MOST_ITEMS:,} items at most")
    return [*numbers]


def _random(start: float, end: float, seed: float | None = None) -> int:
    return random.Random(seed).randrange(round(start), round(end))  # noqa: S311 - no secret


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("it takes an array")
    return value
