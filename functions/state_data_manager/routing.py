"""Routing from an event's `action` to the function that answers it.

An action is one decorated function. The decorator depends on what it returns:

    @app.action("merge_callback", CallbackEvent)  # a result: the pipe merges and bounds it
    def merge_callback(event: CallbackEvent) -> Json:
        return {"callback_result": event.callback_result}

    @app.answer("decompress", DecompressEvent)  # the answer itself
    def decompress(event: DecompressEvent) -> Answer:
        return {"value": branches.decompress(event.compressed_data)}

The event is validated by the pydantic model before the function sees it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from aws_lambda_powertools.event_handler.appsync import AppSyncResolver
from aws_lambda_powertools.event_handler.graphql_appsync.router import Router
from aws_lambda_powertools.utilities.data_classes import AppSyncResolverEvent

from contract.base import ActionEvent, StateEvent
from universal_sync_core.errors import InvalidRequestError, StateSyncError, UnknownActionError
from universal_sync_core.sync import universal_sync_core
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.validation import validate

if TYPE_CHECKING:
    from collections.abc import Callable

Answer: TypeAlias = JsonObject
"""The answer of an action to its caller, a JSON object."""


EventT = TypeVar("EventT", bound=ActionEvent)
StateEventT = TypeVar("StateEventT", bound=StateEvent)


class DuplicateActionError(StateSyncError):
    """Two functions were registered for one action; this is raised at import, never by an event."""


class ActionResolver(AppSyncResolver):
    """Powertools' direct-invocation resolver, routing on the event's `action`.

    This class corrects four habits of the resolver that would be wrong here: it raises a bare
    ValueError for an unknown name, keeps its context and its event when a function fails, lets a
    second registration win silently, and takes a list for a batch.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def action(
        self, name: str, model: type[StateEventT]
    ) -> Callable[[Callable[[StateEventT], Json]], Callable[[StateEventT], Json]]:
        """Register a function that returns a result; the answer is the bag with it merged."""

        def register(function: Callable[[StateEventT], Json]) -> Callable[[StateEventT], Json]:
            @functools.wraps(function)
            def merged(event: StateEventT) -> Answer:
                result = function(event)
                bag = universal_sync_core(event.state_data, result, event.context)
                return {"state_data": bag}

            self.answer(name, model)(merged)
            return function

        return register

    def answer(
        self, name: str, model: type[EventT]
    ) -> Callable[[Callable[[EventT], Json]], Callable[[EventT], Json]]:
        """Register a function that returns the answer itself."""

        def register(function: Callable[[EventT], Json]) -> Callable[[EventT], Json]:
            if name in self.actions:
                raise DuplicateActionError(f"the action {name} is registered twice")

            @functools.wraps(function)
            def validated(event: JsonObject) -> Json:
                request = validate(model, event)
                _require_one_execution(request)
                return function(request)

            self.resolver(field_name=name)(validated)
            return function

        return register

    @property
    def actions(self) -> list[str]:
        """Return the names of all actions, sorted."""
        registered = self._resolver_registry.resolvers
        return sorted(name.removeprefix("*.") for name in registered)

    def route(self, event: object) -> str:
        """Return the action of an event.

        Raises:
            InvalidRequestError: the event is not a JSON object, or its `action` is not a string.
            UnknownActionError: no action has that name.
        """
        if not isinstance(event, dict):
            raise InvalidRequestError("the event must be a JSON object with an `action`")
        action = event.get("action")
        if not isinstance(action, str):
            raise InvalidRequestError("action: a string is required", field="action")
        if action not in self.actions:
            known = ", ".join(self.actions)
            raise UnknownActionError(f"unknown action; known are {known}", field="action")
        return action

    def resolve(
        self,
        event: Any,
        context: Any,
        data_model: type[AppSyncResolverEvent] = AppSyncResolverEvent,  # noqa: ARG002 - it is ours
    ) -> Answer:
        """Return the answer of the function registered for the event's action.

        Raises:
            InvalidRequestError: the event does not have the shape that its action needs.
            UnknownActionError: no action has its name.
        """
        self.route(event)
        try:
            answer: Answer = super().resolve(event, context, data_model=_Routed)
        finally:
            self.context.clear()
            # Powertools keeps the last event on the class, so a warm function would hold an old
            # state.
            self.current_event = Router.current_event = None
            self.lambda_context = Router.lambda_context = None
        return answer


def _require_one_execution(event: ActionEvent) -> None:
    """Raise InvalidRequestError if an event has the bag of another execution."""
    bag = getattr(event, "state_data", None) or {}
    named: Json = bag.get("execution_id")
    if None not in (named, event.execution_id) and named != event.execution_id:
        message = "state_data.execution_id: the bag belongs to another execution than the event"
        raise InvalidRequestError(message, field="state_data.execution_id")


class _Routed(AppSyncResolverEvent):
    """Shows Powertools the event in the terms that it routes by: `action` is the field name."""

    @property
    def type_name(self) -> str:
        return "*"

    @property
    def field_name(self) -> str:
        action: str = self["action"]
        return action

    @property
    def arguments(self) -> JsonObject:
        return {"event": self.raw_event}
