"""What the end-to-end tests share: running on the cloud, and what has to come out."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Protocol
from urllib.parse import quote

from local.cloud import Execution, LocalCloud, UserFunction
from local.limits import PAYLOAD_BYTES
from local.visits import StateVisit
from tests.core import oracle
from universal_sync_core.workflow.continuation import STARTED_BY
from universal_sync_core.workflow.failure import is_failure_record

Json = dict[str, Any]

# How far a workflow has come and by which executions; no result of a worker's is in these.
PROGRESS = (
    *oracle.BOOKKEEPING,
    "branch_results",
    "execution_chain",
    "execution_id",
    "execution_segments",
    "loop_counter",
    "loop_limit",
    "post_snapshot_s3_path",
    "pre_snapshot_s3_path",
    "segment_to_run",
    "segments_per_execution",
    "status",
    "total_segments",
    "wait_state",
)

_POLL_SECONDS = 0.02


class Cloud(Protocol):
    """A deployed stack: on the local cloud, or in an account."""

    @property
    def outputs(self) -> Mapping[str, str]: ...

    @property
    def events(self) -> list[dict[str, Any]]: ...

    def visits_of(self, execution_arn: str) -> list[StateVisit]: ...

    def client(self, service: str) -> Any: ...

    def outage(self, service: str) -> AbstractContextManager[None]: ...

    def hydrate(self, bag: Mapping[str, Any]) -> dict[str, Any]: ...

    def deploy_function(self, function: UserFunction) -> str: ...

    def create_state_machine(self, name: str, definition: Mapping[str, Any]) -> str: ...

    def start_execution(
        self, value: Any, name: str | None = None, state_machine_arn: str | None = None
    ) -> Execution: ...

    def execution(self, arn: str) -> Execution: ...

    def invoke(self, event: Any, function: str | None = None) -> Any: ...


@dataclass(frozen=True, slots=True)
class Workflows:
    """The stack's workflow, started and looked at."""

    cloud: Cloud

    def start(self, value: Any, name: str | None = None, machine: str | None = None) -> Execution:
        """Start an execution of the stack's machine, or of one that was varied."""
        return self.cloud.start_execution(value, name, machine)

    def run(self, value: Any, machine: str | None = None, timeout: float = 240) -> Execution:
        """Give an execution that has ended, with every payload of it within the limit."""
        execution = self.start(value, machine=machine).wait(timeout)
        self.require_small(execution)
        return execution

    def chain(self, value: Any, timeout: float = 240) -> list[Execution]:
        """Give all executions a workflow went through, from the first to its end."""
        executions = [self.run(value, timeout=timeout)]
        while executions[-1].status == "SUCCEEDED" and "continued_as" in executions[-1].output:
            arn = executions[-1].output["continued_as"]["execution_arn"]
            executions.append(self.cloud.execution(arn).wait(timeout))
            self.require_small(executions[-1])
        return executions

    def apart(self, execution: Execution) -> list[Execution]:
        """Give the executions that branches of this one went on in, those within them included."""
        client, found = self.cloud.client("stepfunctions"), [execution.arn]
        pages = client.get_paginator("list_executions").paginate(
            stateMachineArn=self.cloud.outputs["StateMachineArn"]
        )
        listed = [each for page in pages for each in page["executions"]]
        for each in sorted(listed, key=itemgetter("startDate")):
            described = client.describe_execution(executionArn=each["executionArn"])
            if json.loads(described["input"]).get(STARTED_BY) in found:
                found.append(each["executionArn"])
        return [self.cloud.execution(arn) for arn in found[1:]]

    def resume(self, failed: Execution, machine: str | None = None, **beside: Any) -> Execution:
        """Give the execution that went on from a failed one's record, as the README says."""
        return self.run({"resume_from": self.record_path(failed), **beside}, machine)

    def varied(self, name: str, change: Callable[[dict[str, Json]], None]) -> str:
        """Give the ARN of the stack's machine with some of its states changed."""
        deployed = self.cloud.client("stepfunctions").describe_state_machine(
            stateMachineArn=self.cloud.outputs["StateMachineArn"]
        )
        definition = json.loads(deployed["definition"])
        change(definition["States"])
        return self.cloud.create_state_machine(name, definition)

    def require_small(self, execution: Execution) -> None:
        """Fail where a state of an execution was given or gave more than a state may carry."""
        largest = max(
            (max(visit.input_bytes, visit.output_bytes), visit.state)
            for visit in self.cloud.visits_of(execution.arn)
        )
        assert largest[0] <= PAYLOAD_BYTES, largest

    def states(self, execution: Execution) -> list[str]:
        """Give the names of the states an execution went through."""
        return [visit.state for visit in self.cloud.visits_of(execution.arn)]

    def hydrated(self, bag: Json) -> Json:
        """Give a bag with values in the place of its pointers."""
        return self.cloud.hydrate(bag)

    def final_state(self, execution: Execution) -> Json:
        """Give what a workflow that succeeded has made, whole."""
        assert (execution.status, execution.error) == ("SUCCEEDED", None), execution.cause
        return results_of(self.hydrated(execution.output["state_data"]))

    def record(self, failed: Execution) -> Json:
        """Give the record that a failed execution left."""
        found: Json = self.read(self.record_path(failed))
        return found

    def record_path(self, failed: Execution) -> str:
        """Give the path of the record, as a person finds it in the execution's cause."""
        assert failed.status == "FAILED"
        cause = failed.cause or ""
        return cause.rpartition("[record: ")[2].removesuffix("]")

    def put_input(self, key: str, value: Any) -> str:
        """Give the path of an input that is in S3."""
        bucket = self.cloud.outputs["StateBucketName"]
        self.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(value))
        return f"s3://{bucket}/{key}"

    def recorded(self, execution: Execution, timeout: float = 30) -> str:
        """Give the path of the record that is made of an execution once it has ended."""
        bucket = self.cloud.outputs["StateBucketName"]
        prefix = f"v1/{quote(execution.arn, safe='')}/packs/"
        s3, deadline = self.cloud.client("s3"), time.monotonic() + timeout
        while time.monotonic() < deadline:
            for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
                path = f"s3://{bucket}/{each['Key']}"
                if is_failure_record(self.read(path)):
                    return path
            time.sleep(_POLL_SECONDS)
        raise TimeoutError("no record was made")

    def read(self, path: str) -> Any:
        """Give the JSON of an object."""
        bucket, _, key = path.removeprefix("s3://").partition("/")
        return json.loads(self.cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())

    def request(self, execution: Execution, timeout: float = 30) -> Json:
        """Give the newest announcement of what an execution waits for, once it waits."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for event in reversed(self.cloud.events):
                detail: Json = event["Detail"]
                if detail["execution_id"] == execution.arn:
                    return detail
            time.sleep(_POLL_SECONDS)
        raise TimeoutError("nothing was announced")

    def requests(self, execution: Execution, count: int, timeout: float = 60) -> list[Json]:
        """Give the announcements of an execution, once there are so many."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            details = [event["Detail"] for event in self.cloud.events]
            found = [each for each in details if each["execution_id"] == execution.arn]
            if len(found) >= count:
                return found
            time.sleep(_POLL_SECONDS)
        raise TimeoutError(f"fewer than {count} requests were announced")

    def request_after(self, earlier: Json, timeout: float = 30) -> Json:
        """Give the announcement with which a resumed workflow asks anew."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            newest = self.cloud.events[-1]["Detail"] if self.cloud.events else earlier
            if newest["callback_id"] != earlier["callback_id"]:
                return dict(newest)
            time.sleep(_POLL_SECONDS)
        raise TimeoutError("nothing was announced again")

    def submit(
        self, request: Json, outcome: str, *, function: str | None = None, **answer: Any
    ) -> Json:
        """Answer a request by invoking the function, or another one."""
        named = {name: request[name] for name in ("callback_id", "execution_id")}
        event = {"action": "submit_callback", "outcome": outcome, **named, **answer}
        told: Json = self.cloud.invoke(event, function)
        return told


def local_cloud(workflows: Workflows) -> LocalCloud:
    """Give the cloud for what only the local one can do, in tests that are marked `local`."""
    assert isinstance(workflows.cloud, LocalCloud)
    return workflows.cloud


def results_of(bag: Json) -> Json:
    """Give a bag without what only says how far the workflow has come."""
    return {name: value for name, value in bag.items() if name not in PROGRESS}


def folded(value: Json, *results: Any) -> Json:
    """Give the state that an input and results merge to, with no limits at all."""
    state = oracle.merge({}, value)
    for result in results:
        state = oracle.merge(state, oracle.flatten(result))
    return results_of(state)
