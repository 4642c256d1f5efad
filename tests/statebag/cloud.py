"""A cloud in memory: what the command asks of AWS, answered from dicts."""

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from statebag.account.aws import Connection
from statebag.budgets import budget_of
from tests.core.fakes import CountingStore
from tests.statebag.bucket import NOW, MemoryInventory, MemoryVersions
from universal_sync_core.storage.memory_store import MemoryStore

if TYPE_CHECKING:
    from statebag.account.places import Place
    from statebag.account.stacks import Stack

BUCKET = "state-bucket"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:catalog"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:manager"
# https://github.com/boto/botocore/blob/develop/botocore/credentials.py
STILL_EXPIRED = RuntimeError(
    "Credentials were refreshed, but the refreshed credentials are still expired."
)
# Executions that one answer lists.
PAGE = 1_000
DEFINITION: dict[str, Any] = {
    "StartAt": "InitializeState",
    "States": {
        "InitializeState": {
            "Type": "Task",
            "Parameters": {
                "FunctionName": FUNCTION,
                "Payload": {"action": "init", "input.$": "$"},
            },
            "Next": "RouteNextAction",
        },
        "RouteNextAction": {
            "Type": "Choice",
            "Choices": [
                {
                    "Variable": "$.state_data.next_action",
                    "StringEquals": "CONTINUE",
                    "Next": "RunSegment",
                }
            ],
        },
        "RunSegment": {
            "Type": "Task",
            "Parameters": {"FunctionName": FUNCTION, "Payload": {"action": "run_segment"}},
            "Next": "SyncSegment",
        },
        "SyncSegment": {
            "Type": "Task",
            "Parameters": {"FunctionName": FUNCTION, "Payload": {"action": "sync"}},
            "Next": "RouteNextAction",
        },
    },
}


def arn_of(name: str, machine: str = MACHINE) -> str:
    return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"


def client_error(code: str, operation: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


@dataclass
class FakeStates:
    """Step Functions with executions that somebody has put there.

    Attributes:
        executions: what DescribeExecution answers, by ARN.
        events: histories, by ARN.
        map_runs: ARNs of map runs, by the ARN of the execution, with those of their children.
        started: what StartExecution was asked.
        asked: the names of the operations asked for.
        machines: definitions of the state machines, by ARN.
    """

    executions: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    map_runs: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    started: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    machines: dict[str, Any] = field(default_factory=lambda: {MACHINE: DEFINITION})
    fails_with: ClientError | None = None

    def add(
        self,
        name: str,
        status: str = "SUCCEEDED",
        *,
        days_ago: float = 1,
        events: Sequence[dict[str, Any]] = (),
        machine: str = MACHINE,
        **told: Any,
    ) -> str:
        """Put an execution there; `input` and `output` are values."""
        arn = arn_of(name, machine)
        stopped = NOW - timedelta(days=days_ago)
        ended = {} if status == "RUNNING" else {"stopDate": stopped}
        documents: dict[str, Any] = {
            key: json.dumps(told.pop(key)) for key in ("input", "output") if key in told
        }
        self.executions[arn] = {
            "executionArn": arn,
            "stateMachineArn": machine,
            "name": name,
            "status": status,
            "startDate": stopped - timedelta(minutes=2),
            **ended,
            **documents,
            **told,
        }
        self.events[arn] = list(events)
        return arn

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        self._asked("DescribeExecution")
        if executionArn not in self.executions:
            raise client_error("ExecutionDoesNotExist", "DescribeExecution")
        return self.executions[executionArn]

    def describe_state_machine(self, *, stateMachineArn: str) -> dict[str, Any]:  # noqa: N803
        self._asked("DescribeStateMachine")
        return {
            "stateMachineArn": stateMachineArn,
            "definition": json.dumps(self.machines[stateMachineArn]),
            "type": "STANDARD",
        }

    def start_execution(self, **asked: Any) -> dict[str, Any]:
        self._asked("StartExecution")
        self.started.append(asked)
        return {"executionArn": arn_of(asked["name"]), "startDate": NOW}

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=getattr(self, f"_{operation}"))

    def _get_execution_history(
        self,
        *,
        executionArn: str,  # noqa: N803
        reverseOrder: bool = False,  # noqa: N803
        includeExecutionData: bool = True,  # noqa: N803, ARG002
    ) -> Iterator[dict[str, Any]]:
        self._asked("GetExecutionHistory")
        events = self.events[executionArn]
        yield {"events": events[::-1] if reverseOrder else events}

    def _list_executions(
        self,
        *,
        stateMachineArn: str = "",  # noqa: N803
        statusFilter: str | None = None,  # noqa: N803
        mapRunArn: str = "",  # noqa: N803
    ) -> Iterator[dict[str, Any]]:
        self._asked("ListExecutions")
        if mapRunArn:
            (children,) = (runs[mapRunArn] for runs in self.map_runs.values() if mapRunArn in runs)
            yield {"executions": [{"executionArn": arn} for arn in children]}
            return
        if stateMachineArn not in self.machines:
            raise client_error("StateMachineDoesNotExist", "ListExecutions")
        found = [
            each
            for each in self.executions.values()
            if each["stateMachineArn"] == stateMachineArn and statusFilter in (None, each["status"])
        ]
        newest_first = sorted(found, key=lambda each: each["startDate"], reverse=True)
        yield {"executions": newest_first[:PAGE]}
        for at in range(PAGE, len(found), PAGE):
            self._asked("ListExecutions")
            yield {"executions": newest_first[at : at + PAGE]}

    def _list_map_runs(self, *, executionArn: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        self._asked("ListMapRuns")
        if executionArn not in self.executions:
            raise client_error("ExecutionDoesNotExist", "ListMapRuns")
        yield {"mapRuns": [{"mapRunArn": arn} for arn in self.map_runs.get(executionArn, {})]}

    def _list_state_machines(self) -> Iterator[dict[str, Any]]:
        self._asked("ListStateMachines")
        yield {
            "stateMachines": [
                {"stateMachineArn": arn, "name": arn.rsplit(":", 1)[-1], "type": "STANDARD"}
                for arn in self.machines
            ]
        }

    def _asked(self, operation: str) -> None:
        self.asked.append(operation)
        if self.fails_with is not None:
            raise self.fails_with


@dataclass
class FakeFunctions:
    """Lambda, which notes what it is invoked with.

    Attributes:
        variables: the environments, by function.
        environment: what is told of every environment, where not what it is.
        meanwhile: environments that somebody else writes before the next ones are written.
        published: the versions and aliases that were made, and what was waited for.
        log_groups: that functions are configured to log to.
    """

    answer: Any = None
    error: str | None = None
    message: str = "said so"
    invoked: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, dict[str, str]] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    meanwhile: list[dict[str, str]] = field(default_factory=list)
    published: list[tuple[str, ...]] = field(default_factory=list)
    log_groups: dict[str, str] = field(default_factory=dict)

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        variables = {"STATE_BUCKET": BUCKET, "STATE_PREFIX": ""}
        own = self.variables.setdefault(FunctionName, variables)
        return {
            "FunctionName": FunctionName,
            "MemorySize": 1024,
            "Architectures": ["arm64"],
            "Environment": self.environment or {"Variables": own},
            "RevisionId": json.dumps(own),
            "LoggingConfig": {"LogGroup": self.log_groups.get(FunctionName)},
        }

    def update_function_configuration(
        self,
        *,
        FunctionName: str,  # noqa: N803
        Environment: dict[str, Any],  # noqa: N803
        RevisionId: str = "",  # noqa: N803
    ) -> None:
        if self.meanwhile:
            self.variables[FunctionName] = self.meanwhile.pop()
        if RevisionId != json.dumps(self.variables[FunctionName]):
            code = "PreconditionFailedException"
            raise client_error(code, "UpdateFunctionConfiguration", 412)
        self.variables[FunctionName] = Environment["Variables"]

    def get_waiter(self, name: str) -> Any:
        return SimpleNamespace(wait=lambda **_: self.published.append((name,)))

    def publish_version(self, *, FunctionName: str) -> dict[str, str]:  # noqa: N803
        self.published.append(("version", FunctionName))
        return {"Version": "7"}

    def update_alias(self, *, FunctionName: str, Name: str, FunctionVersion: str) -> None:  # noqa: N803
        self.published.append(("alias", FunctionName, Name, FunctionVersion))
        self.variables[f"{FunctionName}:{Name}"] = self.variables[FunctionName]

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        self.invoked.append({"function": FunctionName, **json.loads(Payload)})
        failed = {"errorType": self.error, "errorMessage": self.message}
        body = json.dumps(failed if self.error else self.answer).encode()
        answer: dict[str, Any] = {"Payload": SimpleNamespace(read=lambda: body)}
        return answer | ({"FunctionError": "Unhandled"} if self.error else {})


class FakeCloud:
    """All of them, as the command's own `Cloud` has them."""

    def __init__(self) -> None:
        self.memory = MemoryStore()
        self.store = CountingStore(self.memory)
        self.inventory = MemoryInventory(self.memory)
        self.versions = MemoryVersions(self.inventory)
        self.states = FakeStates()
        self.functions = FakeFunctions()
        self.stacks: dict[str, Stack] = {}
        self.stack: Stack | None = None
        self.machines: tuple[str, ...] = ()
        self.place: Place | None = None
        self.budget = budget_of()

    def connect(self, connection: Connection) -> "FakeCloud":
        """Stand in for `Cloud(connection)`."""
        self.stack = self.stacks[connection.stack] if connection.stack else None
        self.machines = connection.machines
        self.place = connection.place or (self.stack.place if self.stack else None)
        self.budget = budget_of(connection.budget_mib)
        return self

    def renewed(self) -> "FakeCloud":
        other = copy.copy(self)
        other.budget = self.budget.renewed()
        return other

    @property
    def bytes_read(self) -> int:
        return sum(len(self.memory.objects[location].body) for location in self.store.gets)
