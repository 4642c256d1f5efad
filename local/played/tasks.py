"""Calls that a state makes: what is passed goes through JSON, and an error is what a Catch gets."""

import json
import logging
from collections.abc import Callable
from typing import Any, TypeAlias

from universal_sync_core.values.codec import JsonObject

from ..errors import PayloadTooLargeError
from .workflow_run import FailedStateError

_LOG = logging.getLogger(__name__)

Passed: TypeAlias = Callable[[JsonObject], JsonObject]


class Tasks:
    """Makes the calls of one execution."""

    def __init__(self, passed: Passed, states: list[str]) -> None:
        """Pass values on through `passed`, and note the states that call in `states`."""
        self._passed = passed
        self._states = states

    def task(self, state: str, caught: str, function: Callable[..., Any], *given: Any) -> Any:
        """Return what the function of a state answers.

        Args:
            state: its name.
            caught: where its errors lead.
            function: that is called.
            given: to the function.
        """
        self._states.append(state)
        return self.called(function, *given, caught=caught)

    def changed(
        self, state: str, caught: str, function: Callable[..., JsonObject], *given: Any
    ) -> JsonObject:
        """Return the bag that an action makes, as `task`."""
        bag: JsonObject = self.task(state, caught, function, *given)
        return bag

    def called(self, function: Callable[..., Any], *given: Any, caught: str) -> Any:
        """Return what a function answers, as JSON passes it on."""
        try:
            sent = [self._passed(each) if isinstance(each, dict) else each for each in given]
            return self._passed({"answer": function(*sent)})["answer"]
        except PayloadTooLargeError as error:
            raise FailedStateError("States.DataLimitExceeded", str(error), caught) from error
        except Exception as error:
            _LOG.exception("A task of the workflow failed")  # pytest shows it if the test fails
            cause = {"errorMessage": str(error), "errorType": type(error).__name__}
            raise FailedStateError(cause["errorType"], json.dumps(cause), caught) from error

    def within_limit(self, document: JsonObject, caught: str) -> JsonObject:
        """Return what a state hands on beside the bag."""
        passed: JsonObject = self.called(lambda: document, caught=caught)
        return passed
