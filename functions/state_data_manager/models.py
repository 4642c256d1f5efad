"""The shape of every event, one model per action.

Only what an action reads is described. The inside of a bag, a result or an answer is the user's:
it passes through unread, so that validating an event costs the same whatever the state weighs.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from routing import ActionEvent, State, StateEvent
from universal_sync_core.documents.document import DOCUMENT_BYTES
from universal_sync_core.retention.terms import MOST_RECORDS
from universal_sync_core.values.codec import JsonObject


class InitEvent(ActionEvent):
    """Starts a workflow: the execution's input becomes its first bag."""

    execution_id: str = Field(min_length=1)
    input: dict[str, Any] | None = Field(
        description="Its fields become those of the bag. `input_s3_path` (with `input_sha256`)"
        " names an object whose fields come first, `resume_from` a record or a snapshot to go on"
        " from."
    )


class SyncEvent(StateEvent):
    """Brings the result of a worker, of any shape."""

    execution_result: Any = Field(description="What a worker answered: any JSON value.")


def _under_either_name(schema: dict[str, Any]) -> None:
    """Say in the schema that the bag comes under exactly one of its names."""
    schema["properties"]["branch_state"] = schema["properties"]["state_data"]
    schema["required"].remove("state_data")
    schema["oneOf"] = [{"required": ["state_data"]}, {"required": ["branch_state"]}]


class SyncBranchEvent(SyncEvent):
    """The same inside a parallel branch, whose bag may come under either name, but only one."""

    model_config = ConfigDict(json_schema_extra=_under_either_name)

    # The names are for JSON; nobody builds an event by its constructor.
    state_data: State = Field(  # type: ignore[pydantic-alias]
        validation_alias=AliasChoices("state_data", "branch_state")
    )


class ForkBranchEvent(StateEvent):
    """Starts a branch with an entry of `pending_branches`, which may be any JSON value."""

    branch: Any = Field(description="The entry. Of an object `branch_id`, `segments` count.")


class FailureOutput(BaseModel):
    """What a Catch gives of an error; whoever answered the task may have sent none of it.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, hide_input_in_errors=True)

    error: str | None = Field(default=None, alias="Error", description="Name of the error.")
    cause: str | None = Field(default=None, alias="Cause", description="What it says of itself.")


class RecordFailureEvent(StateEvent):
    """Brings the error that ends an execution or a branch, and what came up when."""

    failure: FailureOutput
    stage: str | None = Field(default=None, description="What failed, such as `segment`.")
    failed_at: str | None = Field(default=None, description="When, in ISO 8601.")
    execution_arn: str | None = Field(default=None, description="Of the execution that failed.")


class RecordEndEvent(ActionEvent):
    """Names an execution that ended and may have left no record."""

    execution_arn: str = Field(min_length=1)


class DeleteEndedEvent(ActionEvent):
    """Asks for the deletion of what belongs to workflows that ended long ago."""

    dry_run: bool = Field(default=False, description="Whether it is only told what would go.")
    retention_days: int | None = Field(default=None, ge=0, description="Of a dry run alone.")
    most: int = Field(default=MOST_RECORDS, ge=1, description="Ends looked at, oldest first.")


class HandOverEvent(StateEvent):
    """Asks for what a new execution needs to go on with the bag."""


class CompleteBranchEvent(StateEvent):
    """Ends a branch; `status` says how where the bag's own would not."""

    status: str | None = Field(default=None, description="`COMPLETE` or `FAILED`.")


class AggregateBranchesEvent(StateEvent):
    """Brings what the branches answered, in branch order."""

    branches: list[Any] = Field(description="Branch pointers, failures of branches, or values.")


class StageItemsEvent(StateEvent):
    """Asks for the bag's `distributed_items` as an object that an ItemReader can read."""


class StoreResultEvent(ActionEvent):
    """Brings the result of one item of a Distributed Map."""

    execution_id: str = Field(min_length=1)
    execution_result: Any = Field(description="What the worker answered: any JSON value.")
    index: int | None = Field(default=None, description="Position of the item, from 0.")


def _results_or_manifest(result: Any) -> Any:
    """Refuses what would otherwise be merged as if it were a map's results."""
    if isinstance(result, list) or (isinstance(result, dict) and "ResultWriterDetails" in result):
        return result
    raise PydanticCustomError("map_result", "must be a list or an object with ResultWriterDetails")


class AggregateDistributedEvent(StateEvent):
    """Brings a Distributed Map's results, or where its ResultWriter put them."""

    execution_result: Annotated[
        Any,
        AfterValidator(_results_or_manifest),
        WithJsonSchema(
            {
                "description": "The results in item order, or what a ResultWriter answers.",
                "anyOf": [
                    {"type": "array"},
                    {"type": "object", "required": ["ResultWriterDetails"]},
                ],
            }
        ),
    ]


class CallbackEvent(StateEvent):
    """Brings what was sent to SendTaskSuccess for a waiting state."""

    callback_result: Any = Field(description="Any JSON value.")


class AsyncEvent(StateEvent):
    """Brings what an asynchronous job answered."""

    async_result: Any = Field(description="Any JSON value.")


class CreateSnapshotEvent(StateEvent):
    """Says on which side of the work the snapshot stands."""

    snapshot_type: Literal["pre", "post"]


class RestoreSnapshotEvent(ActionEvent):
    """Names a snapshot by its `s3://` path, and by `execution_id` who takes it up."""

    s3_path: str = Field(min_length=1, description="`s3://` path, as the bag has it.")


class DecompressEvent(ActionEvent):
    """Brings a value that `update_and_compress` left in a bag."""

    compressed_data: Any = Field(description="A compressed value, or its base64 text alone.")


def _bag_or_document(schema: dict[str, Any]) -> None:
    """Say in the schema that one of the two is hydrated."""
    schema["oneOf"] = [{"required": ["state_data"]}, {"required": ["document"]}]


class HydrateEvent(ActionEvent):
    """Asks for pointers back as values: all of them, or those under some paths."""

    model_config = ConfigDict(json_schema_extra=_bag_or_document)

    state_data: State = Field(default={})
    document: Any = Field(default=None, description="Any JSON value, in place of a bag.")
    paths: list[str] | None = Field(
        default=None,
        description="Such as `current_state.items[3].name`, or `items[*].name` of a document; null"
        " for everything.",
    )
    keep_inline: list[str] | None = None
    merge_strategy: JsonObject | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if len(self.model_fields_set & {"state_data", "document"}) != 1:
            what = "must be given, or document, and not both"
            raise PydanticCustomError("one_of", what, {"field": "state_data"})
        return self


class OffloadingEvent(ActionEvent):
    """An event whose answer may be large, and that says what has to stay readable in place."""

    at_most: int = Field(default=DOCUMENT_BYTES, description="Bytes of JSON that may stay.")
    open_: list[str] = Field(
        default=[], alias="open", description="Paths of objects and lists that stay containers."
    )
    list_: list[str] = Field(
        default=[], alias="list", description="Paths of lists whose elements may be pointers."
    )
    plain: list[str] = Field(
        default=[],
        description="Paths of values in which no pointer stands, such as `items[*].id`; `$` is"
        " everything.",
    )


class OffloadEvent(OffloadingEvent):
    """Brings a document of any shape."""

    document: Any = Field(description="Any JSON value.")


class CallServiceEvent(OffloadingEvent):
    """Names an operation of an AWS service that the stack lists, and its parameters."""

    operation: str = Field(
        min_length=3, description="Such as `dynamodb:query`, as in a Resource of Step Functions."
    )
    parameters: dict[str, Any] = Field(
        default={}, description="Those of Step Functions' own integration."
    )
    all_pages: bool = Field(default=False, description="Whether to answer all pages as one.")


class RunSegmentEvent(ActionEvent):
    """What the state machine gives every runner: a bag, or an item of a Distributed Map."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["state_data"], "properties": {"state_data": {"type": "object"}}},
                {"required": ["item"]},
            ]
        }
    )

    state_data: State | None = Field(default=None, description="A bag; in a branch, the branch's.")
    item: Any = Field(default=None, description="Any JSON value; `execution_id` is beside it.")
    index: int | None = Field(default=None, description="Position of the item, from 0.")
    items_per_batch: int = Field(
        default=1, ge=1, description="Of more than one, `item` is a list of so many, or of fewer."
    )
    sync: bool | None = Field(
        default=None, description="Whether the bag with the result merged is awaited."
    )

    @model_validator(mode="after")
    def _something_to_run(self) -> Self:
        if self.state_data is None and "item" not in self.model_fields_set:
            raise PydanticCustomError("missing", "Field required", {"field": "state_data"})
        return self
