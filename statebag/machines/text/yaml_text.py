"""YAML with positions: the nodes that PyYAML composes, before any value is made of them."""

from collections.abc import Iterator
from typing import Any, Final

import yaml

from statebag.errors import RefusedError
from statebag.machines.text.nodes import Key, Kind, Node
from universal_sync_core.values.paths import MAX_STORED_DEPTH

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SCALARS: Final = {
    "tag:yaml.org,2002:str",
    "tag:yaml.org,2002:int",
    "tag:yaml.org,2002:float",
    "tag:yaml.org,2002:bool",
    "tag:yaml.org,2002:null",
}
_TAKES: Final = "tag:yaml.org,2002:merge"
# Without aliases, a text has at most as many values as characters.
_MOST_BY_ALIASES: Final = 100_000
_KNOWN: Final = {*_SCALARS, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


def parse_yaml(text: str, *, name: str) -> Node:
    """Return the value of a YAML text; what a template's function stands for is unknown.

    Raises:
        RefusedError: it is not YAML, or it is empty.
    """
    loader = _LOADER(text)
    try:
        _require_shallow(text, name)
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
    return _Reader(len(text) + _MOST_BY_ALIASES, name).read(composed)


def _require_shallow(text: str, name: str) -> None:
    """Refuse what is nested so deeply that composing it would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_STORED_DEPTH:
            message = f"{name} is nested over {MAX_STORED_DEPTH:,} levels deep"
            raise RefusedError(message, hint="Give a file of Amazon States Language.")


class _Reader:
    """Makes nodes of what PyYAML composed, in which an alias is the value that it stands for."""

    def __init__(self, most: int, name: str) -> None:
        """Make at most so many nodes of the text called `name`."""
        self._left = most
        self._name = name

    def read(self, composed: Any) -> Node:
        """Return the node of a value.

        Raises:
            RefusedError: aliases make the text many times as large as it is.
        """
        self._left -= 1
        if self._left < 0:
            message = f"aliases in {self._name} stand for over {_MOST_BY_ALIASES:,} values"
            raise RefusedError(message, hint="Write each value once, or give the definition alone.")
        start, end = composed.start_mark.index, composed.end_mark.index
        # A function such as !Sub stands for a value that the template makes; what is below it may
        # still be a definition.
        if isinstance(composed, yaml.MappingNode):
            taken = tuple(map(self.read, _taken_by(composed)))
            return Node(
                kind=Kind.MAPPING,
                start=start,
                end=end,
                entries=tuple(self._entries(composed, taken)),
                is_block=not composed.flow_style,
                taken=taken,
            )
        if isinstance(composed, yaml.SequenceNode):
            kind = Kind.SEQUENCE if composed.tag in _KNOWN else Kind.UNKNOWN
            items = tuple(map(self.read, composed.value))
            return Node(kind=kind, start=start, end=end, items=items)
        if not isinstance(composed, yaml.ScalarNode):
            return Node(kind=Kind.UNKNOWN, start=start, end=end)
        return Node(kind=Kind.SCALAR, start=start, end=end, value=_scalar(composed))

    def _entries(self, composed: yaml.MappingNode, taken: tuple[Node, ...]) -> Iterator[Key]:
        """Yield the entries of a mapping, and behind them those that it takes over."""
        known = set()
        for key, value in composed.value:
            if key.tag != _TAKES:
                read = self.read(key)
                known.add(read.value)
                yield read, self.read(value)
        for key, value in (entry for mapping in taken for entry in mapping.entries):
            if key.value not in known:
                known.add(key.value)
                yield key, value


def _taken_by(composed: yaml.MappingNode) -> Iterator[yaml.Node]:
    """Yield the mappings whose entries a mapping takes over.

    https://yaml.org/type/merge.html
    """
    for key, value in composed.value:
        if key.tag == _TAKES:
            yield from value.value if isinstance(value, yaml.SequenceNode) else (value,)


def _scalar(composed: yaml.ScalarNode) -> Any:
    """Return a scalar's value; a date or a function's argument is a text here."""
    if composed.tag not in _SCALARS or composed.tag == "tag:yaml.org,2002:str":
        return composed.value
    if composed.style:
        return composed.value
    try:
        return yaml.constructor.SafeConstructor().construct_object(composed)
    except (ValueError, LookupError):  # more digits than Python converts, or `!!bool x`
        return composed.value
