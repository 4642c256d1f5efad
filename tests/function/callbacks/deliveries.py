"""Step Functions and S3 in a delivery whose requests fail, or whose replies are lost."""

from collections.abc import Callable
from threading import Lock
from typing import Any

from botocore.exceptions import ReadTimeoutError

from tests.function.fakes import TOKEN, client_error
from universal_sync_core.errors import (
    StoreUnavailableError,
)
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, Part

EXECUTION_ID = "run-1"


YES, NO = {"approved": True}, {"approved": False}


TAKEN = ("delivered", "already_delivered")


class Service:
    """Step Functions: takes the first answer, refuses what is no output, and loses replies.

    Attributes:
        lost: numbers of the calls, from 1, that are served and whose replies are lost.
        failing: what other calls come to, by their numbers.
        refused: outputs that it does not take.
        taken: the answers that closed the task, of which there may be one.
    """

    def __init__(self) -> None:
        self.lost: set[int] = set()
        self.failing: dict[int, Exception] = {}
        self.refused: set[str] = set()
        self.taken: list[str] = []
        self.calls = 0
        self.is_over = False
        self._one_at_a_time = Lock()

    def send_task_success(self, *, taskToken: str, output: str) -> dict[str, Any]:  # noqa: N803
        assert taskToken == TOKEN
        with self._one_at_a_time:
            self.calls += 1
            if self.calls in self.failing:
                raise self.failing[self.calls]
            if output in self.refused:
                raise client_error("SendTaskSuccess", "InvalidOutput")
            if self.is_over or self.taken:
                raise client_error("SendTaskSuccess", "TaskTimedOut")
            self.taken.append(output)
            if self.calls in self.lost:
                raise ReadTimeoutError(endpoint_url="https://states")
        return {}


class Weather(MemoryStore):
    """Fails one request of its life, before or after it did what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = 0
        self.failing_at = 0
        self.after_effect = False

    def _weathered(self, served: Callable[[], Any]) -> Any:
        self.requests += 1
        if self.requests != self.failing_at:
            return served()
        if self.after_effect:
            served()
        raise StoreUnavailableError("no answer")

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        put = super().put
        stored: bool = self._weathered(
            lambda: put(location, body, content_encoding=content_encoding)
        )
        return stored

    def get(self, location: Location, part: Part | None = None) -> Any:
        get = super().get
        return self._weathered(lambda: get(location, part))
