"""The shape of every event, one model per action.

A model describes only what an action reads. The contents of a bag, a result or an answer are the
user's: they pass through unread, so that validating an event takes the same time however large the
state is.
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

from contract.base import ActionEvent, State, StateEvent
from universal_sync_core.documents.document import DOCUMENT_BYTES
from universal_sync_core.retention.terms import MOST_DAYS, MOST_RECORDS
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

    execution_result: Any = Field(description="The worker's answer: any JSON value.")


def _under_either_name(schema: dict[str, Any]) -> None:
    """Declare in the schema that the bag comes under exactly one of its names."""
    schema["properties"]["branch_state"] = schema["properties"]["state_data"]
    schema["required"].remove("state_data")
    schema["oneOf"] = [{"required": ["state_data"]}, {"required": ["branch_state"]}]


class SyncBranchEvent(SyncEvent):
    """The same inside a parallel branch, whose bag may come under either name, but only one."""

    model_config = ConfigDict(json_schema_extra=_under_either_name)

    # The names are for JSON; nobody calls the constructor.
    state_data: State = Field(  # type: ignore[pydantic-alias]
        validation_alias=AliasChoices("state_data", "branch_state")
    )


class ForkBranchEvent(StateEvent):
    """Starts a branch with an entry of `pending_branches`, which may be any JSON value."""

    branch: Any = Field(description="The entry. In an object, `branch_id`, `segments` count.")


class FailureOutput(BaseModel):
    """The fields that a Catch writes for an error; the task's answer may have left them out.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, hide_input_in_errors=True)

    error: str | None = Field(default=None, alias="Error", description="Name of the error.")
    cause: str | None = Field(default=None, alias="Cause", description="The text of the error.")


class RecordFailureEvent(StateEvent):
    """Brings the error that ends an execution or a branch, with the stage and the time."""

    failure: FailureOutput
    stage: str | None = Field(default=None, description="The stage that failed, such as `segment`.")
    failed_at: str | None = Field(default=None, description="When, in ISO 8601.")
    execution_arn: str | None = Field(default=None, description="ARN of the execution that failed.")


class RecordEndEvent(ActionEvent):
    """Names an execution that ended and may have left no record."""

    execution_arn: str = Field(min_length=1)


class DeleteEndedEvent(ActionEvent):
    """Asks for the deletion of everything of workflows that ended long ago."""

    dry_run: bool = Field(default=False, description="Whether to report only, and delete nothing.")
    retention_days: int | None = Field(
        default=None, ge=0, le=MOST_DAYS, description="Only for a dry run."
    )
    most: int = Field(default=MOST_RECORDS, ge=1, description="Most ends to look at, oldest first.")


class HandOverEvent(StateEvent):
    """Asks for the name and the input of a new execution that goes on with the bag."""


class CompleteBranchEvent(StateEvent):
    """Ends a branch; `status` says how, if the bag's own does not."""

    status: str | None = Field(default=None, description="`COMPLETE` or `FAILED`.")


class AggregateBranchesEvent(StateEvent):
    """Brings the answers of the branches, in branch order."""

    branches: list[Any] = Field(description="Branch pointers, failures of branches, or values.")


class StageItemsEvent(StateEvent):
    """Asks for the bag's `distributed_items` as an object that an ItemReader can read."""


class StoreResultEvent(ActionEvent):
    """Brings the result of one item of a Distributed Map."""

    execution_id: str = Field(min_length=1)
    execution_result: Any = Field(description="What the worker answered: any JSON value.")
    index: int | None = Field(default=None, description="Position of the item, from 0.")


def _results_or_manifest(result: Any) -> Any:
    """Refuse a value that would otherwise be merged as if it were the results of a map."""
    if isinstance(result, list) or (isinstance(result, dict) and "ResultWriterDetails" in result):
        return result
    raise PydanticCustomError("map_result", "must be a list or an object with ResultWriterDetails")


class AggregateDistributedEvent(StateEvent):
    """Brings the results of a Distributed Map, or the place where its ResultWriter put them."""

    execution_result: Annotated[
        Any,
        AfterValidator(_results_or_manifest),
        WithJsonSchema(
            {
                "description": "The results in item order, or the answer of a ResultWriter.",
                "anyOf": [
                    {"type": "array"},
                    {"type": "object", "required": ["ResultWriterDetails"]},
                ],
            }
        ),
    ]


class CallbackEvent(StateEvent):
    """Brings the output that was sent to SendTaskSuccess for a waiting state."""

    callback_result: Any = Field(description="Any JSON value.")


class AsyncEvent(StateEvent):
    """Brings the answer of an asynchronous job."""

    async_result: Any = Field(description="Any JSON value.")


class CreateSnapshotEvent(StateEvent):
    """Says whether the snapshot is made before or after the work."""

    snapshot_type: Literal["pre", "post"]


class RestoreSnapshotEvent(ActionEvent):
    """Names a snapshot by its `s3://` path, and by `execution_id` who restores it."""

    s3_path: str = Field(min_length=1, description="The `s3://` path from the bag.")


class DecompressEvent(ActionEvent):
    """Brings a value that `update_and_compress` left in a bag."""

    compressed_data: Any = Field(description="A compressed value, or its base64 text alone.")


def _bag_or_document(schema: dict[str, Any]) -> None:
    """Declare in the schema that exactly one of the two is given."""
    schema["oneOf"] = [{"required": ["state_data"]}, {"required": ["document"]}]


class HydrateEvent(ActionEvent):
    """Asks for the values of pointers: all of them, or those under some paths."""

    model_config = ConfigDict(json_schema_extra=_bag_or_document)

    state_data: State = Field(default={})
    document: Any = Field(default=None, description="Any JSON value, instead of a bag.")
    paths: list[str] | None = Field(
        default=None,
        description="Such as `current_state.items[3].name`, or `items[*].name` in a document; null"
        " for everything.",
    )
    keep_inline: list[str] | None = None
    merge_strategy: JsonObject | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if len(self.model_fields_set & {"state_data", "document"}) != 1:
            what = "must be given, or document, but not both"
            raise PydanticCustomError("one_of", what, {"field": "state_data"})
        return self


class OffloadingEvent(ActionEvent):
    """An event whose answer may be large; it says which parts have to stay readable in place."""

    at_most: int = Field(default=DOCUMENT_BYTES, description="Most bytes of JSON in the answer.")
    open_: list[str] = Field(
        default=[], alias="open", description="Paths of objects and lists that stay containers."
    )
    list_: list[str] = Field(
        default=[], alias="list", description="Paths of lists whose elements may be pointers."
    )
    plain: list[str] = Field(
        default=[],
        description="Paths of values that stay without pointers, such as `items[*].id`; `$` is"
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
        default={}, description="The parameters of Step Functions' own integration."
    )
    all_pages: bool = Field(default=False, description="Whether to answer with all pages as one.")


class RunSegmentEvent(ActionEvent):
    """The state machine sends this to every runner: a bag, or an item of a Distributed Map."""

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
        default=1, ge=1, description="If more than one, `item` is a list of at most this many."
    )
    sync: bool | None = Field(
        default=None, description="Whether the runner should answer with the merged bag."
    )

    @model_validator(mode="after")
    def _something_to_run(self) -> Self:
        if self.state_data is None and "item" not in self.model_fields_set:
            raise PydanticCustomError("missing", "Field required", {"field": "state_data"})
        return self
