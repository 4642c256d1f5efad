"""JSONata as Step Functions has it: expressions over `$states` and variables.

jsonata-python evaluates; what Step Functions adds to the language is here.
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

import hashlib
import json
import math
import random
import re
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache, cmp_to_key, partial
from typing import TYPE_CHECKING, Any

from universal_sync_core.values.codec import canonical

from ..errors import LocalCloudError

if TYPE_CHECKING:
    from jsonata import Jsonata

_OPEN, _CLOSE = "{%", "%}"
_HASHES = {"MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"}
# A number beyond has no exact value in JSON's usual readers, and stays as it is written.
_EXACT = 2**53
_MOST_ITEMS = 1_000
_OF_JSON = re.compile(r'"(?:\\.|[^"\\])*"|(?P<number>-?\d[\d.eE+-]*)')
# Numbers from here on have an exponent, and so have those below the other.
_LARGE, _SMALL = 1e21, 1e-6


class ExpressionError(Exception):
    """An expression that cannot be read or evaluated, or that gives no JSON."""


def expression_of(text: str) -> str | None:
    """Return the expression of a text in `{% %}`, or None of any other text."""
    inside = text.startswith(_OPEN) and text.endswith(_CLOSE)
    return text[len(_OPEN) : -len(_CLOSE)] if inside else None


def check(expression: str) -> None:
    """Raise ExpressionError where Step Functions would refuse an expression.

    Raises:
        LocalCloudError: jsonata-python is not installed.
    """
    _parsed(expression)


def evaluate(expression: str, bindings: Mapping[str, Any]) -> Any:
    """Return the JSON value of an expression.

    Args:
        expression: without its `{% %}`.
        bindings: values of variables by their names, `states` among them.

    Raises:
        ExpressionError: it fails, gives nothing, or gives something other than JSON.
    """
    parsed = _parsed(expression)
    from jsonata import Utils  # noqa: PLC0415 - one of the few that take long

    null = Utils.NULL_VALUE
    values = {name: _with_null(value, null) for name, value in bindings.items()}
    parsed.set_output_convert_nulls(False)
    try:
        result = parsed.evaluate(None, {**_functions(), **values})
    except Exception as error:
        # The library's own errors, and Python's, where a function is given what it cannot take.
        raise ExpressionError(f"threw an error during evaluation. {error}") from error
    if result is None:
        raise ExpressionError("returned nothing (undefined).")
    return _json(result, null)


def _parsed(expression: str) -> "Jsonata":
    try:
        from jsonata import JException  # noqa: PLC0415 - needed for such machines alone
    except ModuleNotFoundError as missing:
        install = "pip install jsonata-python"
        raise LocalCloudError(f"JSONata needs a package ({missing}): {install}") from missing
    try:
        return _language()(expression)
    except JException as error:
        raise ExpressionError(f"is not valid JSONata: {error}") from error


@cache
def _language() -> "type[Jsonata]":
    """Return the library's JSONata, with remainders and texts as the language has them."""
    from jsonata import Jsonata  # noqa: PLC0415 - as above

    class Language(Jsonata):  # type: ignore[misc] # the library has no types
        def evaluate_numeric_expression(self, lhs: Any, rhs: Any, op: str | None) -> Any:
            checked = super().evaluate_numeric_expression(lhs, rhs, op)
            return checked if checked is None or op != "%" else math.fmod(lhs, rhs)

        def evaluate_string_concat(self, lhs: Any, rhs: Any) -> str:
            return "".join(_string(value) for value in (lhs, rhs) if value is not None)

    return Language


def _with_null(value: Any, null: Any) -> Any:
    """Return a value as the library takes it: its None is nothing at all."""
    if value is None:
        return null
    if isinstance(value, dict):
        return {key: _with_null(item, null) for key, item in value.items()}
    return [_with_null(item, null) for item in value] if isinstance(value, list) else value


def _json(value: Any, null: Any) -> Any:
    if value is null or value is None:
        return None
    if isinstance(value, dict):
        return {key: _json(item, null) for key, item in value.items()}
    if isinstance(value, list | range):
        return [_json(item, null) for item in value]
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    raise ExpressionError("returned an unsupported result type.")


def _functions() -> dict[str, Any]:
    from jsonata import Jsonata  # noqa: PLC0415 - as above

    added = {name: Jsonata.JLambda(function) for name, function in _ADDED.items()}
    mended = {
        name: Jsonata.JFunction(Jsonata.JLambda(function), signature)
        for name, (function, signature) in _MENDED.items()
    }
    return added | mended


def _partition(array: Any, size: float) -> list[list[Any]]:
    step = int(size)
    if not isinstance(array, list | range) or step < 1:
        raise ValueError("$partition takes an array, and a size of 1 or more")
    return [[*array[start : start + step]] for start in range(0, len(array), step)]


def _range(first: float, last: float, step: float) -> list[float]:
    count = math.floor((last - first) / step) + 1
    if count > _MOST_ITEMS:
        raise ValueError(f"$range gives {_MOST_ITEMS:,} items at most")
    return [first + index * step for index in range(max(0, count))]


def _hash(text: str, algorithm: str) -> str:
    if algorithm not in _HASHES:
        raise ValueError(f"$hash knows {', '.join(sorted(_HASHES))}")
    return hashlib.new(algorithm.replace("-", ""), text.encode()).hexdigest()


def _random(seed: float | None = None) -> float:
    return random.Random(seed).random()  # noqa: S311 - no secret


def _refuse_eval(*_arguments: Any) -> None:
    raise ValueError("$eval is not supported; $parse reads JSON")


def _string(value: Any, prettify: bool | None = None) -> Any:  # noqa: FBT001 - as JSONata calls it
    """Return JSON with letters and numbers as JavaScript writes them."""
    from jsonata.functions import Functions  # noqa: PLC0415 - as above

    text = Functions.string(value, prettify)
    if text is None or isinstance(value, str):
        return text
    if isinstance(value, dict | list):
        form: Any = {"indent": 2} if prettify else {"separators": (",", ":")}
        text = json.dumps(json.loads(text), ensure_ascii=False, **form)
    return _OF_JSON.sub(_written, text)


def _written(part: re.Match[str]) -> str:
    """Return a string of JSON as it is, and a number with 15 digits."""
    if part["number"] is None:
        return part[0]
    number = float(f"{float(part['number']):.15g}")
    if number and not _SMALL <= abs(number) < _LARGE:
        digits, _, exponent = repr(number).partition("e")
        return f"{digits}e{int(exponent):+d}"
    return f"{Decimal(repr(number)):f}".removesuffix(".0")


def _sort(array: Any, comparator: Any = None) -> Any:
    """Return an array in order; a comparator tells, by anything but 0, what comes after what."""
    from jsonata.functions import Functions  # noqa: PLC0415 - as above

    if array is None or comparator is None:
        return Functions.sort(array, None)
    after = partial(Functions.func_apply, comparator)
    return sorted(array, key=cmp_to_key(lambda one, other: -bool(after([other, one]))))


def _distinct(array: Any) -> Any:
    """Return different values: true is not 1, and a single one of a literal array is an array."""
    from jsonata import Utils  # noqa: PLC0415 - as above

    if not isinstance(array, list) or len(array) <= 1:
        return array
    first: dict[bytes, Any] = {}
    for value in array:
        first.setdefault(canonical(_json(value, Utils.NULL_VALUE)), value)
    is_sequence = getattr(array, "sequence", False)
    return Utils.create_sequence_from_iter(first.values()) if is_sequence else [*first.values()]


def _replace(text: Any, pattern: Any, replacement: Any, limit: Any = None) -> Any:
    """Replace by a function that is given the groups of a match, and not the match among them."""
    from jsonata import Jsonata  # noqa: PLC0415 - as above
    from jsonata.functions import Functions  # noqa: PLC0415 - as above

    def replaced(match: dict[str, Any]) -> Any:
        return Functions.func_apply(replacement, [match | {"groups": match["groups"][1:]}])

    by = replacement if isinstance(replacement, str) else Jsonata.JLambda(replaced)
    return Functions.replace(text, pattern, by, limit)


def _parse(text: str) -> Any:
    from jsonata import Utils  # noqa: PLC0415 - as above

    return _with_null(json.loads(text), Utils.NULL_VALUE)


def _count(value: Any = None) -> int:
    return len(value) if isinstance(value, list | range) else int(value is not None)


_ADDED: Mapping[str, Callable[..., Any]] = {
    "count": _count,
    "eval": _refuse_eval,
    "hash": _hash,
    "parse": _parse,
    "partition": _partition,
    "random": _random,
    "range": _range,
    "uuid": lambda: str(uuid.uuid4()),
}
# What the library has of its own, with the signatures that it gives them.
_MENDED: Mapping[str, tuple[Callable[..., Any], str]] = {
    "distinct": (_distinct, "<x:x>"),
    "replace": (_replace, "<s-(sf)(sf)n?:s>"),
    "sort": (_sort, "<af?:a>"),
    "string": (_string, "<x-b?:s>"),
}
