"""A cloud and a folder with all that the examples of the command's help name."""

import hashlib
import json
from pathlib import Path
from typing import Any

from statebag.account.stacks import Stack
from tests.statebag.cloud import BUCKET, DEFINITION, FUNCTION, MACHINE, FakeCloud, arn_of
from tests.statebag.endings import ended
from tests.statebag.histories import History
from tests.statebag.states import CONTEXT, RUN, catalog_bag, key_prefix, snapshot_of
from universal_sync_core import record_failure, universal_sync_core
from universal_sync_core.storage.store import Location

ORDERS = MACHINE.replace("catalog", "orders")
TOKEN = "AQCEAAAAKgAAAAMAAAAA"  # noqa: S105 - nobody's
CALLBACK = hashlib.sha256(TOKEN.encode()).hexdigest()
RAISED = {
    "errorMessage": "order 17 has no lines",
    "errorType": "ValueError",
    "stackTrace": ['  File "/var/task/worker.py", line 7, in handler\n    raise ValueError\n'],
}
_ORDERS_ASL: dict[str, Any] = {
    "StartAt": "ReserveStock",
    "States": {
        "ReserveStock": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "${Stock}", "Payload.$": "$"},
            "ResultPath": "$.stock",
            "Next": "ChargeCard",
        },
        "ChargeCard": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "${Charge}", "Payload.$": "$"},
            "ResultPath": "$.charge",
            "End": True,
        },
    },
}


def furnish(cloud: FakeCloud) -> dict[str, str]:
    """Let a workflow have failed, and others be there; give the paths of two snapshots of it."""
    cloud.states.machines[ORDERS] = DEFINITION
    for name in ("my-stack", "shop"):
        stack = Stack(name=name, bucket=BUCKET, function=FUNCTION, machines=(MACHINE, ORDERS))
        cloud.stacks[name] = stack
    bag = catalog_bag()
    bag, first = snapshot_of(bag)
    more = {"current_state": {"draft": "x", "title": "API catalogue"}, "status": "CONTINUE"}
    outputs = [{"item": number} for number in range(600)]
    changed = universal_sync_core(bag, more | {"distributed_outputs": outputs}, CONTEXT)
    later, second = snapshot_of(changed, "post")
    _run(cloud, bag, later)
    output = {"state_data": {"execution_id": arn_of("run-17"), "order": {"id": 17}}}
    ended(cloud, "run-17", days_ago=2, output=output)
    ended(cloud, "run-2", days_ago=3, output={"state_data": catalog_bag(arn_of("run-2"))})
    ended(cloud, "order-1", "FAILED", days_ago=4, machine=ORDERS, error="States.Timeout")
    cloud.functions.answer = {
        "callback_id": CALLBACK,
        "status": "delivered",
        "outcome": "success",
        "state_data": {"pre_snapshot_s3_path": first},
    }
    return {"AAA": first, "BBB": second}


def furnish_folder(folder: Path) -> None:
    """Put the files there that the examples name."""
    (folder / "statemachine").mkdir()
    for name in ("orders.asl.json", "orders.asl.yaml", "statemachine/orders.asl.json"):
        (folder / name).write_text(json.dumps(_ORDERS_ASL))
    for name in ("before.json", "bag.json"):
        (folder / name).write_text(json.dumps({"state_data": catalog_bag()}))
    (folder / "frankfurt.json").write_text('{"as_of": "2025-06", "region": "eu-central-1"}')


def _run(cloud: FakeCloud, early: dict[str, Any], late: dict[str, Any]) -> None:
    """Let the first execution take fourteen steps, ask for an answer, and fail."""
    history = History().visit("InitializeState", {}, {"state_data": early})
    for number in range(12):
        before, after = (early if number < 10 else late, late if number > 8 else early)
        state = "RunSegment" if number % 2 == 0 else "SyncSegment"
        history.visit(state, {"state_data": before}, {"state_data": after})
    history.enter("RunSegment", {"state_data": late})
    history.attempt("ValueError")
    told = record_failure(
        late,
        {"Error": "ValueError", "Cause": json.dumps(RAISED)},
        CONTEXT,
        circumstances={"stage": "segment", "failed_at": "2025-05-31T12:00:00.000Z"},
    )
    failed = {"cause": told["cause"], "record_s3_path": told["record_s3_path"]}
    ended(
        cloud,
        "run-1",
        "FAILED",
        error="ValueError",
        stage="segment",
        bag=late,
        input={},
        events=history.events,
        **failed,
    )
    record = {
        "callback_id": CALLBACK,
        "callback_type": "human",
        "execution_id": RUN,
        "prompt": "Publish?",
        "state_revision": 5,
        "task_token": TOKEN,
        "requested_at": "2025-05-31T10:00:00Z",
    }
    location = Location(BUCKET, f"{key_prefix()}callbacks/{CALLBACK}.json")
    cloud.memory.put(location, json.dumps(record).encode())
