"""What workers, and those who answer callbacks, see and give; for its schemas alone."""

from typing import Literal, TypeAlias

from pydantic import Field

from docs.schemas.forms import Count, Json, Open, Pointer, TreePointer
from universal_sync_core.bag.next_action import NEXT_ACTION_BY_STATUS

STATUSES = ", ".join(f"`{status}`" for status in NEXT_ACTION_BY_STATUS)


class Bag(Open):
    """The state of a workflow. A field that is large is a pointer, or in a form of docs/formats.md.

    All other fields are the user's, or are about branches, maps and executions.
    """

    execution_id: str = Field(default="", min_length=1, description="Whose objects may be read.")
    current_state: Json = Field(default=None, description="The data; an object.")
    state_history: Json = Field(default=None, description="The newest entries.")
    next_action: str = Field(default="CONTINUE", description="Where the workflow goes next.")
    segment_to_run: Json = Field(default=0, description="From 0.")
    total_segments: Json = Field(default=None, description="Segments are counted where it is.")
    loop_counter: Json = Field(default=0, description="Segments that have run.")
    branch: Json = Field(default=None, description="In a branch, its item of pending_branches.")
    branch_id: Json = Field(default=None, description="In a branch, its name.")
    state_revision: int = Field(default=0, description="Goes up by one with each result.")
    last_update_time: str = Field(default="", description="ISO 8601, UTC.")
    payload_size_kb: float = Field(
        default=0, description="Of the bag as JSON; 1 KB is 1,024 bytes."
    )


class ObjectResult(Open):
    """Fields to merge into the bag; those named here also say how the workflow goes on."""

    status: Json = Field(default="CONTINUE", description=f"{STATUSES}; anything else is refused.")
    next_segment_to_run: Count = Field(default=0, description="In the place of the next one.")
    total_segments: Count = 0
    pending_branches: list[Json] | TreePointer = Field(
        default=[], description="With `PARALLEL_GROUP`: an element for each branch."
    )
    distributed_items: Json = Field(
        default=[],
        description="With `DISTRIBUTED_MAP`: a list, or `bucket` and `key` of one in S3.",
    )
    prompt: Json = Field(
        default=None, description="With `PAUSED_FOR_HITP` and `ASYNC`: what is asked."
    )
    wait_seconds: Json = Field(
        default=None, description="With `WAIT`: for how long, up to a year. With a `job`: at most."
    )
    wait_until: Json = Field(default=None, description="With `WAIT`: until when, in RFC 3339.")
    job: Json = Field(
        default=None, description="With `ASYNC`: id or ARN of a job whose end is waited for."
    )
    error: Json = Field(
        default=None, description="With a status that ends in a failure: the execution's own."
    )
    cause: Json = Field(default=None, description="The same.")
    removed_paths: list[str] = Field(
        default=[], description="Keys of `current_state` that are taken away before."
    )
    preview_paths: list[str] = Field(
        default=[], description="Of these the bag shows a preview beside the pointer, from now on."
    )
    current_state: Json = Field(default={}, description="Merged at every depth.")
    state_history: Json = Field(default=[], description="Entries to add, each once.")


WorkerResult: TypeAlias = Pointer | ObjectResult | list[Json] | str | int | float | bool | None


class CallbackDetail(Open):
    """Whom to answer, by the action `submit_callback`, and what is asked."""

    callback_id: str = Field(pattern=r"^[0-9a-f]{64}(-[0-9a-f]{32})?$")
    callback_type: Literal["human", "async"]
    execution_id: str
    prompt: Json = Field(description="A pointer where it is over 32 KiB.")
    state_revision: int | None
    job: str = Field(default="", description="Where a job is waited for, its id.")


class CallbackRequested(Open):
    """The event on EventBridge with which a waiting state asks."""

    source: Literal["universal-sync-core"]
    detail_type: Literal["Callback Requested"] = Field(alias="detail-type")
    detail: CallbackDetail
