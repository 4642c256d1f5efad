"""The nine actions of the pipe, and the other actions.

`@app.action`: the function returns a result, and the pipe merges it into the next bag.
`@app.answer`: the function returns the answer itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import measures
import universal_sync_core as core
from contract.callback_models import JobEndedEvent, RequestCallbackEvent, SubmitCallbackEvent
from contract.models import (
    AggregateBranchesEvent,
    AggregateDistributedEvent,
    AsyncEvent,
    CallbackEvent,
    CallServiceEvent,
    CompleteBranchEvent,
    CreateSnapshotEvent,
    DecompressEvent,
    DeleteEndedEvent,
    ForkBranchEvent,
    HandOverEvent,
    HydrateEvent,
    InitEvent,
    OffloadEvent,
    OffloadingEvent,
    RecordEndEvent,
    RecordFailureEvent,
    RestoreSnapshotEvent,
    RunSegmentEvent,
    StageItemsEvent,
    StoreResultEvent,
    SyncBranchEvent,
    SyncEvent,
)
from routing import ActionResolver
from universal_sync_core.errors import StateTooLargeError
from universal_sync_core.limits import LAMBDA_PAYLOAD_BYTES

if TYPE_CHECKING:
    from contract.answers import (
        BranchAnswer,
        CallbackAnswer,
        CalledAnswer,
        DeletionAnswer,
        DeliveryAnswer,
        DocumentAnswer,
        EndAnswer,
        FailureAnswer,
        HydratedAnswer,
        ItemsAnswer,
        JobAnswer,
        NextAnswer,
        ResultAnswer,
        StateAnswer,
        ValueAnswer,
        WorkerAnswer,
    )
    from universal_sync_core.values.codec import Json

# Stages of a failure at which a callback was not answered in time; in a branch, the error shows it.
_EXPIRED: Final = {"callback_timeout", "async_timeout"}
_NO_HEARTBEAT: Final = "States.HeartbeatTimeout"

app = ActionResolver()
# The only action that a backend needs to let people answer.
callback_app = ActionResolver()
# The only action that the rule for the ends of jobs needs.
jobs_app = ActionResolver()
# The daily action, with the permission to delete that no other action needs.
retention_app = ActionResolver()


@app.answer("init", InitEvent)
def init(event: InitEvent) -> StateAnswer:
    """The first bag of an execution: made from its input, or left by an earlier execution."""
    return {"state_data": core.first_bag(event.input, event.context)}


@app.answer("sync", SyncEvent)
def sync(event: SyncEvent) -> StateAnswer:
    """The bag with a worker's result merged, or the bag of a worker that merged it itself."""
    bag = core.merge_answer(event.state_data, event.execution_result, event.context)
    return {"state_data": bag}


@app.answer("sync_branch", SyncBranchEvent)
def sync_branch(event: SyncBranchEvent) -> StateAnswer:
    """The same inside a branch."""
    bag = core.merge_answer(event.state_data, event.execution_result, event.context)
    return {"state_data": bag}


@app.action("aggregate_distributed", AggregateDistributedEvent)
def aggregate_distributed(event: AggregateDistributedEvent) -> Json:
    """The bag with the results of a Distributed Map."""
    return event.execution_result


@app.action("merge_callback", CallbackEvent)
def merge_callback(event: CallbackEvent) -> Json:
    """The bag with a human's answer."""
    return {"callback_result": event.callback_result}


@app.action("merge_async", AsyncEvent)
def merge_async(event: AsyncEvent) -> Json:
    """The bag with an asynchronous job's answer."""
    return {"async_result": event.async_result}


@app.action("update_and_compress", SyncEvent)
def update_and_compress(event: SyncEvent) -> Json:
    """The bag with a worker's result; large values are kept compressed if they then fit."""
    return event.execution_result


@app.answer("decompress", DecompressEvent)
def decompress(event: DecompressEvent) -> ValueAnswer:
    """The value in a compressed value."""
    return {"value": core.decompress(event.compressed_data)}


@app.answer("fork_branch", ForkBranchEvent)
def fork_branch(event: ForkBranchEvent) -> StateAnswer:
    """A branch's own bag, made from its parent's."""
    return {"state_data": core.fork_branch(event.state_data, event.branch, event.context)}


@app.answer("complete_branch", CompleteBranchEvent)
def complete_branch(event: CompleteBranchEvent) -> BranchAnswer:
    """A finished branch as a pointer of a few hundred bytes."""
    branch = core.complete_branch(event.state_data, event.context, status=event.status)
    return {"branch": branch}


@app.answer("aggregate_branches", AggregateBranchesEvent)
def aggregate_branches(event: AggregateBranchesEvent) -> StateAnswer:
    """The parent's bag with the branches joined."""
    return {"state_data": core.join_branches(event.state_data, event.branches, event.context)}


@app.answer("stage_items", StageItemsEvent)
def stage_items(event: StageItemsEvent) -> ItemsAnswer:
    """The bag's `distributed_items` as a JSON array that an ItemReader reads."""
    return {"items": core.stage_items(event.state_data, event.context)}


@app.answer("store_result", StoreResultEvent)
def store_result(event: StoreResultEvent) -> ResultAnswer:
    """An item's result as a pointer, so that the children of a map do not answer with state."""
    return {"result": core.store_result(event.execution_result, event.context)}


@app.answer("create_snapshot", CreateSnapshotEvent)
def create_snapshot(event: CreateSnapshotEvent) -> StateAnswer:
    """The bag with the path of a snapshot of it."""
    snapshot = core.create_snapshot(event.state_data, event.snapshot_type, event.context)
    return {"state_data": snapshot}


@app.answer("restore_snapshot", RestoreSnapshotEvent)
def restore_snapshot(event: RestoreSnapshotEvent) -> StateAnswer:
    """The bag of a snapshot."""
    return {"state_data": core.restore_snapshot(event.s3_path, event.context)}


@app.answer("hand_over", HandOverEvent)
def hand_over(event: HandOverEvent) -> NextAnswer:
    """The name and the input for starting the next execution of the workflow."""
    return {"next": core.hand_over(event.state_data, event.context)}


@app.answer("record_failure", RecordFailureEvent)
def record_failure(event: RecordFailureEvent) -> FailureAnswer:
    """An error with a cause short enough to read, and the path of its record."""
    if event.stage in _EXPIRED or event.failure.error == _NO_HEARTBEAT:
        measures.count_callback_expiry()
    failure = event.failure.model_dump(by_alias=True, exclude_none=True)
    told = event.model_dump(include={"stage", "failed_at", "execution_arn"}, exclude_none=True)
    return {
        "failure": core.record_failure(event.state_data, failure, event.context, circumstances=told)
    }


@app.answer("record_end", RecordEndEvent)
def record_end(event: RecordEndEvent) -> EndAnswer:
    """The record of an ended execution, and of its failure if it left none."""
    from executions import ends  # noqa: PLC0415 - with boto3, which other actions do not need

    return ends.record_end(event.execution_arn, event.context)


@app.answer("hydrate", HydrateEvent)
def hydrate(event: HydrateEvent) -> HydratedAnswer:
    """A bag or a document with values in place of its pointers."""
    answer: HydratedAnswer
    if "document" in event.model_fields_set:
        answer = {"document": core.hydrate(event.document, event.paths, event.context)}
    else:
        answer = {"state_data": core.hydrate_state(event.state_data, event.paths, event.context)}
    # The size the runtime will write, which puts a space after each comma and colon.
    size = len(json.dumps(answer, ensure_ascii=False).encode(errors="surrogatepass"))
    if size > LAMBDA_PAYLOAD_BYTES:
        message = "the hydrated value is too large for the answer of a function; name paths"
        raise StateTooLargeError(message, size=size, limit=LAMBDA_PAYLOAD_BYTES)
    return answer


@app.answer("offload", OffloadEvent)
def offload(event: OffloadEvent) -> DocumentAnswer:
    """A document of any shape with its largest parts in S3."""
    return {"document": _offloaded(event.document, event)}


@app.answer("call_service", CallServiceEvent)
def call_service(event: CallServiceEvent) -> CalledAnswer:
    """The answer of an AWS service to one call, with its largest parts in S3."""
    from services import integrations  # noqa: PLC0415 - with boto3, which other actions do not need

    return {"result": _offloaded(integrations.call(event), event)}


def _offloaded(document: Json, event: OffloadingEvent) -> Json:
    return core.offload(
        document,
        event.context,
        at_most=event.at_most,
        open=event.open_,
        list=event.list_,
        plain=event.plain,
    )


@app.answer("run_segment", RunSegmentEvent)
def run_segment(event: RunSegmentEvent) -> WorkerAnswer:
    """The built-in runner: the result that was recorded for this segment, branch or item."""
    return core.recorded_result(
        event.state_data, event.context, item=event.item, per_batch=event.items_per_batch
    )


@app.answer("request_callback", RequestCallbackEvent)
def request_callback(event: RequestCallbackEvent) -> CallbackAnswer:
    """Keeps the token of a waiting state, and announces that an answer is wanted."""
    from jobs import waits  # noqa: PLC0415 - with boto3, which other actions do not need

    return waits.request(event)


@app.answer("submit_callback", SubmitCallbackEvent)
def submit_callback(event: SubmitCallbackEvent) -> DeliveryAnswer:
    """Sends an answer to the waiting state, once."""
    from callbacks import submissions  # noqa: PLC0415 - with boto3, which other actions do not need

    return submissions.submit(event)


@callback_app.answer("submit_callback", SubmitCallbackEvent)
def answer_callback(event: SubmitCallbackEvent) -> DeliveryAnswer:
    """The same without the permission to read state: the answer must be the value itself."""
    from callbacks import submissions  # noqa: PLC0415 - as above

    return submissions.submit(event, may_point=False)


@jobs_app.answer("job_ended", JobEndedEvent)
def job_ended(event: JobEndedEvent) -> JobAnswer:
    """Answers the waits for a job, from the event of its service."""
    from jobs import waits  # noqa: PLC0415 - as above

    return waits.ended(event)


@retention_app.answer("delete_ended", DeleteEndedEvent)
def delete_ended(event: DeleteEndedEvent) -> DeletionAnswer:
    """Deletes everything of workflows that ended longer ago than the retention."""
    from executions import daily_deletion  # noqa: PLC0415 - as above

    return daily_deletion.delete_ended(event)


# The actions of all functions, which differ only in their handlers.
_RESOLVERS: Final = (app, callback_app, jobs_app, retention_app)
EVERY_ACTION: Final = tuple(sorted({name for each in _RESOLVERS for name in each.actions}))
