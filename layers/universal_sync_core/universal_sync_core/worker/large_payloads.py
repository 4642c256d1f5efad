"""Large payloads in one line: `@large_payloads` on a Lambda handler of any event.

@large_payloads
def handler(event, context):
    return {**event, "summary": summarise(event["report"])}
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Concatenate, Final, ParamSpec, TypeAlias, overload

from universal_sync_core.bag.unit_of_work import Encode, unit_of_work
from universal_sync_core.documents.document import offloaded, require_bytes
from universal_sync_core.documents.event import shown_event
from universal_sync_core.documents.handed_out import HandedOut
from universal_sync_core.documents.owners import places_of_children, places_of_machines
from universal_sync_core.documents.words import Need, words
from universal_sync_core.errors import InvalidRequestError, PointerNotAllowedError
from universal_sync_core.packs.objects import Objects
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.paths import Paths
from universal_sync_core.worker.invocation import beside_event, finished, time_of
from universal_sync_core.worker.lambda_json import as_lambda_sends, as_lambda_writes
from universal_sync_core.worker.models import ModelT, prepare, validated
from universal_sync_core.worker.result_types import Answered
from universal_sync_core.worker.results import INLINE_RESULT_BYTES

P = ParamSpec("P")

LargePayloadHandler: TypeAlias = Callable[Concatenate[Any, P], Json]
OwnerOf: TypeAlias = str | Callable[[Any], str | None]

_OWNER: Final = "execution_id"
_WORDS: Final = ("open", "list", "plain")
# What json.loads returns, with which the runtime reads an event.
_OF_LAMBDA: Final = (dict, list, str, int, float, bool, type(None))
_CURE: Final = (
    "this handler does not know which execution it works for: add to the Parameters of its task"
    r' "ClientContext.$": "States.Base64Encode(States.Format('
    r"""'\\{\"custom\":\\{\"execution_id\":\"{}\"\\}\\}', $$.Execution.Id))"""
    '", or hand it an execution_id in the event'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Invocation:
    """How to handle one event and its answer, by the options or by what the invocation says.

    Attributes:
        owner: whose objects are read and written.
        need: which parts of the answer later states read.
    """

    owner: str | None
    need: Need
    at_most: int
    encode: Encode | None

    def of(self, custom: JsonObject, owner: str | None) -> "_Invocation":
        """Return how to handle an event of an owner; what comes beside it wins over the options."""
        given = {word: custom[word] for word in _WORDS if word in custom}
        at_most = custom.get("at_most", self.at_most)
        require_bytes(at_most)
        need = words(**given) if given else self.need
        return replace(self, owner=owner, need=need, at_most=at_most)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Add the cure to an error that was raised because the objects have no known owner."""
        try:
            yield
        except PointerNotAllowedError as error:
            if self.owner is not None:
                raise
            raise PointerNotAllowedError(f"{error}; {_CURE}", field=error.field) from error

    def places(self, settings: Settings) -> list[str]:
        """Return the prefixes that may be read besides the owner's own."""
        if self.owner is None:
            return places_of_machines(settings.readable_machines, settings)
        return places_of_children(self.owner, settings)

    def shown(self, event: Json, handed: HandedOut, *, eager: bool) -> Json:
        """Return the event as the handler sees it.

        Raises:
            InvalidRequestError: another decorator has made something else of the event.
        """
        if type(event) not in _OF_LAMBDA:
            message = (
                f"the event must be as Lambda's runtime reads it from JSON, not of type"
                f" {type(event).__name__}; put @large_payloads above a decorator that converts the"
                " event, and on a function, not a method"
            )
            raise InvalidRequestError(message, field="event")
        process = runtime.current()
        objects = Objects(process, self.owner)
        objects.require_keys()
        objects.readable += self.places(process.settings)
        return shown_event(event, objects, handed, eager=eager)

    def answer_to(self, result: Json) -> Json:
        """Return the answer for the state machine."""
        try:
            encode = self.encode or as_lambda_writes
            with unit_of_work({_OWNER: self.owner, "encode": encode}) as unit:
                unit.as_lambda = True
                unit.objects.readable += self.places(unit.settings)
                return offloaded(result, self.need, self.at_most, unit)
        except InvalidRequestError as error:
            if self.owner is not None or error.field != _OWNER:
                raise
            message = f"the answer is too large to stay inline, and {_CURE}"
            raise InvalidRequestError(message, field=_OWNER) from error


def _owner_of(event: Json, custom: JsonObject, chosen: OwnerOf | None) -> str | None:
    """Return whose objects an event is about; what comes beside it wins over the option."""
    in_event = event.get(_OWNER) if type(event) is dict else None
    of_options = chosen(event) if callable(chosen) else chosen
    named = (each for each in (custom.get(_OWNER), of_options, in_event) if each is not None)
    owner: Json = next(named, None)
    if owner is not None and (type(owner) is not str or not owner):
        kind = type(owner).__name__
        message = f"execution_id must be a string that is not empty, not a {kind}"
        raise InvalidRequestError(message, field=_OWNER)
    return owner


@overload
def large_payloads(
    handler: Callable[Concatenate[Any, P], Answered | bytes], /
) -> LargePayloadHandler[P]: ...
@overload
def large_payloads(
    *,
    model: type[ModelT],
    execution_id: OwnerOf | None = None,
    at_most: int = INLINE_RESULT_BYTES,
    open: Paths = (),
    list: Paths = (),
    plain: Paths = (),
    encode: Encode | None = None,
) -> Callable[[Callable[Concatenate[ModelT, P], Answered | bytes]], LargePayloadHandler[P]]: ...
@overload
def large_payloads(
    *,
    eager: bool = False,
    execution_id: OwnerOf | None = None,
    at_most: int = INLINE_RESULT_BYTES,
    open: Paths = (),
    list: Paths = (),
    plain: Paths = (),
    encode: Encode | None = None,
) -> Callable[[Callable[Concatenate[Any, P], Answered | bytes]], LargePayloadHandler[P]]: ...
def large_payloads(  # noqa: PLR0913 - options, all by name
    handler: Callable[..., Any] | None = None,
    /,
    *,
    eager: bool = False,
    model: type[Any] | None = None,
    execution_id: OwnerOf | None = None,
    at_most: int = INLINE_RESULT_BYTES,
    open: Paths = (),  # noqa: A002 - the three words, as a state machine writes them
    list: Paths = (),  # noqa: A002
    plain: Paths = (),
    encode: Encode | None = None,
) -> Any:
    """Return a Lambda handler that accepts pointers anywhere in its event and may answer with them.

    The handler gets the event with views in place of objects and arrays, which are read when they
    are touched. All other arguments are passed on. The handler may be a plain or an `async`
    function, or a generator of either kind. The largest parts of its result become pointers, as
    with `offload`. A value that came in as a pointer and is returned unchanged leaves as the same
    pointer, also from `{**event, ...}`, and nothing is written for it. Errors of the handler pass
    through.

    The `custom` part of the invocation's ClientContext names the owner of the objects and the words
    for the answer: `execution_id`, `at_most`, `open`, `list`, `plain`. The options below, and an
    `execution_id` in the event, count where it says nothing. Only objects of that execution and of
    the children of its machine's Distributed Maps are read. Without an owner, only objects of
    executions of `READABLE_MACHINES` are read, and nothing is written.

    Args:
        handler: the function; left out if the decorator has options.
        eager: read the whole event before the handler starts, and give it plain dicts and lists.
        model: a pydantic model, or any type that pydantic validates, which the handler gets instead
            of the event; all pointers are read before validation.
        execution_id: the owner, or a function of the event that returns it.
        at_most: the most bytes of JSON in the answer.
        open: paths of the answer at which objects and lists stay containers, with pointers only
            below them.
        list: paths at which lists stay lists; their elements may be pointers.
        plain: paths at and below which there is no pointer.
        encode: converts a value that is not accepted directly to JSON, or raises TypeError. By
            default, a Decimal becomes a number and bytes become text, as Lambda's own runtime
            writes them. Named tuples and keys that are numbers are written as there, too.

    Raises:
        InvalidRequestError: an option is wrong; also if an event has extra keys beside a pointer,
            or an answer is too large and has no known owner.
        PointerNotAllowedError: the handler reads a pointer of another owner.
        StateTooLargeError: the parts that the words keep inline are over `at_most`.
    """
    require_bytes(at_most)
    need = words(open=open, list=list, plain=plain)  # refused at import, not at the first event
    if model is not None:
        prepare(model)
    default = _Invocation(owner=None, need=need, at_most=at_most, encode=encode)

    def decorated(function: Callable[..., object]) -> Callable[..., Json]:
        @functools.wraps(function)
        def handling(event: Json, *args: Any, **kwargs: Any) -> Json:
            custom, handed = beside_event(args), HandedOut()
            invocation = default.of(custom, _owner_of(event, custom, execution_id))
            with time_of(args), invocation.told():
                shown = invocation.shown(event, handed, eager=eager or model is not None)
                if model is not None:
                    shown = validated(model, shown, "event")
                result = as_lambda_sends(finished(function(shown, *args, **kwargs)))
                return invocation.answer_to(handed.taken_back(result))

        return handling

    return decorated if handler is None else decorated(handler)
