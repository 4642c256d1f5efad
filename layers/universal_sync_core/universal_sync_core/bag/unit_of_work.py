"""One call of the core: its context, and the reads and writes that its steps share."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import partial
from typing import Any, Final, Self, TypeAlias

from universal_sync_core.bag.fields import FAILED_SEGMENTS, OUTPUTS
from universal_sync_core.bag.state_paths import keys_of_state
from universal_sync_core.bag.strategies import Strategies
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.packs.objects import Objects
from universal_sync_core.pages.pages import Pages
from universal_sync_core.storage import runtime
from universal_sync_core.values.address import digest_in
from universal_sync_core.values.budget import Budget
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.paths import listed
from universal_sync_core.values.pointer import Pointer, pointers_inline
from universal_sync_core.values.portable import portable_text

Context: TypeAlias = Mapping[str, Json]
Encode: TypeAlias = Callable[[Any], Json]


class UnitOfWork:
    """What the steps of one call share.

    Attributes:
        settings: those of the process.
        objects: what the call reads and writes in S3.
        pages: the values in these objects.
        strategies: how fields are merged.
        action: the action that this call serves, if any.
        bag: the bag with which the call was opened.
        keep_inline: the keys of each path of `current_state` to copy beside its pointers.
        encode: converts a value that is not accepted directly to JSON, or raises TypeError.
        as_lambda: whether named tuples become objects, and keys that are numbers text, as Lambda's
            own runtime writes them.
    """

    def __init__(self, context: Context, bag: JsonObject) -> None:
        """Open a call; the arguments are those of `unit_of_work`."""
        _require_object(context, "context")
        _require_object(bag, "state_data")
        process = runtime.current()
        execution_id = _text(context, "execution_id") or named_execution(bag)
        self.settings = process.settings
        self.objects = Objects(process, execution_id)
        self.objects.bag_pointers = partial(_pointers_of, bag)
        self.objects.require_keys()
        self.pages = Pages(self.objects, process.settings)
        self.strategies = _strategies(context.get("merge_strategy"))
        self.action = _text(context, "action")
        self.bag = bag
        self.keep_inline = _paths(context.get("keep_inline"))
        self.encode = _function(context, "encode")
        self.as_lambda = False

    def __enter__(self) -> Self:
        """Let the calls that are made from now on join this one."""
        self._opened = _OPEN.set(self)
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Store everything that was added, unless there was an error."""
        try:
            if error is None:
                self.objects.flush()
        finally:
            _OPEN.reset(self._opened)

    @property
    def budget(self) -> Budget:
        """How much this call may still read, unpack and repeat."""
        return self.objects.budget

    def document(self, path: str) -> Json:
        """Return the JSON document at a path: the last one of its pack.

        Raises:
            StoredDataError, PointerNotAllowedError, StateTooLargeError: it cannot be read.
        """
        if digest_in(path) is None:
            return self.budget.decode(self.objects.read(path), path)
        return self.objects.record(path)[1].value


# There may be thousands of items, and looking up each pointer would cost a request.
_OF_ITEMS: Final = frozenset({OUTPUTS, FAILED_SEGMENTS})

_DEFAULT_STRATEGIES: Final = Strategies()

_OPEN: ContextVar[UnitOfWork | None] = ContextVar("call", default=None)


def unit_of_work(
    context: Context | None, bag: JsonObject | None = None
) -> AbstractContextManager[UnitOfWork]:
    """Open a call, or join the one that is open.

    When the outermost block ends without an error, everything that was added is stored. Only then
    does a pointer leave the call.

    Args:
        context: may carry `execution_id`, `action`, `merge_strategy`, `keep_inline` and `encode`.
        bag: its `execution_id` counts if the context has none.

    Raises:
        InvalidRequestError: a value in the context is wrong.
    """
    joined = _OPEN.get()
    if joined is None:
        return UnitOfWork(context or {}, bag or {})
    joined.objects.belong_to((bag or {}).get("execution_id"))
    return nullcontext(joined)


@contextmanager
def apart() -> Iterator[None]:
    """Let calls that a caller's own code makes meanwhile open a call, and not join this one."""
    token = _OPEN.set(None)
    try:
        yield
    finally:
        _OPEN.reset(token)


def serving(action: str, context: Context | None) -> Context:
    """Return the context for a function that serves an action; the context need not name it."""
    given = context or {}
    return {**given, "action": given.get("action") or action}


def with_encode(context: Context | None, encode: Encode | None) -> Context:
    """Return a context that carries `encode`, if there is one."""
    return (context or {}) if encode is None else {**(context or {}), "encode": encode}


def _pointers_of(bag: JsonObject) -> Iterator[Pointer]:
    """Yield the pointers of a bag, except those from items of a map, which were never looked up."""
    for name, value in bag.items():
        if name not in _OF_ITEMS or type(value) is not list:
            yield from pointers_inline(value)


def named_execution(fields: JsonObject) -> str | None:
    """Return the execution that fields name, or None.

    Raises:
        InvalidRequestError: the id is not a string, or no key can contain it, such as one that is
            cut inside an emoji.
    """
    named: Json = fields.get("execution_id")
    if named is None or (type(named) is str and named and portable_text(named) == named):
        return named
    raise InvalidRequestError("the bag's execution_id must be a string", field="execution_id")


def _require_object(given: object, name: str) -> None:
    if not isinstance(given, (dict, Mapping)):  # a dict is one without asking Mapping
        message = f"{name} must be an object with an execution_id, not a {type(given).__name__}"
        raise InvalidRequestError(message, field=name)


def _text(context: Context, name: str) -> str | None:
    value = context.get(name)
    if value is None or (type(value) is str and value and portable_text(value) == value):
        return value
    raise InvalidRequestError(f"{name} must be a string that is not empty", field=name)


def _function(context: Context, name: str) -> Encode | None:
    value: Encode | None = context.get(name)
    if value is not None and not callable(value):
        raise InvalidRequestError(f"{name} must be a function of one value", field=name)
    return value


def _strategies(overrides: Json) -> Strategies:
    return _DEFAULT_STRATEGIES if overrides is None else Strategies(overrides)


def _paths(value: Json) -> set[tuple[str, ...]]:
    if value is None:
        return set()
    return {keys_of_state(path, "keep_inline") for path in listed(value, "keep_inline")}
