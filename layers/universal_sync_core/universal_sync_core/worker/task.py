"""A worker in one line: `@state_task` on a Lambda handler that reads and returns plain values.

@state_task(needs=["current_state.documents", "state_history[-20:]"])
def handler(state, context):
    return {"current_state": {"summary": summarise(state["current_state"]["documents"])}}
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeAlias, overload

from universal_sync_core.bag.fields import STATE, unwrap
from universal_sync_core.bag.strategies import Strategies
from universal_sync_core.bag.unit_of_work import Encode, with_encode
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.lazy.in_place import Watch, Watches
from universal_sync_core.lazy.needs import Needs, needs_of
from universal_sync_core.sync import universal_sync_core
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.paths import Paths, listed, parse_path
from universal_sync_core.worker.invocation import finished, time_of
from universal_sync_core.worker.measures import measure_bag, measuring_errors
from universal_sync_core.worker.models import prepare
from universal_sync_core.worker.result_types import Answered
from universal_sync_core.worker.results import offload_result
from universal_sync_core.worker.state import (
    ITEM,
    SYNC_ACTIONS,
    ModelT,
    State,
    bag_state,
    item_state,
    kind_of,
)
from universal_sync_core.workflow.distributed import require_of_item

P = ParamSpec("P")

Handler: TypeAlias = Callable[Concatenate[Mapping[str, Json], P], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """How to handle the events and results of a worker.

    Attributes:
        of_item: whether the model is for items.

    The other attributes are the options of `state_task`.
    """

    needs: Needs | None
    eager: bool
    model: type[Any] | None
    at: str
    of_item: bool
    sync: bool
    merge_strategy: JsonObject | None
    keep_inline: list[str] | None
    encode: Encode | None

    def state_of(self, event: Mapping[str, Json], watch: Watch) -> State[Any]:
        """Return what the worker sees of an event.

        Raises:
            InvalidRequestError: the event has neither a bag nor an item, or does not fit the model.
        """
        if _is_item(event):
            state = item_state(event, watch)
        else:
            state = bag_state(_bag(event), self.needs, _execution_id(event), watch)
        if self.eager:
            state.fetch()
        if self.model is not None and (state.kind == ITEM) == self.of_item:
            state.validate(self.model, self.at)
        return state

    def answer_to(self, event: Mapping[str, Json], result: Json) -> Json:
        """Return the answer for the state machine."""
        context = with_encode({"execution_id": _execution_id(event)}, self.encode)
        if _is_item(event):
            answer = offload_result(result, context)
            require_of_item(answer)
            return answer
        if not self.sync or event.get("sync") is False:
            return offload_result(result, context)
        bag = _bag(event)
        own = {"merge_strategy": self.merge_strategy, "keep_inline": self.keep_inline}
        given = {name: event[name] for name in own if event.get(name) is not None}
        merging = {**own, **given, **context, "action": SYNC_ACTIONS[kind_of(bag)]}
        merged = universal_sync_core(bag, result, merging)
        measure_bag(merged)
        return {"state_data": merged}


@overload
def state_task(worker: Callable[Concatenate[State[Any], P], Answered], /) -> Handler[P]: ...
@overload
def state_task(
    *,
    needs: Paths | None = None,
    eager: bool = False,
    model: type[ModelT],
    at: str = STATE,
    sync: bool = False,
    merge_strategy: JsonObject | None = None,
    keep_inline: Paths | None = None,
    encode: Encode | None = None,
) -> Callable[[Callable[Concatenate[State[ModelT], P], Answered]], Handler[P]]: ...
@overload
def state_task(
    *,
    needs: Paths | None = None,
    eager: bool = False,
    sync: bool = False,
    merge_strategy: JsonObject | None = None,
    keep_inline: Paths | None = None,
    encode: Encode | None = None,
) -> Callable[[Callable[Concatenate[State[Any], P], Answered]], Handler[P]]: ...
def state_task(  # noqa: PLR0913 - options, each with a default
    worker: Callable[..., object] | None = None,
    /,
    *,
    needs: Paths | None = None,
    eager: bool = False,
    model: type[Any] | None = None,
    at: str = STATE,
    sync: bool = False,
    merge_strategy: JsonObject | None = None,
    keep_inline: Paths | None = None,
    encode: Encode | None = None,
) -> Any:
    """Return a Lambda handler that passes the state to a worker and takes its plain result.

    The worker gets a `State` instead of the event; all other arguments are passed on. It may be a
    plain or an `async` function, or a generator of either kind, whose values become a list. It may
    return whatever `flatten_result` accepts. Declare a `Result` as its return type, and a type
    checker finds what would be refused. A result over 60 KiB leaves as a pointer, so that the
    answer fits beside the bag. Errors of the worker pass through. If the worker changes a plain
    value in place and does not return it, the state does not change, and an `InPlaceChangeWarning`
    says so.

    Args:
        worker: the function; left out if the decorator has options.
        needs: paths that the worker reads, such as `current_state.documents`, `items[3].name`,
            `state_history[-20:]`. Each is read whole when it is first touched, as a plain value.
            Nothing else may be touched except the control fields and a branch's `branch`. None for
            everything, as views.
        eager: read all needs in parallel before the worker starts.
        model: a pydantic model, or any type that pydantic validates, for the part of the state at
            `at`. That part is validated before the worker starts, and becomes the state's `model`.
        at: path of that part. If it begins with `item`, only items are validated, else only
            segments and branches.
        sync: merge the result into the bag in the worker, and answer `{"state_data": bag}`, unless
            the event says `"sync": false`. The state machine says so unless its parameter
            `SegmentRunnerSyncs` is set. The worker needs the settings of the manager. This does not
            change the answer for an item.
        merge_strategy: with `sync`, as for the action `sync`; the one in the event wins.
        keep_inline: with `sync`, as for the action `sync`; the one in the event wins.
        encode: converts a value that is not accepted directly to JSON, or raises TypeError, like
            the `default` of `json.dumps`.

    Raises:
        InvalidRequestError: an option is wrong; also if an event has neither `state_data` nor
            `item`, or the state does not fit the model.
    """
    if eager and needs is None:
        raise InvalidRequestError("eager needs paths to read: name them in needs", field="needs")
    if model is not None:
        prepare(model)
    if encode is not None and not callable(encode):
        raise InvalidRequestError("encode must be a function that takes a value", field="encode")
    Strategies(merge_strategy)  # refused at import, not at the first event
    task = Task(
        needs=needs_of(needs, model, at),
        eager=eager,
        model=model,
        at=at,
        of_item=parse_path(at, field="at")[0] == ITEM,
        sync=sync,
        merge_strategy=merge_strategy,
        keep_inline=None if keep_inline is None else listed(keep_inline, "keep_inline"),
        encode=encode,
    )

    watches = Watches()

    def decorated(worker: Callable[..., object]) -> Callable[..., Json]:
        @functools.wraps(worker)
        def handler(event: Mapping[str, Json], *args: Any, **kwargs: Any) -> Json:
            with time_of(args), measuring_errors(_execution_id(event)):
                watch = watches.next()
                result = finished(worker(task.state_of(event, watch), *args, **kwargs))
                answer = task.answer_to(event, result)
                watch.warn(result)
                return answer

        return handler

    return decorated if worker is None else decorated(worker)


def _is_item(event: object) -> bool:
    if not isinstance(event, Mapping):
        message = (
            f"the event must be a JSON object, not of type {type(event).__name__}; decorate a"
            " function of the state and the context, not a method"
        )
        raise InvalidRequestError(message)
    return ITEM in event and "state_data" not in event


def _bag(event: Mapping[str, Json]) -> JsonObject:
    bag = unwrap(event.get("state_data"))
    if not isinstance(bag, dict):
        message = "the event must have state_data, a JSON object, or an item"
        raise InvalidRequestError(message, field="state_data")
    return bag


def _execution_id(event: object) -> Json:
    """Return the execution that an event or its bag names, or None."""
    if not isinstance(event, Mapping):
        return None
    given, bag = event.get("execution_id"), unwrap(event.get("state_data"))
    return bag.get("execution_id") if given is None and type(bag) is dict else given
