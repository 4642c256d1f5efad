"""The shape of every answer. Only type checkers and docs/schemas read them."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from universal_sync_core.values.codec import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Form:
    """Names the form of a value that the core makes, for the schema of whatever contains it.

    Attributes:
        name: the name of a form in docs/schemas/forms.
    """

    name: str
    KEYWORD: ClassVar[str] = "form"

    def __get_pydantic_json_schema__(self, _core_schema: Any, _handler: Any) -> JsonObject:
        return {self.KEYWORD: self.name}


@dataclass(frozen=True, slots=True)
class Described:
    """Describes a field in the schema."""

    text: str

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> JsonObject:
        schema: JsonObject = handler(core_schema)
        return schema | {"description": self.text}


Bag: TypeAlias = Annotated[JsonObject, Form("bag")]
CallbackId: TypeAlias = Annotated[str, Described("digests of the wait and of its task token")]


class StateAnswer(TypedDict):
    """The next bag."""

    state_data: Bag


class ValueAnswer(TypedDict):
    """The value in a compressed value."""

    value: Annotated[Json, Described("any JSON value")]


class DocumentAnswer(TypedDict):
    """A document of any shape."""

    document: Annotated[Json, Described("any JSON value; its large parts may be pointers")]


class CalledAnswer(TypedDict):
    """The answer of a service."""

    result: Annotated[Json, Described("in the form of Step Functions' own integration")]


HydratedAnswer: TypeAlias = StateAnswer | DocumentAnswer
"""The hydrated bag or document."""


class BranchAnswer(TypedDict):
    """A finished branch."""

    branch: Annotated[JsonObject, Form("branch_pointer")]


class ItemsAnswer(TypedDict):
    """Where an ItemReader finds the items of a Distributed Map."""

    items: Annotated[JsonObject, Form("staged_items")]


class ResultAnswer(TypedDict):
    """The result of an item of a Distributed Map."""

    result: Annotated[JsonObject, Form("pointer")]


class NextAnswer(TypedDict):
    """The name and the input for starting the next execution of the workflow."""

    next: Annotated[JsonObject, Form("continuation")]


class FailureAnswer(TypedDict):
    """An error with a cause short enough to read, and the path of its record."""

    failure: Annotated[JsonObject, Form("failure")]


class EndAnswer(TypedDict):
    """Where the end of an execution is recorded, and its failure if it failed."""

    ended_s3_path: Annotated[
        str | None, Described("`s3://` path of the record of the end; null if it runs again")
    ]
    failure: Annotated[JsonObject, Form("failure")] | None


class Deleted(TypedDict):
    """What was deleted of workflows."""

    workflows: int
    objects: int
    bytes: int
    execution_ids: Annotated[list[str], Described("the first 100")]


class Kept(TypedDict):
    """A workflow that is kept although an execution of it ended so long ago."""

    execution_id: str
    reason: str


class FailedRecord(TypedDict):
    """A record that caused an error; the next run tries it again."""

    record: Annotated[str, Described("its key, or the execution whose end could not be recorded")]
    error: str


class DeletionAnswer(TypedDict):
    """What the daily deletion has done, or would do."""

    dry_run: bool
    ended_before: Annotated[str, Described("workflows that ended earlier are deleted")]
    deleted: Deleted
    kept: Annotated[list[Kept], Described("the first 100")]
    failed: Annotated[list[FailedRecord], Described("the first 100")]
    recorded: Annotated[int, Described("ends that had not been recorded before")]
    is_cut_short: Annotated[bool, Described("whether there is more to do")]
    is_put_off: Annotated[
        bool, Described("whether another run was under way, so that this one did nothing")
    ]


class CallbackAnswer(TypedDict):
    """A callback that was announced."""

    callback_id: CallbackId


_UNCONFIRMED = (
    "only if the reply of Step Functions to an earlier try was lost: the wait is over, by this"
    " answer or by its own end"
)
Delivery: TypeAlias = Literal["delivered", "already_delivered"]


class DeliveryAnswer(TypedDict):
    """What became of an answer to a callback."""

    callback_id: CallbackId
    outcome: Literal["success", "failure", "heartbeat"]
    status: Annotated[Delivery, Described("`already_delivered`: this answer was delivered before")]
    is_confirmed: NotRequired[Annotated[Literal[False], Described(_UNCONFIRMED)]]


class JobAnswer(TypedDict):
    """What an event of a job led to."""

    job: Annotated[str | None, Described("its id; null if the event does not report an end")]
    state: Annotated[str | None, Described("the state that it ended in, in its service's word")]
    waiting: Annotated[int, Described("callbacks that it answers")]


WorkerAnswer: TypeAlias = Annotated[Json, Form("worker_result")]
