"""The functions of the state machine, of which a test scripts what they answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.infrastructure.machines import Answer, Machine, Payload, RaisedError

LOOP_LIMIT = 3


SEGMENTS_PER_EXECUTION = 350


Worker = Callable[[Payload], Payload]


@dataclass
class ScriptedFunction:
    """The worker of a test, and of the manager as little as the machine needs."""

    worker: Worker
    cannot_record: bool = False
    unmergeable: bool = False
    records: list[Payload] = field(default_factory=list)
    token: str = ""

    def answer(self, event: Payload) -> Payload:
        """Stand in for a Lambda function."""
        given: Payload = getattr(self, event["action"])(event)
        return given

    def init(self, event: Payload) -> Payload:
        if event["input"].get("refused"):
            raise RaisedError("InvalidRequestError")
        counters = {"loop_counter": 0, "loop_limit": LOOP_LIMIT, "segment_to_run": 0}
        budget = {"execution_segments": 0, "segments_per_execution": SEGMENTS_PER_EXECUTION}
        bag = {"execution_id": event["execution_id"], "next_action": "CONTINUE"}
        return {"state_data": bag | counters | budget}

    def run_segment(self, event: Payload) -> Payload:
        return self.worker(event["state_data"])

    def sync(self, event: Payload) -> Payload:
        if self.unmergeable:
            raise RaisedError("MissingObjectError")
        bag = event["state_data"]
        counted = {"loop_counter": bag["loop_counter"] + 1}
        counted["execution_segments"] = bag["execution_segments"] + 1
        return {"state_data": bag | counted | event["execution_result"]}

    sync_branch = sync

    def fork_branch(self, event: Payload) -> Payload:
        fresh = {"next_action": "CONTINUE", "loop_counter": 0}
        return {"state_data": event["state_data"] | event["branch"] | fresh}

    def complete_branch(self, event: Payload) -> Payload:
        return {"branch": {"status": event["state_data"]["next_action"]}}

    def aggregate_branches(self, event: Payload) -> Payload:
        joined = {"branches": event["branches"], "next_action": "COMPLETE"}
        return {"state_data": event["state_data"] | joined}

    def record_failure(self, event: Payload) -> Payload:
        if self.cannot_record:
            raise RaisedError("StoreAccessDeniedError")
        self.records.append(event)
        failure = event["failure"]
        return {
            "failure": {
                "error": failure["Error"],
                "cause": f"{failure['Cause']} [record: s3://...]",
                "record_s3_path": "s3://...",
                "branch_id": event["state_data"].get("branch"),
                "segments_run": event["state_data"].get("loop_counter"),
                "waits": 0,
                "segments_in_parent": None,
            }
        }

    def request_callback(self, event: Payload) -> Payload:
        self.token = event["task_token"]
        return {"callback_id": "id"}

    def merge_callback(self, event: Payload) -> Payload:
        merged = {"answer": event["callback_result"], "next_action": "COMPLETE"}
        return {"state_data": event["state_data"] | merged}

    def merge_async(self, event: Payload) -> Payload:
        return self.merge_callback({**event, "callback_result": event["async_result"]})


def run(  # noqa: PLR0913 - what a test varies, each with a default
    machine: Machine,
    worker: Worker,
    answer: Answer | None = None,
    *,
    value: object = None,
    cannot_record: bool = False,
    unmergeable: bool = False,
) -> Payload:
    """Return the description of an execution that has ended, with the records it made."""
    function = ScriptedFunction(worker, cannot_record, unmergeable)
    return {**machine.run(function, answer, value=value), "records": function.records}


def always(next_action: str, **more: Any) -> Worker:
    return lambda _: {"next_action": next_action, **more}


def answering(result: Payload) -> Worker:
    return lambda _: result


def fails(name: str) -> Worker:
    def worker(_: Payload) -> Payload:
        raise RaisedError(name)

    return worker


def bag(execution: Payload) -> Payload:
    found: Payload = json.loads(execution["output"])["state_data"]
    return found


OVER = {"until": "2020-01-31T09:00:00Z", "then": "CONTINUE"}


NEXT_OF_BRANCH = {
    "good": "COMPLETE",
    "never ends": "CONTINUE",
    "asks": "NO_SUCH_ACTION",
    "halts": "HALTED",
    "waits for nothing": "WAIT",
    "waits": "WAIT",
    "has waited": "CONTINUE",
}
