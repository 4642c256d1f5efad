"""Types of a worker's answer, so that type checkers find what would be refused."""

from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, TypedDict
from uuid import UUID

from universal_sync_core.bag.next_action import Status
from universal_sync_core.lazy.views import View

StatusName: TypeAlias = Literal[
    "CONTINUE",
    "SKIPPED",
    "COMPLETE",
    "SUCCEEDED",
    "FAILED",
    "HALTED",
    "SIGKILL",
    "PAUSED_FOR_HITP",
    "PAUSE",
    "PARALLEL_GROUP",
    "DISTRIBUTED_MAP",
    "ASYNC",
    "WAIT",
]
Elements: TypeAlias = list[Any] | tuple[Any, ...] | Iterator[object] | AsyncIterator[object] | View


class Result(TypedDict, total=False):
    """The fields of a result that the workflow reads; each may be left out.

    Declare it as your worker's return type, and mypy and pyright check what it returns. Put fields
    of your own into `current_state`, or into a subclass:

        class Found(Result, total=False):
            hits: list[str]
    """

    status: Status | StatusName
    removed_paths: list[str]
    preview_paths: list[str]
    current_state: Mapping[str, object]
    state_history: object
    new_history_logs: object
    next_segment_to_run: int
    total_segments: int
    pending_branches: Elements
    distributed_items: Elements | Mapping[str, object]
    prompt: object
    job: str
    wait_seconds: int
    wait_until: str | datetime
    error: str
    cause: str


class Model(Protocol):
    """A pydantic model."""

    def model_dump(self, *, mode: Any = ..., by_alias: Any = ...) -> dict[str, Any]:
        """Return its fields."""


class Dataclass(Protocol):
    """An instance of a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Answer: TypeAlias = (
    Mapping[str, object] | Elements | Model | Dataclass | str | float | date | UUID | Enum | None
)
"""JSON values, and values that have exactly one meaning in JSON."""

Answered: TypeAlias = Answer | Coroutine[Any, Any, Answer]
"""What a plain or an `async` worker returns."""
