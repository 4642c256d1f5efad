"""Payload templates of JSONPath states: keys that end in `.$` take a path or a function."""

import json
from collections.abc import Iterable
from typing import Final

from statebag.machines.text.nodes import Kind, Node
from statebag.machines.values.expressions import Computed, Expression, Literal, Read, Struct
from statebag.machines.values.intrinsics import UnreadableFunctionError, parse_intrinsic
from statebag.machines.values.paths import DOCUMENT, Step, UnreadablePathError, parse_path
from statebag.machines.values.references import value_of

_DYNAMIC: Final = ".$"
# What a substitution makes of itself when the template is deployed is at most this, mostly an ARN.
_SUBSTITUTED: Final = 512
# A list that is shorter keeps track of each element.
_MOST_ELEMENTS: Final = 64


def literal_of(node: Node) -> Literal:
    """Return a value that stands in the definition, with its size."""
    count = len(node.items) if node.kind is Kind.SEQUENCE else None
    return Literal(sum(_bytes_of(each) for each in node.walk()), count)


def template_of(node: Node) -> Expression:
    """Return what a payload template makes."""
    if node.kind is Kind.MAPPING:
        return _struct((str(key.value), value) for key, value in node.entries)
    if node.kind is Kind.SEQUENCE and len(node.items) <= _MOST_ELEMENTS:
        elements: dict[Step, Expression] = {
            index: template_of(item) for index, item in enumerate(node.items)
        }
        return Struct(elements, 2 + len(elements))
    return _unknown(node) if node.kind is Kind.UNKNOWN else literal_of(node)


def dynamic(text: str) -> Expression:
    """Return what a path or an intrinsic function makes; of one that cannot be read, the worst."""
    try:
        if text.startswith("States."):
            return parse_intrinsic(text)
        access = parse_path(text)
    except (UnreadablePathError, UnreadableFunctionError):
        return Computed((Read((DOCUMENT,)),), _SUBSTITUTED)
    return value_of(access)


def _struct(entries: Iterable[tuple[str, Node]]) -> Expression:
    fields: dict[Step, Expression] = {}
    for key, value in entries:
        if key.endswith(_DYNAMIC) and isinstance(value.value, str):
            fields[key.removesuffix(_DYNAMIC)] = dynamic(value.value)
        else:
            fields[key] = template_of(value)
    return Struct(fields, 2 + sum(len(key.encode()) + 4 for key in map(str, fields)))


def _unknown(node: Node) -> Expression:
    """A substitution may turn out to be a template that reads anything."""
    return Computed((Read((DOCUMENT,)),), node.end - node.start + _SUBSTITUTED)


def _bytes_of(node: Node) -> int:
    if node.kind is Kind.MAPPING:
        return 2 + sum(len(str(key.value).encode()) + 4 for key, _ in node.entries)
    if node.kind is Kind.SEQUENCE:
        return 2 + len(node.items)
    if node.kind is Kind.UNKNOWN:
        return _SUBSTITUTED
    size = len(json.dumps(node.value).encode())
    return size + _SUBSTITUTED if isinstance(node.value, str) and "${" in node.value else size
