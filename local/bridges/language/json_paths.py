"""JSONPath as Step Functions reads it: by the rules of Jayway's library.

A path that can have one match gives it, or fails; any other gives a list of its matches, however
few. moto tells them apart by their text, and gives a list for `$.items[0].id`, and for
`$['a','b']`, which gives an object. It hands on paths, and the names of states, with the escapes
that they have in JSON.
https://github.com/json-path/JsonPath#what-is-returned-when
"""

import json
import re
import sys
from contextlib import ExitStack
from functools import lru_cache
from typing import Any

from jsonpath_ng import Child, Fields, Index, Root
from jsonpath_ng.ext.iterable import Len
from jsonpath_ng.ext.parser import parse
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from ..patches import put

# A count at the end, what is in brackets, and the name after a dot: in quotes it may be any.
_STEP = re.compile(
    r"""(?P<length>\.length\(\)$)"""
    r"""|(?P<kept>\[(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^]'"])*\]|\.\.)"""
    r"""|\.(?P<name>[^.\[*'(]+)"""
)


def install(stack: ExitStack) -> None:
    """Read every path here."""
    inner = Preprocessor._inner_string_of  # noqa: SLF001 - all texts but expressions come here

    def text_of(parser_rule_context: Any) -> Any:
        text = inner(parser_rule_context)
        is_literal = parser_rule_context.getText().startswith('"')
        return json.loads(f'"{text}"', strict=False) if is_literal else text

    put(stack, Preprocessor, "_inner_string_of", staticmethod(text_of))
    original = json_path.extract_json
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions"):
            for attribute, value in list(vars(module).items()):
                if value is original:
                    put(stack, module, attribute, extract)


def extract(path: str, data: Any) -> Any:
    """Return what a path leads to.

    Raises:
        NoSuchJsonPathError: nothing, where there should be one value.
    """
    parsed = _parsed(path)
    names = _names_at_end(parsed)
    holders = parsed.left if names else parsed
    definite = _definite_part(holders)
    found = definite.find(data)
    if not found:
        raise NoSuchJsonPathError(json_path=path, data=data)
    values = [match.value for match in (found if definite is holders else holders.find(data))]
    if names:
        values = [
            {name: value[name] for name in names if name in value}
            for value in values
            if isinstance(value, dict)
        ]
    if definite is not holders:
        return values
    if not values:
        raise NoSuchJsonPathError(json_path=path, data=data)
    return values[0]


def _names_at_end(path: Any) -> tuple[str, ...]:
    """Return the names at the end of a path such as `$.a['b','c']`, which gives an object."""
    last = path.right if isinstance(path, Child) else None
    return last.fields if isinstance(last, Fields) and len(last.fields) > 1 else ()


def steps_of(path: str) -> list[str | int]:
    """Return the names and positions of a path that leads to one place.

    Raises:
        LookupError: it may lead to several.
    """
    return _steps_of(_parsed(path))


def _steps_of(path: Any) -> list[str | int]:
    if isinstance(path, Child) and _is_one(path.right):
        last: Any = path.right
        step = last.fields[0] if isinstance(last, Fields) else last.indices[0]
        return [*_steps_of(path.left), step]
    if path == Root():
        return []
    raise LookupError("it may lead to several places")


@lru_cache(maxsize=1024)
def _parsed(path: str) -> Any:
    return parse(_STEP.sub(_quoted, path))


def _quoted(step: re.Match[str]) -> str:
    return ".`len`" if step["length"] else step["kept"] or f"['{step['name']}']"


def _definite_part(path: Any) -> Any:
    """Return the longest beginning of a path that can have one match alone."""
    if isinstance(path, Root):
        return path
    if not isinstance(path, Child):
        return Root()
    before = _definite_part(path.left)
    return path if before is path.left and _is_one(path.right) else before


def _is_one(step: Any) -> bool:
    if isinstance(step, Fields):
        return len(step.fields) == 1 and step.fields[0] != "*"
    return isinstance(step, Len) or (isinstance(step, Index) and len(step.indices) == 1)
