"""Events of jobs as the documentation of their services has them, and how the same ends otherwise.

Each is from the page that `job_events.KINDS` names, a container's environment and the like left in
where the page has it. Of a page that shows one state only, the others differ in the fields that
tell the state.
"""

from typing import Any, Final

Event = dict[str, Any]
ACCOUNT: Final = "123456789012"


def event(source: str, detail_type: str, **detail: Any) -> Event:
    return {
        "version": "0",
        "id": "abcdef00-1234-5678-9abc-def012345678",
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": "2026-10-06T09:30:10Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {name.replace("_", "-"): value for name, value in detail.items()},
    }


QUERY: Final = "01234567-0123-0123-0123-012345678901"
BATCH_JOB: Final = "4c7599ae-0a82-49aa-ba5a-4727fcce14a8"
BATCH_ARN: Final = f"arn:aws:batch:us-east-1:{ACCOUNT}:job/{BATCH_JOB}"
BUILD: Final = "my-sample-project:8745a7a9-c340-456a-9166-edf953571bEX"
BUILD_ARN: Final = f"arn:aws:codebuild:us-west-2:{ACCOUNT}:build/{BUILD}"
TASK: Final = (
    f"arn:aws:ecs:us-west-2:{ACCOUNT}:task/FargateCluster/c13b4cb40f1f4fe4a2971f76ae5a47ad"
)
STEP: Final = "s-ZYXWVUTSRQPON"
CLUSTER: Final = "j-123456789ABCD"
SERVERLESS: Final = (
    f"arn:aws:emr-serverless:us-east-1:{ACCOUNT}:"
    "/applications/00f1982r1uukb925/jobruns/00f1cbn5g4bb0c01"
)
RUN: Final = "jr_abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
EXECUTION: Final = f"arn:aws:states:us-east-1:{ACCOUNT}:execution:nested:run-1"


def query(state: str, **more: Any) -> Event:
    told = {"versionId": "0", "previousState": "RUNNING", "statementType": "DDL"}
    told |= {"queryExecutionId": QUERY, "workgroupName": "primary", "sequenceNumber": "3"}
    kind = "Athena Query State Change"
    return event("aws.athena", kind, currentState=state, **told, **more)


def batch(status: str, **more: Any) -> Event:
    told: Event = {
        "jobArn": BATCH_ARN,
        "jobName": "event-test",
        "jobId": BATCH_JOB,
        "jobQueue": f"arn:aws:batch:us-east-1:{ACCOUNT}:job-queue/PexjEHappyPathCanary2JobQueue",
        "attempts": [],
        "createdAt": 1641944200058,
        "retryStrategy": {"attempts": 2, "evaluateOnExit": []},
        "container": {
            "image": "137112412989.dkr.ecr.us-east-1.amazonaws.com/amazonlinux:latest",
            "command": ["sleep", "600"],
            "environment": [{"name": "PASSWORD", "value": "hunter2"}],
            "exitCode": 0 if status == "SUCCEEDED" else 1,
        },
    }
    return event("aws.batch", "Batch Job State Change", status=status, **told, **more)


def build(status: str) -> Event:
    more: Event = {
        "artifact": {"location": "arn:aws:s3:::codebuild-123456789012-output-bucket/my.zip"},
        "environment": {"environment-variables": [{"name": "PASSWORD", "value": "hunter2"}]},
        "build-complete": True,
        "initiator": "MyCodeBuildDemoUser",
    }
    told: Event = {"project_name": "my-sample-project", "build_id": BUILD_ARN}
    kind = "CodeBuild Build State Change"
    told |= {"additional_information": more, "current_phase": "COMPLETED", "build_status": status}
    return event("aws.codebuild", kind, **told)


def task(
    status: str, *codes: int | None, stop_code: str | None = "EssentialContainerExited"
) -> Event:
    cluster = f"arn:aws:ecs:us-west-2:{ACCOUNT}:cluster/FargateCluster"
    containers = [
        {"name": f"container-{number}", "lastStatus": status, "taskArn": TASK}
        | ({} if code is None else {"exitCode": code})
        for number, code in enumerate(codes)
    ]
    told: Event = {"clusterArn": cluster, "containers": containers, "group": "family:sample"}
    told |= {"overrides": {"containerOverrides": [{"name": "a", "environment": ["hunter2"]}]}}
    if stop_code:
        told |= {"stopCode": stop_code, "stoppedReason": "Essential container in task exited"}
    return event("aws.ecs", "ECS Task State Change", lastStatus=status, taskArn=TASK, **told)


def step(state: str) -> Event:
    told = {"severity": "ERROR", "actionOnFailure": "CONTINUE", "stepId": STEP, "name": "CustomJAR"}
    told |= {"clusterId": CLUSTER, "message": f"Step {STEP} (CustomJAR) at 2026-12-16 20:53 UTC."}
    return event("aws.emr", "EMR Step Status Change", state=state, **told)


def cluster(state: str) -> Event:
    told = {"severity": "INFO", "name": "Development Cluster", "clusterId": CLUSTER}
    told |= {"stateChangeReason": '{"code":"USER_REQUEST"}', "message": f"Cluster {CLUSTER} ended."}
    return event("aws.emr", "EMR Cluster State Change", state=state, **told)


def serverless(state: str) -> Event:
    told = {"jobRunId": "00f1cbn5g4bb0c01", "applicationId": "00f1982r1uukb925"}
    told |= {"arn": SERVERLESS, "releaseLabel": "emr-6.6.0", "previousState": "RUNNING"}
    return event("aws.emr-serverless", "EMR Serverless Job Run State Change", state=state, **told)


def glue(state: str, run: str = RUN) -> Event:
    told = {"jobName": "MyJob", "severity": "INFO", "jobRunId": run, "message": f"Job run {state}"}
    return event("aws.glue", "Glue Job State Change", state=state, **told)


def execution(status: str, arn: str = EXECUTION, **more: Any) -> Event:
    machine = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:nested"
    told = {"executionArn": arn, "stateMachineArn": machine, "name": "run-1", "startDate": 155117}
    told |= {"input": "{}", "inputDetails": {"included": True}, **more}
    return event("aws.states", "Step Functions Execution Status Change", status=status, **told)


# By a name: an event, the ids under which a workflow may wait for its job, and whether it did well.
ENDS: Final[dict[str, tuple[Event, tuple[str, ...], bool]]] = {
    "query": (query("SUCCEEDED"), (QUERY,), True),
    "query that fails": (
        query("FAILED", athenaError={"errorCategory": 2, "errorMessage": "no such table"}),
        (QUERY,),
        False,
    ),
    "query that is cancelled": (query("CANCELLED"), (QUERY,), False),
    "batch": (batch("SUCCEEDED"), (BATCH_JOB, BATCH_ARN), True),
    "batch that fails": (
        batch("FAILED", statusReason="Essential container in task exited"),
        (BATCH_JOB, BATCH_ARN),
        False,
    ),
    "build": (build("SUCCEEDED"), (BUILD_ARN, BUILD), True),
    "build that fails": (build("FAILED"), (BUILD_ARN, BUILD), False),
    "build at fault": (build("FAULT"), (BUILD_ARN,), False),
    "build that is stopped": (build("STOPPED"), (BUILD_ARN,), False),
    "build out of time": (build("TIMED_OUT"), (BUILD_ARN,), False),
    "task": (task("STOPPED", 0), (TASK,), True),
    "task of two containers": (task("STOPPED", 0, 0), (TASK,), True),
    "task of which one fails": (task("STOPPED", 0, 137), (TASK,), False),
    "task that never ran": (
        task("STOPPED", None, stop_code="TaskFailedToStart"),
        (TASK,),
        False,
    ),
    "task that somebody stops": (task("STOPPED", 0, stop_code="UserInitiated"), (TASK,), False),
    "step": (step("COMPLETED"), (STEP,), True),
    "step that fails": (step("FAILED"), (STEP,), False),
    "step that is cancelled": (step("CANCELLED"), (STEP,), False),
    "cluster": (cluster("TERMINATED"), (CLUSTER,), True),
    "cluster with errors": (cluster("TERMINATED_WITH_ERRORS"), (CLUSTER,), False),
    "serverless": (serverless("SUCCESS"), (SERVERLESS,), True),
    "serverless that fails": (serverless("FAILED"), (SERVERLESS,), False),
    "serverless that is cancelled": (serverless("CANCELLED"), (SERVERLESS,), False),
    "glue": (glue("SUCCEEDED"), (RUN,), True),
    "glue that fails": (glue("FAILED"), (RUN,), False),
    "glue out of time": (glue("TIMEOUT"), (RUN,), False),
    "glue that is stopped": (glue("STOPPED"), (RUN,), False),
    "execution": (execution("SUCCEEDED", output='{"n": 1}'), (EXECUTION,), True),
    "execution that fails": (
        execution("FAILED", error="NoStock", cause="none is left"),
        (EXECUTION,),
        False,
    ),
    "execution out of time": (execution("TIMED_OUT"), (EXECUTION,), False),
    "execution that is stopped": (execution("ABORTED"), (EXECUTION,), False),
}
# These end no job.
GOING_ON: Final = {
    "query": query("RUNNING"),
    "query that is retried": query("QUEUED"),
    "batch": batch("RUNNABLE"),
    "build": build("IN_PROGRESS"),
    "task": task("RUNNING", None, stop_code=None),
    "step": step("RUNNING"),
    "cluster": cluster("WAITING"),
    "serverless": serverless("RUNNING"),
    "execution": execution("RUNNING"),
    "crawler": event("aws.glue", "Glue Crawler State Change", state="Succeeded", jobRunId=RUN),
    "other source": {**glue("SUCCEEDED"), "source": "aws.batch"},
    "no id": event("aws.glue", "Glue Job State Change", state="SUCCEEDED"),
    "id of no text": event("aws.glue", "Glue Job State Change", state="SUCCEEDED", jobRunId=5),
}
