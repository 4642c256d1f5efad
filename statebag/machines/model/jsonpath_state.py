"""What a state that is written in JSONPath does."""

from collections.abc import Iterator
from typing import Final

from statebag.machines.model.choices import rule_reads
from statebag.machines.model.effects import (
    Effects,
    call_of,
    exit_of,
    map_of,
    own_exit,
)
from statebag.machines.model.parameters import with_identifiers
from statebag.machines.model.rebase import rebased
from statebag.machines.model.states import Edge, Exit, Fan, Scope
from statebag.machines.text.nodes import Node
from statebag.machines.values.expressions import (
    EMPTY,
    WHOLE_DOCUMENT,
    Computed,
    Expression,
    Read,
    Ref,
    Word,
    select,
    write,
)
from statebag.machines.values.paths import (
    DOCUMENT,
    ERROR,
    ITEM,
    RESULT,
    Path,
    UnreadablePathError,
    parse_path,
)
from statebag.machines.values.references import read_in_place
from statebag.machines.values.templates import dynamic, literal_of, template_of

_WRITING: Final = {"Task", "Pass", "Map", "Parallel"}
# Fields that take a path of a scalar, wherever in a state they stand.
_SCALARS: Final = (
    "SecondsPath", "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "ErrorPath",
    "CausePath", "MaxConcurrencyPath", "ToleratedFailurePercentagePath",
    "ToleratedFailureCountPath",
)  # fmt: skip
_PART_SCALARS: Final = ("MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath", "MaxItemsPath")


def jsonpath_effects(node: Node, kind: str, scopes: tuple[Scope, ...]) -> Effects:
    """Return what a state does."""
    incoming = _input(node)
    given = _template(node, "Parameters", incoming) or incoming
    call = call_of(node, node.mapping("Parameters"), given) if kind == "Task" else None
    fan = _fan(node, kind, scopes, incoming, given)
    result = _result(node, kind, given)
    selected = _template(node, "ResultSelector", result) or result
    exits = tuple(_exits(node, kind, _output(node, kind, incoming, selected), incoming, result))
    made = (incoming, selected) if kind == "Map" else (incoming, given, selected)
    return Effects(reads=tuple(_reads(node, incoming)), made=made, call=call, fan=fan, exits=exits)


def _input(node: Node) -> Expression:
    return EMPTY if node.is_null("InputPath") else _at(node, "InputPath", WHOLE_DOCUMENT)


def _at(node: Node, key: str, base: Expression) -> Expression:
    """Return the part of a document that a path in the text leads to."""
    text = node.text(key)
    if text is None:
        return base
    made = dynamic(text)
    return rebased(made, base)


def _template(node: Node, key: str, base: Expression) -> Expression | None:
    found = node.get(key)
    return rebased(template_of(found), base) if found is not None else None


def _output(node: Node, kind: str, incoming: Expression, selected: Expression) -> Expression:
    """Return the document behind a state that has ended well."""
    document = _written(node, selected) if kind in _WRITING else incoming
    if node.is_null("OutputPath"):
        return EMPTY
    text = node.text("OutputPath")
    return _selected(document, text) if text else document


def _result(node: Node, kind: str, given: Expression) -> Expression:
    """Return what a state is answered, or of one that calls nothing what it goes on with."""
    if kind in _WRITING - {"Pass"}:
        return Ref((RESULT,))
    result = node.get("Result") if kind == "Pass" else None
    return literal_of(result) if result is not None else given


def _written(node: Node, value: Expression) -> Expression:
    """Return the state's input with a value at its ResultPath."""
    if node.is_null("ResultPath"):
        return WHOLE_DOCUMENT
    path = node.text("ResultPath")
    return write(WHOLE_DOCUMENT, _below_root(path), value) if path else value


def _below_root(text: str) -> Path:
    try:
        return parse_path(text).path[1:]
    except UnreadablePathError:
        return ()


def _selected(document: Expression, text: str) -> Expression:
    made = dynamic(text)
    if isinstance(made, Ref) and made.path[0] == DOCUMENT:
        return select(document, made.path[1:])
    return rebased(made, document) if isinstance(made, Computed) else made


def _exits(
    node: Node, kind: str, output: Expression, incoming: Expression, result: Expression
) -> Iterator[Exit]:
    assigns = _assigns(node, result)
    for rule in node.sequence("Choices") if kind == "Choice" else ():
        # What the state itself assigns is for the case that no rule matches.
        yield from exit_of(rule, "Next", Edge.CHOICE, output, _assigns(rule, incoming))
    if kind == "Choice":
        yield from exit_of(node, "Default", Edge.DEFAULT, output, assigns)
    else:
        yield from own_exit(node, kind, output, assigns)
    for catcher in node.sequence("Catch"):
        caught = _written(catcher, Ref((ERROR,)))
        own = _assigns(catcher, Ref((ERROR,)))
        yield from exit_of(catcher, "Next", Edge.CATCH, caught, own)


def _assigns(node: Node, base: Expression) -> dict[str, Expression]:
    """Return the variables that an Assign sets; its `$` is the result before its ResultSelector."""
    found = node.mapping("Assign")
    if found is None:
        return {}
    made = {}
    for key, value in found.entries:
        name = str(key.value)
        is_dynamic = name.endswith(".$") and isinstance(value.value, str)
        expression = dynamic(str(value.value)) if is_dynamic else template_of(value)
        made[f"${name.removesuffix('.$')}"] = rebased(expression, base)
    return made


def _reads(node: Node, incoming: Expression) -> Iterator[Read]:
    """Yield what a state reads in place beside its templates."""
    yield from _scalars(node, _SCALARS, incoming)
    for rule in node.sequence("Choices"):
        for made, word in rule_reads(rule):
            yield from read_in_place(rebased(made, incoming), word)
    for part in _services_of_map(node):
        given = with_identifiers(template_of(part))
        yield from read_in_place(rebased(given, incoming), Word.PLAIN)
    for part in filter(None, (node.mapping("ItemBatcher"), _reader_config(node))):
        yield from _scalars(part, _PART_SCALARS, incoming)


def _scalars(part: Node, keys: tuple[str, ...], incoming: Expression) -> Iterator[Read]:
    for key in keys:
        if key in part:
            yield from read_in_place(_at(part, key, incoming), Word.SCALAR)


def _services_of_map(node: Node) -> Iterator[Node]:
    """Yield the templates that a state has beside its Parameters."""
    for key in ("ItemReader", "ResultWriter"):
        part = node.mapping(key)
        parameters = part.get("Parameters") if part is not None else None
        if parameters is not None:
            yield parameters
    credentials = node.mapping("Credentials")
    if credentials is not None:
        yield credentials


def _reader_config(node: Node) -> Node | None:
    reader = node.mapping("ItemReader")
    return reader.mapping("ReaderConfig") if reader is not None else None


def _fan(
    node: Node, kind: str, scopes: tuple[Scope, ...], incoming: Expression, given: Expression
) -> Fan | None:
    if kind == "Parallel":
        return Fan(scopes=scopes, is_map=False, entry=given)
    if kind != "Map":
        return None
    selector = _template(node, "ItemSelector", incoming) or _template(node, "Parameters", incoming)
    batcher = node.mapping("ItemBatcher")
    return map_of(
        node,
        scopes,
        entry=selector or Ref((ITEM,)),
        batch_input=_template(batcher, "BatchInput", incoming) if batcher is not None else None,
        items=_items(node, incoming),
    )


def _items(node: Node, incoming: Expression) -> Expression:
    given = node.get("Items")
    return template_of(given) if given is not None else _at(node, "ItemsPath", incoming)
