"""What both query languages share: edges, and the call of a Task."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from statebag.machines.model.parameters import with_identifiers
from statebag.machines.model.services import Integration, Service, service_of
from statebag.machines.model.states import COMPACT, Call, Edge, Exit, Fan, Scope
from statebag.machines.text.nodes import Node
from statebag.machines.values.expressions import Expression, Read, Struct
from statebag.machines.values.paths import EACH, Step
from universal_sync_core.documents.document import DOCUMENT_BYTES

_FUNCTION_KEYS: Final = ("FunctionName", "FunctionName.$")
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
_RETURN_VALUES: Final = ("ReturnValues", "ReturnValues.$")
_SMALL_RETURN_VALUES: Final = {"NONE", "UPDATED_NEW", "UPDATED_OLD"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What a state does; its fields are those of a State."""

    reads: tuple[Read, ...] = ()
    made: tuple[Expression, ...] = ()
    call: Call | None = None
    fan: Fan | None = None
    exits: tuple[Exit, ...] = ()


def exit_of(
    node: Node, key: str, edge: Edge, output: Expression, assigns: Mapping[str, Expression]
) -> Iterator[Exit]:
    """Yield the exit that a key such as `Next` names, if it is there."""
    target = node.text(key)
    if target is not None:
        yield Exit(edge=edge, target=target, node=node.get(key), output=output, assigns=assigns)


def own_exit(
    node: Node, kind: str, output: Expression, assigns: Mapping[str, Expression]
) -> Iterator[Exit]:
    """Yield the exit of a state other than a Choice: its Next, or the end of its scope."""
    yield from exit_of(node, "Next", Edge.NEXT, output, assigns)
    end = node.get("End")
    if kind == "Succeed" or (end is not None and end.value is True):
        yield Exit(edge=Edge.END, target=None, node=end, output=output, assigns=assigns)


def call_of(node: Node, arguments: Node | None, whole: Expression) -> Call:
    """Return the call of a Task.

    Args:
        node: the state.
        arguments: its Parameters or Arguments.
        whole: what they make.
    """
    service = _as_asked(service_of(resource_text(node)), arguments)
    if service.integration is not Integration.LAMBDA:
        is_known = service.integration is Integration.SERVICE
        given = with_identifiers(whole) if is_known else whole
        return Call(service=service, arguments=given, function=_plain_function(service, node))
    return _invocation(service, arguments, _with_short(whole, "FunctionName"))


def _invocation(service: Service, arguments: Node | None, whole: Expression) -> Call:
    """Return the call of a function; one that offloads answers at most `at_most` bytes."""
    function = _named_function(arguments)
    payload = whole.fields.get("Payload") if isinstance(whole, Struct) else None
    call = Call(service=service, arguments=whole, function=function, payload=payload)
    at_most = _offload_bytes(arguments)
    if at_most is None or not isinstance(payload, Struct) or not isinstance(whole, Struct):
        return call
    event = _with_short(payload, "execution_id")
    return replace(
        call,
        service=replace(service, most=at_most),
        arguments=Struct({**whole.fields, "Payload": event}, whole.size),
        payload=event,
        document=payload.fields.get("document"),
    )


def _offload_bytes(arguments: Node | None) -> int | None:
    """Return the bytes that the action `offload` leaves, or None of another call."""
    event = arguments.mapping("Payload") if arguments is not None else None
    if event is None or event.text("action") != "offload":
        return None
    at_most = event.get("at_most")
    if at_most is None:
        return DOCUMENT_BYTES
    return at_most.value if type(at_most.value) is int else None


def _as_asked(service: Service, arguments: Node | None) -> Service:
    """Return a service whose receipt has no bound where it is asked for values of a table's item.

    That is the whole item, or what an update has set; of a list that it appends to, all of it.
    """
    found = (arguments.get(key) for key in _RETURN_VALUES) if arguments is not None else ()
    asked = next(filter(None, found), None)
    update = (arguments.text("UpdateExpression") if arguments is not None else None) or ""
    is_small = asked is None or (
        asked.value in _SMALL_RETURN_VALUES
        and (asked.value == "NONE" or "list_append" not in update)
    )
    return service if is_small else replace(service, most=None)


def _with_short(made: Expression, key: str) -> Expression:
    """Return an object of which the value under a key is no larger than a name may be."""
    if not isinstance(made, Struct) or key not in made.fields:
        return made
    short = with_identifiers(made.fields[key], is_key=True)
    return Struct({**made.fields, key: short}, made.size)


def resource_text(node: Node) -> str:
    """Return the Resource of a Task as a text, also where a template's function makes it."""
    found = node.get("Resource")
    if found is None:
        return ""
    texts = (each.value for each in found.walk() if isinstance(each.value, str))
    return next(texts, "")


def map_of(
    node: Node,
    scopes: tuple[Scope, ...],
    *,
    entry: Expression,
    batch_input: Expression | None,
    items: Expression,
) -> Fan:
    """Return what a Map runs.

    Args:
        node: the state.
        scopes: its body.
        entry: what its ItemSelector makes of an item.
        batch_input: what goes to each batch beside its items.
        items: what it maps over where no ItemReader does.
    """
    is_batched = node.mapping("ItemBatcher") is not None
    body = next(filter(None, map(node.mapping, ("ItemProcessor", "Iterator"))), node)
    configured = body.mapping("ProcessorConfig")
    return Fan(
        scopes=scopes,
        is_map=True,
        is_distributed=configured is not None and configured.text("Mode") == "DISTRIBUTED",
        writes_results=_writes_results(node),
        transformation=_transformation(node),
        items=None if "ItemReader" in node else items,
        entry=_batch_of(entry, batch_input) if is_batched else entry,
        is_batched=is_batched,
    )


def _writes_results(node: Node) -> bool:
    """Tell whether results go to S3: a ResultWriter that names no place only formats them."""
    writer = node.mapping("ResultWriter")
    if writer is None:
        return "ResultWriter" in node
    return any(key in writer for key in ("Resource", "Parameters", "Arguments"))


def _transformation(node: Node) -> str:
    """Return what a ResultWriter makes of results that it does not take to S3."""
    if "ResultWriter" not in node:
        return COMPACT
    writer = node.mapping("ResultWriter")
    configured = writer.mapping("WriterConfig") if writer is not None else None
    return (configured.text("Transformation") if configured is not None else None) or "NONE"


def _batch_of(selector: Expression, batch_input: Expression | None) -> Expression:
    """Return the document of a child that is given a batch."""
    fields: dict[Step, Expression] = {"Items": Struct({EACH: selector}, 2)}
    if batch_input is not None:
        return Struct({**fields, "BatchInput": batch_input}, 30)
    return Struct(fields, 12)


def _plain_function(service: Service, node: Node) -> str | None:
    is_lambda = service.integration in {Integration.LAMBDA_ARN, Integration.UNKNOWN}
    return resource_text(node) if is_lambda else None


def _named_function(arguments: Node | None) -> str | None:
    for key in _FUNCTION_KEYS:
        found = arguments.get(key) if arguments is not None else None
        if found is not None:
            return next((str(n.value) for n in found.walk() if isinstance(n.value, str)), None)
    return None
