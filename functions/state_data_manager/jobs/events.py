"""The events of AWS services on EventBridge that report the end of a job.

This module knows which states end a job, where the id of the job is, and which fields are for the
workflow. The rest, such as a container's environment, stays out of the state. Each kind names the
page that documents its events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.portable import is_portable, portable_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contract.callback_models import ServiceEvent

_REASON_CHARS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a service reports on jobs of one kind.

    Attributes:
        source: the source of its events.
        ids: fields of the detail that each name the job.
        state: the field with the state of the job.
        succeeded: the states of a job that has done its work.
        failed: all other states that end it.
        reason: the field with the reason.
        told: the fields that the workflow gets.
    """

    source: str
    ids: tuple[str, ...]
    state: str = "state"
    succeeded: tuple[str, ...] = ("SUCCEEDED",)
    failed: tuple[str, ...]
    reason: str = "message"
    told: tuple[str, ...] = ()


# By the detail type of the event.
KINDS: Final = {
    # https://docs.aws.amazon.com/athena/latest/ug/athena-events.html
    "Athena Query State Change": Kind(
        source="aws.athena",
        ids=("queryExecutionId",),
        state="currentState",
        failed=("FAILED", "CANCELLED"),
        reason="athenaError",
        told=("statementType", "workgroupName"),
    ),
    # https://docs.aws.amazon.com/batch/latest/userguide/batch_job_events.html
    "Batch Job State Change": Kind(
        source="aws.batch",
        ids=("jobId", "jobArn"),
        state="status",
        failed=("FAILED",),
        reason="statusReason",
        told=("jobName", "jobQueue"),
    ),
    # https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications-ref.html
    "CodeBuild Build State Change": Kind(
        source="aws.codebuild",
        ids=("build-id",),
        state="build-status",
        failed=("FAILED", "FAULT", "STOPPED", "TIMED_OUT"),
        reason="completed-phase-context",
        told=("project-name",),
    ),
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
    "ECS Task State Change": Kind(
        source="aws.ecs",
        ids=("taskArn",),
        state="lastStatus",
        succeeded=("STOPPED",),
        failed=(),
        reason="stoppedReason",
        told=("clusterArn", "group", "stopCode"),
    ),
    # https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-manage-cloudwatch-events.html
    "EMR Step Status Change": Kind(
        source="aws.emr",
        ids=("stepId",),
        succeeded=("COMPLETED",),
        failed=("FAILED", "CANCELLED", "INTERRUPTED"),
        told=("clusterId", "name"),
    ),
    "EMR Cluster State Change": Kind(
        source="aws.emr",
        ids=("clusterId",),
        succeeded=("TERMINATED",),
        failed=("TERMINATED_WITH_ERRORS",),
        told=("name",),
    ),
    # https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/using-eventbridge.html
    "EMR Serverless Job Run State Change": Kind(
        source="aws.emr-serverless",
        ids=("arn",),
        succeeded=("SUCCESS",),
        failed=("FAILED", "CANCELLED"),
        reason="stateDetails",
        told=("applicationId", "jobRunId"),
    ),
    # https://docs.aws.amazon.com/glue/latest/dg/automating-awsglue-with-cloudwatch-events.html
    "Glue Job State Change": Kind(
        source="aws.glue",
        ids=("jobRunId",),
        failed=("FAILED", "STOPPED", "TIMEOUT"),
        told=("jobName",),
    ),
    # https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    "Step Functions Execution Status Change": Kind(
        source="aws.states",
        ids=("executionArn",),
        state="status",
        failed=("FAILED", "TIMED_OUT", "ABORTED"),
        reason="cause",
        told=("error", "name", "output", "stateMachineArn"),
    ),
}


class JobEnd(BaseModel):
    """How a job has ended.

    Attributes:
        ids: its ids.
        time: the time of the event, in RFC 3339.
        reason: the reason, or an empty string.
        detail: the fields of the event that the workflow gets.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True
    )

    ids: tuple[str, ...]
    source: str
    state: str
    is_success: bool
    time: str
    reason: str
    detail: JsonObject


def job_end(event: ServiceEvent) -> JobEnd | None:
    """Return how a job has ended according to an event, or None if that reports no end."""
    kind, detail = KINDS.get(event.detail_type), event.detail
    if kind is None or kind.source != event.source:
        return None
    state, ids = detail.get(kind.state), tuple(_ids(kind, detail))
    if state not in (*kind.succeeded, *kind.failed) or not ids:
        return None
    return JobEnd(
        ids=ids,
        source=event.source,
        state=state,
        is_success=state in kind.succeeded and _has_done_its_work(detail),
        time=event.time,
        reason=_reason(detail.get(kind.reason)),
        detail=dict(_told(kind, detail)),
    )


def _ids(kind: Kind, detail: JsonObject) -> Iterator[str]:
    for name in kind.ids:
        value: Json = detail.get(name)
        if type(value) is str and value:
            yield value
            # CodeBuild's own API calls a build by the end of its ARN.
            if name == "build-id" and ":build/" in value:
                yield value.partition(":build/")[2]


def _has_done_its_work(detail: JsonObject) -> bool:
    """Tell whether all containers of a task ended well, or the event is not about a task.

    A task of ECS always stops in the same state, whatever happened in its containers.
    """
    if "lastStatus" not in detail:
        return True
    codes = [code for _, code in _containers(detail)]
    return detail.get("stopCode") == "EssentialContainerExited" and set(codes) == {0}


def _told(kind: Kind, detail: JsonObject) -> Iterator[tuple[str, Json]]:
    """Yield the plain fields of a detail; a string is not a pointer, whatever it says."""
    for name in kind.told:
        if type(detail.get(name)) is str or _is_number(detail.get(name)):
            yield name, detail[name]
    if kind.source == "aws.ecs":
        yield "containers", [{"name": name, "exitCode": code} for name, code in _containers(detail)]
    container: Json = detail.get("container")
    if kind.source == "aws.batch" and type(container) is dict:
        code: Json = container.get("exitCode")
        if _is_number(code):
            yield "exitCode", code


def _containers(detail: JsonObject) -> Iterator[tuple[str, int | None]]:
    listed: Json = detail.get("containers")
    for each in listed if type(listed) is list else []:
        if type(each) is dict:
            name, code = each.get("name"), each.get("exitCode")
            yield str(name), code if _is_number(code) else None


def _is_number(value: Json) -> bool:
    return type(value) is int and is_portable(value)


def _reason(value: Json) -> str:
    if type(value) is dict:
        # Athena's form.
        value = value.get("errorMessage")
    return portable_text(value[:_REASON_CHARS]) if type(value) is str else ""
