"""YAML with positions: the nodes that PyYAML composes, before any value is made of them."""

from typing import Any, Final

import yaml

from statebag.errors import RefusedError
from statebag.machines.text.nodes import Kind, Node

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SCALARS: Final = {
    "tag:yaml.org,2002:str",
    "tag:yaml.org,2002:int",
    "tag:yaml.org,2002:float",
    "tag:yaml.org,2002:bool",
    "tag:yaml.org,2002:null",
}
_KNOWN: Final = {*_SCALARS, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


def parse_yaml(text: str, *, name: str) -> Node:
    """Return the value of a YAML text; what a template's function stands for is unknown.

    Raises:
        RefusedError: it is not YAML, or it is empty.
    """
    loader = _LOADER(text)
    try:
        composed = loader.get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f": line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        hint = "Give a file of Amazon States Language, in JSON or YAML."
        raise RefusedError(f"{name} is not valid YAML{place}", hint=hint) from error
    finally:
        loader.dispose()
    if composed is None:
        raise RefusedError(f"{name} is empty", hint="Give a file of Amazon States Language.")
    return _read(composed, text)


def _read(composed: Any, text: str) -> Node:
    start, end = composed.start_mark.index, composed.end_mark.index
    # A function such as !Sub stands for a value that the template makes; what is below it may still
    # be a definition.
    if isinstance(composed, yaml.MappingNode):
        entries = tuple((_read(key, text), _read(value, text)) for key, value in composed.value)
        is_block = not composed.flow_style
        return Node(kind=Kind.MAPPING, start=start, end=end, entries=entries, is_block=is_block)
    if isinstance(composed, yaml.SequenceNode) and composed.tag in _KNOWN:
        items = tuple(_read(item, text) for item in composed.value)
        return Node(kind=Kind.SEQUENCE, start=start, end=end, items=items)
    if not isinstance(composed, yaml.ScalarNode):
        return Node(kind=Kind.UNKNOWN, start=start, end=end)
    value = _scalar(composed)
    return Node(kind=Kind.SCALAR, start=start, end=end, value=value)


def _scalar(composed: yaml.ScalarNode) -> Any:
    """Return a scalar's value; a date or a function's argument is a text here."""
    if composed.tag not in _SCALARS or composed.tag == "tag:yaml.org,2002:str":
        return composed.value
    return yaml.safe_load(composed.value) if not composed.style else composed.value
