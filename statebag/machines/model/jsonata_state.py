"""What a state that is written in JSONata does."""

from collections.abc import Iterator, Mapping
from typing import Final

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
    WHOLE_DOCUMENT,
    Expression,
    Read,
    Ref,
    Word,
)
from statebag.machines.values.jsonata import jsonata_of
from statebag.machines.values.paths import ERROR, ITEM, RESULT
from statebag.machines.values.references import read_in_place

_WITH_RESULT: Final = {"Task", "Map", "Parallel"}
_SCALARS: Final = (
    "Seconds", "Timestamp", "TimeoutSeconds", "HeartbeatSeconds", "Error", "Cause",
    "MaxConcurrency", "ToleratedFailurePercentage", "ToleratedFailureCount",
)  # fmt: skip
_BATCH_SCALARS: Final = ("MaxItemsPerBatch", "MaxInputBytesPerBatch")


def jsonata_effects(node: Node, kind: str, scopes: tuple[Scope, ...]) -> Effects:
    """Return what a state does."""
    arguments = node.get("Arguments")
    given = jsonata_of(arguments) if arguments is not None else WHOLE_DOCUMENT
    call = call_of(node, node.mapping("Arguments"), given) if kind == "Task" else None
    fan = _fan(node, kind, scopes, given)
    default = Ref((RESULT,)) if kind in _WITH_RESULT else WHOLE_DOCUMENT
    return Effects(
        reads=tuple(_reads(node)), call=call, fan=fan, exits=tuple(_exits(node, kind, default))
    )


def _made(node: Node, key: str, default: Expression) -> Expression:
    found = node.get(key)
    return jsonata_of(found) if found is not None else default


def _exits(node: Node, kind: str, default: Expression) -> Iterator[Exit]:
    output, assigns = _made(node, "Output", default), _assigns(node)
    for rule in node.sequence("Choices") if kind == "Choice" else ():
        own = _made(rule, "Output", WHOLE_DOCUMENT)
        yield from exit_of(rule, "Next", Edge.CHOICE, own, _assigns(rule))
    if kind == "Choice":
        yield from exit_of(node, "Default", Edge.DEFAULT, output, assigns)
    else:
        yield from own_exit(node, kind, output, assigns)
    for catcher in node.sequence("Catch"):
        caught = _made(catcher, "Output", Ref((ERROR,)))
        yield from exit_of(catcher, "Next", Edge.CATCH, caught, _assigns(catcher))


def _assigns(node: Node) -> Mapping[str, Expression]:
    found = node.mapping("Assign")
    entries = found.entries if found is not None else ()
    return {f"${key.value}": jsonata_of(value) for key, value in entries}


def _reads(node: Node) -> Iterator[Read]:
    """Yield what a state reads in place beside its arguments and outputs."""
    for rule in node.sequence("Choices"):
        yield from read_in_place(_made(rule, "Condition", WHOLE_DOCUMENT), Word.SCALAR)
    yield from _scalars(node, _SCALARS)
    for key in ("ItemReader", "ResultWriter", "Credentials"):
        part = node.mapping(key)
        if part is not None:
            yield from read_in_place(with_identifiers(jsonata_of(part)), Word.PLAIN)
    batcher = node.mapping("ItemBatcher")
    if batcher is not None:
        yield from _scalars(batcher, _BATCH_SCALARS)


def _scalars(part: Node, keys: tuple[str, ...]) -> Iterator[Read]:
    for key in keys:
        found = part.get(key)
        if found is not None:
            yield from read_in_place(jsonata_of(found), Word.SCALAR)


def _fan(node: Node, kind: str, scopes: tuple[Scope, ...], given: Expression) -> Fan | None:
    if kind == "Parallel":
        return Fan(scopes=scopes, is_map=False, entry=given)
    if kind != "Map":
        return None
    selector, batcher = node.get("ItemSelector"), node.mapping("ItemBatcher")
    extra = batcher.get("BatchInput") if batcher is not None else None
    return map_of(
        node,
        scopes,
        entry=Ref((ITEM,)) if selector is None else rebased(jsonata_of(selector), WHOLE_DOCUMENT),
        batch_input=jsonata_of(extra) if extra is not None else None,
        items=_made(node, "Items", WHOLE_DOCUMENT),
    )
