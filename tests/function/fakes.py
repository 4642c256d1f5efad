"""The two services a callback goes through, as they answer."""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from executions import daily_deletion
from universal_sync_core.retention.inventory import Stored
from universal_sync_core.storage.store import Location


def client_error(operation: str, code: str, status: int = HTTPStatus.BAD_REQUEST) -> ClientError:
    """Return what botocore raises; its message quotes the request, as some services' do."""
    message = f"{code} for the token in the request: {TOKEN}"
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, operation)


MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:catalog"
TOKEN = "AQCEAAAAKgAAAAMAAAAA/token+that=is&opaque"  # noqa: S105 - it opens nothing


@dataclass
class FakeStepFunctions:
    """Closes a task with its first answer, like the service.

    Attributes:
        failures: raised by the next calls, in order, before any is taken.
        taken: the calls that were taken, as (operation, arguments).
        ended: what there is to tell of the one execution it knows.
        history: the events of that execution, oldest first.
        map_runs: the parents of Map Runs.
        children: executions that any Map Run has started.
        has_another_key: whether documents of executions are encrypted by a key of somebody else.
    """

    failures: deque[Exception] = field(default_factory=deque)
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    closed: bool = False
    ended: dict[str, Any] = field(default_factory=lambda: {"status": "ABORTED"})
    history: list[dict[str, Any]] = field(default_factory=list)
    map_runs: dict[str, str] = field(default_factory=dict)
    children: list[str] = field(default_factory=list)
    has_another_key: bool = False

    def describe_execution(
        self,
        *,
        executionArn: str,  # noqa: N803
        includedData: str = "ALL_DATA",  # noqa: N803
    ) -> dict[str, Any]:
        self._take("DescribeExecution", {"executionArn": executionArn}, closes=False)
        if self.has_another_key and includedData == "ALL_DATA":
            raise client_error("DescribeExecution", "KmsAccessDeniedException")
        stopped = datetime(2025, 11, 23, 3, 42, 13, tzinfo=UTC)
        return {"executionArn": executionArn, "stopDate": stopped, **self.ended}

    def describe_map_run(self, *, mapRunArn: str) -> dict[str, Any]:  # noqa: N803
        self._take("DescribeMapRun", {"mapRunArn": mapRunArn}, closes=False)
        return {"mapRunArn": mapRunArn, "executionArn": self.map_runs[mapRunArn]}

    def list_executions(self, **arguments: Any) -> dict[str, Any]:
        self._take("ListExecutions", arguments, closes=False)
        start = int(arguments.get("nextToken", 0))
        stop = start + 2
        more = {"nextToken": str(stop)} if stop < len(self.children) else {}
        return {"executions": [{"executionArn": e} for e in self.children[start:stop]], **more}

    def get_execution_history(self, **arguments: Any) -> dict[str, Any]:
        self._take("GetExecutionHistory", arguments, closes=False)
        newest_first = self.history[::-1]
        start = int(arguments.get("nextToken", 0))
        stop = start + arguments["maxResults"]
        more = {"nextToken": str(stop)} if stop < len(newest_first) else {}
        return {"events": newest_first[start:stop], **more}

    def send_task_success(self, **arguments: Any) -> dict[str, Any]:
        json.loads(arguments["output"])
        return self._take("SendTaskSuccess", arguments, closes=True)

    def send_task_failure(self, **arguments: Any) -> dict[str, Any]:
        return self._take("SendTaskFailure", arguments, closes=True)

    def send_task_heartbeat(self, **arguments: Any) -> dict[str, Any]:
        return self._take("SendTaskHeartbeat", arguments, closes=False)

    def _take(self, operation: str, arguments: dict[str, Any], *, closes: bool) -> dict[str, Any]:
        if self.failures:
            raise self.failures.popleft()
        if self.closed:
            raise client_error(operation, "TaskTimedOut")
        self.taken.append((operation, arguments))
        self.closed = closes
        return {}


@dataclass
class FakeEventBus:
    """Takes entries, or refuses them with a code.

    Attributes:
        refusal: the error code every entry is answered with, if any.
        entries: the entries that were taken.
    """

    refusal: str | None = None
    entries: list[dict[str, Any]] = field(default_factory=list)

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        if self.refusal:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": self.refusal}]}
        self.entries += Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


class EmptyInventory:
    """The inventory of a bucket in which nothing has ended."""

    def objects(self, bucket: str, prefix: str) -> Iterator[Stored]:
        assert bucket
        assert prefix
        return iter(())

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        assert bucket
        assert prefix
        return iter(())

    def delete(self, locations: Sequence[Location]) -> None:
        assert ["/runs/" in each.key for each in locations] == [True]


def may_delete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the daily deletion run as its function does, in a bucket in which nothing has ended."""
    monkeypatch.setenv("STATE_RETENTION_DAYS", "90")
    monkeypatch.setenv("STATE_MACHINES", MACHINE)
    monkeypatch.setattr(daily_deletion, "S3Inventory", lambda _: EmptyInventory())


def listing_client(*pages: list[str]) -> Any:
    """Return a client of DynamoDB that answers pages of table names."""
    session = boto3.Session("none", "none", region_name="us-east-1")
    client = session.client("dynamodb")
    stubber = Stubber(client)
    for number, names in enumerate(pages):
        answer: Any = {"TableNames": names}
        if number < len(pages) - 1:
            answer["LastEvaluatedTableName"] = names[-1]
        stubber.add_response("list_tables", answer)
    stubber.activate()
    return client
