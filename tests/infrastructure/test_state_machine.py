"""The contract that every state of the machine keeps."""

import json
import re
from typing import Any

import pytest

from tests.infrastructure.definition import MANAGER, RUNNER, States, action, tasks
from universal_sync_core.bag.next_action import NEXT_ACTION_BY_STATUS
from universal_sync_core.limits import (
    LAMBDA_TIMEOUT_SECONDS,
    STEP_FUNCTIONS_INLINE_CONCURRENCY,
)
from universal_sync_core.settings import Settings

BAG_SELECTOR = {"state_data.$": "$.Payload.state_data"}


CHANGES_THE_BAG = {
    "init",
    "sync",
    "sync_branch",
    "fork_branch",
    "aggregate_branches",
    "aggregate_distributed",
    "merge_callback",
    "merge_async",
    "create_snapshot",
}


BRINGS_SOMETHING_IN = {
    "RunSegment": ({"execution_result.$": "$.Payload"}, "$.segment"),
    "RunBranchSegment": ({"execution_result.$": "$.Payload"}, "$.segment"),
    "RunItem": ({"execution_result.$": "$.Payload"}, "$.segment"),
    "WaitForCallback": ({"callback_result.$": "$"}, "$.callback"),
    "WaitForAsync": ({"async_result.$": "$"}, "$.async"),
    "WaitForBranchCallback": ({"callback_result.$": "$"}, "$.callback"),
    "WaitForBranchAsync": ({"async_result.$": "$"}, "$.async"),
}


def test_every_call_that_changes_the_bag_leaves_nothing_but_the_bag(states: States) -> None:
    callers = {
        name: state
        for name, state in tasks(states).items()
        if state["Parameters"]["FunctionName"] == MANAGER and action(state) in CHANGES_THE_BAG
    }
    assert {action(state) for state in callers.values()} == CHANGES_THE_BAG
    for state in callers.values():
        assert state["ResultSelector"] == BAG_SELECTOR
        assert not state.keys() & {"ResultPath", "OutputPath", "InputPath"}


@pytest.mark.parametrize("name", BRINGS_SOMETHING_IN)
def test_what_a_state_brings_in_stands_beside_the_bag(states: States, name: str) -> None:
    selector, path = BRINGS_SOMETHING_IN[name]
    assert (states[name]["ResultSelector"], states[name]["ResultPath"]) == (selector, path)


@pytest.mark.parametrize(
    ("syncing", "running", "syncs", "route"),
    [
        ("RunAndSyncSegment", "RunSegment", "SyncSegment", "RouteNextAction"),
        ("RunAndSyncBranchSegment", "RunBranchSegment", "SyncBranch", "RouteBranch"),
    ],
)
def test_a_worker_that_syncs_is_called_as_any_other_and_leaves_the_bag(
    states: States, syncing: str, running: str, syncs: str, route: str
) -> None:
    result = ("Comment", "Parameters", "ResultSelector", "ResultPath", "Next")
    assert {k: v for k, v in states[syncing].items() if k not in result} == {
        k: v for k, v in states[running].items() if k not in result
    }
    parameters = states[running]["Parameters"]
    assert parameters["Payload"]["sync"] is False
    told = parameters["Payload"] | {"sync": True}
    assert states[syncing]["Parameters"] == parameters | {"Payload": told}
    assert states[syncing]["ResultSelector"] == BAG_SELECTOR
    assert "ResultPath" not in states[syncing]
    assert states[syncing]["Next"] == states[syncs]["Next"] == route


@pytest.mark.parametrize("route", ["RouteNextAction", "RouteBranch"])
def test_a_parameter_says_which_state_calls_the_worker(
    states: States, template: dict[str, Any], route: str
) -> None:
    rules = [rule for rule in states[route]["Choices"] if "StringEquals" in rule]
    (syncing,) = (rule for rule in rules if rule["StringEquals"].startswith("${"))
    substitution = syncing["StringEquals"].strip("${}")
    machine = template["Resources"]["StateDataStateMachine"]["Properties"]
    value = machine["DefinitionSubstitutions"][substitution]
    assert value == {"Fn::If": ["HasSyncingRunner", "CONTINUE", "NONE"]}
    assert "NONE" not in {*NEXT_ACTION_BY_STATUS, *NEXT_ACTION_BY_STATUS.values()}
    running = next(rule for rule in rules if rule["StringEquals"] == "CONTINUE")
    assert rules.index(syncing) < rules.index(running)


def test_as_many_branches_run_at_once_as_are_budgeted(states: States) -> None:
    most = states["ProcessParallelBranches"]["MaxConcurrency"]
    assert most == STEP_FUNCTIONS_INLINE_CONCURRENCY


def test_maps_let_only_pointers_out(states: States) -> None:
    assert states["ProcessParallelBranches"]["ResultPath"] == "$.branches"
    assert states["DistributedMapState"]["ResultPath"] == "$.distributed"
    assert states["CompleteBranch"]["OutputPath"] == "$.branch"
    assert states["StoreItemResult"]["OutputPath"] == "$.result"
    assert "state_data.$" not in states["RecordBranchFailure"]["ResultSelector"]
    assert not states["RecordBranchFailure"].keys() & {"ResultPath", "OutputPath"}
    assert set(states["ReportUnrecordedBranch"]["Parameters"]) == {"status", "error.$", "cause"}


def test_the_distributed_map_reads_and_writes_s3_a_hundred_items_at_a_time(states: States) -> None:
    state = states["DistributedMapState"]
    assert state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    assert state["MaxConcurrencyPath"] == "$.items.max_concurrency"
    # Written 1e2: moto's grammar wants no plain integer here, AWS's language service no point.
    assert state["ToleratedFailurePercentage"] == 100
    assert state["ItemReader"]["Resource"] == "arn:${Partition}:states:::s3:getObject"
    assert state["ResultWriter"]["Resource"] == "arn:${Partition}:states:::s3:putObject"


def test_files_of_parquet_are_mapped_as_items_are(states: States) -> None:
    """Names of states are unique in a machine: two maps cannot share their children's."""
    names = {"RunItem": "RunRows", "StoreItemResult": "StoreRowsResult", '"Items"': '"Rows"'}
    of_items = json.dumps(states["DistributedMapState"])
    for name, other in names.items():
        of_items = of_items.replace(name, other)
    differs = {"Comment", "ItemReader", "ItemSelector", "ItemBatcher", "ItemProcessor"}
    items, files = json.loads(of_items), states["DistributedMapOfFiles"]
    for key in (files.keys() | items.keys()) - differs:
        assert files[key] == items[key]
    own, shared = files["ItemProcessor"]["States"], items["ItemProcessor"]["States"]
    assert own.keys() == {"OneRowOrBatch", "TakeRow", "TakeRows"} | shared.keys()
    assert {name: own[name] for name in shared} == shared


def test_step_functions_reads_parquet_and_makes_the_batches(states: States) -> None:
    # https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
    state = states["DistributedMapOfFiles"]
    reader = state["ItemReader"]
    assert reader["Resource"] == "arn:${Partition}:states:::s3:getObject"
    assert reader["ReaderConfig"] == {"InputType": "PARQUET", "ManifestType": "ATHENA_DATA"}
    assert state["ItemBatcher"]["MaxItemsPerBatchPath"] == "$.items.items_per_batch"
    # As of a bag: the result of a child stands beside its input.
    assert state["ItemBatcher"]["MaxInputBytesPerBatch"] == Settings().bound_bytes
    assert states["WhoReadsItems"]["Default"] == "DistributedMapState"


@pytest.mark.parametrize(
    ("name", "timed_out"),
    [
        ("WaitForCallback", "CallbackTimedOut"),
        ("WaitForAsync", "AsyncTimedOut"),
        ("WaitForBranchCallback", "RecordBranchFailure"),
        ("WaitForBranchAsync", "RecordBranchFailure"),
    ],
)
def test_a_wait_ends_on_a_named_route(states: States, name: str, timed_out: str) -> None:
    state = states[name]
    assert state["Resource"] == "arn:${Partition}:states:::lambda:invoke.waitForTaskToken"
    assert state["HeartbeatSeconds"] == 3600
    assert state["TimeoutSeconds"] > state["HeartbeatSeconds"]
    routes = {error: entry["Next"] for entry in state["Catch"] for error in entry["ErrorEquals"]}
    assert routes["States.Timeout"] == routes["States.HeartbeatTimeout"] == timed_out


def test_a_task_waits_longer_than_its_function_may_take(
    states: States, template: dict[str, Any]
) -> None:
    function = template["Resources"]["StateDataManagerFunction"]["Properties"]
    limits = {MANAGER: function["Timeout"], RUNNER: LAMBDA_TIMEOUT_SECONDS}
    for state in tasks(states).values():
        # A job's wait is as long as the bag says, of which the call is a part.
        if "TimeoutSecondsPath" not in state:
            assert state["TimeoutSeconds"] > limits[state["Parameters"]["FunctionName"]]


def test_there_is_no_arn_of_any_account(definition_text: str) -> None:
    arns = set(re.findall(r"arn:[^\"]*", definition_text))
    assert arns == {
        "arn:${Partition}:states:::lambda:invoke",
        "arn:${Partition}:states:::lambda:invoke.waitForTaskToken",
        "arn:${Partition}:states:::s3:getObject",
        "arn:${Partition}:states:::s3:putObject",
        "arn:${Partition}:states:::states:startExecution",
        "arn:${Partition}:states:::states:startExecution.sync:2",
    }


@pytest.mark.parametrize(
    ("name", "timed_out"),
    [("WaitForJob", "AsyncTimedOut"), ("WaitForBranchJob", "RecordBranchFailure")],
)
def test_a_job_is_waited_for_as_long_as_the_bag_says_without_heartbeats(
    states: States, name: str, timed_out: str
) -> None:
    state, other = states[name], states[name.replace("Job", "Async")]
    assert state["TimeoutSecondsPath"] == "$.state_data.awaited_job.timeout_seconds"
    assert "HeartbeatSeconds" not in state
    routes = {error: entry["Next"] for entry in state["Catch"] for error in entry["ErrorEquals"]}
    assert routes["States.Timeout"] == timed_out
    for same in ("Resource", "Parameters", "ResultSelector", "ResultPath", "Retry", "Next"):
        assert state[same] == other[same]


@pytest.mark.parametrize("kind", ["Callback", "Async"])
def test_a_branch_waits_as_the_workflow_does(states: States, kind: str) -> None:
    own = ("Catch", "Comment", "Next", "Parameters")
    for name in ("WaitFor{}", "Merge{}"):
        of_workflow, of_branch = states[name.format(kind)], states[name.format(f"Branch{kind}")]
        assert {key: of_branch[key] for key in of_branch if key not in own} == {
            key: of_workflow[key] for key in of_workflow if key not in own
        }
    asked, wanted = (
        states[name]["Parameters"]["Payload"] for name in (f"WaitForBranch{kind}", f"WaitFor{kind}")
    )
    assert asked | {"wait.$": wanted["wait.$"]} == wanted
    assert "$.state_data.branch_id" in asked["wait.$"]
