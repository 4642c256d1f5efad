"""What Step Functions knows of executions: their input, outcome, events, and who went on."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from botocore.exceptions import ClientError

from statebag.errors import NotFoundError, RefusedError
from universal_sync_core.bag.fields import BRANCH_ID
from universal_sync_core.bag.nesting import depth_of
from universal_sync_core.values.codec import Json, JsonObject, decode

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

Event = Mapping[str, Any]

_ARN: Final = re.compile(
    r"arn:[\w-]+:states:[\w-]+:\d{12}:(?P<kind>execution|express):(?P<machine>[^:]+):(?P<name>[^:#]+.*)"
)
# By partition. https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
# https://aws.amazon.com/blogs/aws/opening-the-aws-european-sovereign-cloud/
CONSOLES: Final = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-eusc": "console.amazonaws-eusc.eu",
}
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-view-execution-details.html
_CONSOLE: Final = re.compile(
    rf"https://[^/?#]*\b(?:{'|'.join(map(re.escape, CONSOLES.values()))})/states/"
    r"[^#]*#/(?:v2/)?(?:express-)?executions/details/(?P<arn>arn[^?&#/]+)(?:[?&#/].*)?"
)
_TRACE: Final = re.compile(r"\bRoot=(1-[0-9a-f]{8}-[0-9a-f]{24})\b")
RUNNING: Final = ("RUNNING", "PENDING_REDRIVE")
SUCCEEDED: Final = "SUCCEEDED"
# The bag that a state got or gave stands there under this name.
BAG: Final = "state_data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One execution, as DescribeExecution describes it.

    Attributes:
        no_redrive: why Step Functions would not redrive it; None where it would, or does not say.
        map_run_arn: of the Distributed Map that it is an item of.
    """

    arn: str
    machine_arn: str
    status: str
    started: datetime
    stopped: datetime | None = None
    input: Json = None
    output: Json = None
    error: str | None = None
    cause: str | None = None
    trace_id: str | None = None
    no_redrive: str | None = None
    map_run_arn: str | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.arn.split(":", 7)[-1]

    @property
    def is_running(self) -> bool:
        """Whether it may still change its state."""
        return self.status in RUNNING

    @property
    def bag(self) -> JsonObject | None:
        """The bag it ended with, where it succeeded."""
        return bag_in(self.output)


@dataclass(frozen=True, slots=True)
class Listed:
    """One execution, as ListExecutions lists it; a running one has not stopped."""

    arn: str
    machine_arn: str
    status: str
    started: datetime
    stopped: datetime | None


def arn_in(text: str) -> str:
    """Return the ARN of the execution that a URL of the console shows; another text as it is."""
    match = _CONSOLE.fullmatch(text)
    return unquote(match["arn"]) if match else text


def is_execution_arn(text: str) -> bool:
    """Tell whether `text` is the ARN of an execution."""
    return _ARN.fullmatch(text) is not None


def machine_of(arn: str) -> str | None:
    """Return the ARN of the state machine of an execution's ARN, or None of another text."""
    match = _ARN.fullmatch(arn)
    if match is None:
        return None
    head = arn[: match.start("kind")]
    return f"{head}stateMachine:{match['machine']}"


def bag_in(document: Json) -> JsonObject | None:
    """Return the bag in what a state got or gave, or None where there is none."""
    bag = document.get(BAG) if type(document) is dict else None
    return bag if type(bag) is dict else None


def _depth(bag: JsonObject) -> int:
    return depth_of(bag) or int(BRANCH_ID in bag)


class Executions:
    """Asks Step Functions; nothing here changes anything."""

    def __init__(self, client: "SFNClient") -> None:
        """Ask through `client`."""
        self._client = client

    def describe(self, arn: str) -> Execution:
        """Return an execution.

        Raises:
            NotFoundError: there is none of that ARN.
            RefusedError: it is one that Step Functions keeps no history of.
        """
        match = _ARN.fullmatch(arn)
        if match and match["kind"] == "express":
            hint = "Express executions have no history; give the S3 path of a state."
            raise RefusedError("this is an express execution", hint=hint)
        try:
            told = self._client.describe_execution(executionArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("ExecutionDoesNotExist", "InvalidArn"):
                raise
            hint = (
                "Check the ARN, --region and --profile. Step Functions forgets an execution 90 days"
                " after its end; its state may still be in S3: give an S3 path."
            )
            raise NotFoundError(f"no such execution: {arn}", hint=hint) from error
        return Execution(
            arn=arn,
            machine_arn=told["stateMachineArn"],
            status=told["status"],
            started=told["startDate"],
            stopped=told.get("stopDate"),
            input=_decoded(told.get("input")),
            output=_decoded(told.get("output")),
            error=told.get("error"),
            cause=told.get("cause"),
            trace_id=_trace_in(told.get("traceHeader")),
            no_redrive=told.get("redriveStatusReason"),
            map_run_arn=told.get("mapRunArn"),
        )

    def known(self, arn: str | None) -> Execution | None:
        """Return an execution that a text names, or None where there is none of that name."""
        try:
            return self.describe(arn) if arn is not None and is_execution_arn(arn) else None
        except NotFoundError:
            return None

    def events(self, arn: str) -> Iterator[Event]:
        """Yield the events of an execution, oldest first."""
        for page in self._history(arn):
            yield from page

    def events_after(self, arn: str, event_id: int) -> Iterator[Event]:
        """Yield the events after one, oldest first, reading no further back than that."""
        if not event_id:
            yield from self.events(arn)
            return
        newer: list[Event] = []
        for page in self._history(arn, newest_first=True):
            found = [event for event in page if event["id"] > event_id]
            newer += found
            if len(found) < len(page):
                break
        yield from sorted(newer, key=lambda event: event["id"])

    def last_bag(self, arn: str) -> JsonObject | None:
        """Return the newest bag in the history, branches' apart, reading it from its end.

        Of a branch's own execution it is the newest of that branch.
        """
        of_branch: JsonObject | None = None
        for page in self._history(arn, newest_first=True):
            for event in sorted(page, key=lambda event: -event["id"]):
                bag = bag_in(data_of(event))
                if bag is None or (of_branch and _depth(bag) >= _depth(of_branch)):
                    continue
                if _depth(bag) == 0:
                    return bag
                of_branch = bag
        return of_branch

    def _history(self, arn: str, *, newest_first: bool = False) -> Iterator[Sequence[Event]]:
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=arn, includeExecutionData=True, reverseOrder=newest_first
        )
        return (page["events"] for page in pages)

    def machines(self) -> Iterator[str]:
        """Yield the state machines of this account and region whose executions can be listed."""
        for page in self._client.get_paginator("list_state_machines").paginate():
            for machine in page["stateMachines"]:
                if machine["type"] == "STANDARD":
                    yield machine["stateMachineArn"]

    def map_runs_of(self, arn: str) -> Iterator[str]:
        """Yield the ARNs of the map runs of an execution's Distributed Maps."""
        for page in self._client.get_paginator("list_map_runs").paginate(executionArn=arn):
            yield from (each["mapRunArn"] for each in page["mapRuns"])

    def children_of(self, map_run_arn: str) -> Iterator[str]:
        """Yield the ARNs of the executions of a map run."""
        for page in self._client.get_paginator("list_executions").paginate(mapRunArn=map_run_arn):
            yield from (each["executionArn"] for each in page["executions"])

    def pages_of(self, machine_arn: str, status: str | None = None) -> Iterator[list[Listed]]:
        """Yield a machine's executions page by page, newest first; those of one status or all.

        The children of its Distributed Maps are not among them.

        Raises:
            NotFoundError: there is no such machine.
        """
        asked: dict[str, Any] = {"stateMachineArn": machine_arn}
        if status:
            asked["statusFilter"] = status
        try:
            for page in self._client.get_paginator("list_executions").paginate(**asked):
                yield [
                    Listed(
                        each["executionArn"],
                        each["stateMachineArn"],
                        each["status"],
                        each["startDate"],
                        each.get("stopDate"),
                    )
                    for each in page["executions"]
                ]
        except ClientError as error:
            if error.response["Error"]["Code"] != "StateMachineDoesNotExist":
                raise
            hint = "It was deleted, or is in another region or account."
            raise NotFoundError(f"no such state machine: {machine_arn}", hint=hint) from error


def data_of(event: Event) -> Json:
    """Return the input or output that an event carries as JSON, or None."""
    return _decoded(text_of(event))


def text_of(event: Event) -> str | None:
    """Return the input or output that an event carries, as it stands."""
    for name in (
        "stateEnteredEventDetails",
        "stateExitedEventDetails",
        "executionStartedEventDetails",
    ):
        details = event.get(name)
        if details:
            text: str | None = details.get("input", details.get("output"))
            return text
    return None


def _trace_in(header: str | None) -> str | None:
    """Return the id in a header of X-Ray.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
    """
    match = _TRACE.search(header or "")
    return match[1] if match else None


def _decoded(text: str | None) -> Json:
    return None if text is None else decode(text.encode(errors="surrogatepass"), path="execution")
