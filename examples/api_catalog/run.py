"""One run of the workflow on the local cloud, from starting the cloud to the proof."""

import time
from collections.abc import Callable
from inspect import unwrap
from pathlib import Path

from rich.console import Console

from local.cloud import LocalCloud, UserFunction
from local.executions import Execution

from .function.runner import worker
from .function.runner.segments import SEGMENTS
from .measure import measure_storage
from .oracle import Json, canonical, differences, final_state
from .outside import Approver, Outside, approve_on_terminal, approve_unasked
from .progress import Progress
from .report import write_report
from .summary import (
    ASYNCHRONOUS_JOB,
    STATE_LIMIT_BYTES,
    Check,
    Kind,
    Summary,
    check_bag,
    check_kinds,
    check_payload,
    visits_by_kind,
)

# The folder that is deployed as the user's function; its ARN is the stack's parameter
# SegmentRunnerFunctionArn.
SEGMENT_RUNNER = UserFunction(
    name="SegmentRunner",
    code_dir=Path(__file__).parent / "function",
    handler="runner.worker.handler",
    with_layer=True,
)
# The run is given up if the workflow does not answer for this long.
TIMEOUT_SECONDS = 900
POLL_SECONDS = 0.2
# Room for the name and message of an error, without the stack trace after them.
CAUSE_CHARACTERS = 300

WAITING = {
    "human": "the workflow waits for a person's approval",
    "async": "the workflow waits for the publication job",
}


def run(
    console: Console,
    logs: Path,
    *,
    interactive: bool,
    limit: int | None,
    then: Callable[[LocalCloud, str, Summary], None] = lambda *_: None,
) -> Summary:
    """Run the workflow, and return what it has shown.

    Args:
        console: prints what is going on.
        logs: new directory for the logs of the services and functions, and for the report.
        interactive: ask the person at the terminal for the approval.
        limit: catalog only this many services, for a shorter run.
        then: called with the cloud, the ARN of the execution and what it has shown, while the cloud
            is still up.
    """
    execution_input: Json = {"total_segments": len(SEGMENTS), "catalog_limit": limit}
    with (
        Progress(console) as progress,
        LocalCloud.start(
            extra_functions=[SEGMENT_RUNNER], logs_dir=logs, report=progress.say
        ) as cloud,
    ):
        outside = Outside(cloud, _approver(progress) if interactive else approve_unasked)
        execution = _execute(cloud, execution_input, outside, progress)
        progress.say(f"the execution is over: {execution.status}")
        progress.say(f"a page about it: {write_report(cloud, execution.arn, logs)}")
        checks = _checks(cloud, execution, execution_input, outside)
        summary = Summary(
            kinds=_kinds(cloud, outside),
            executions=len({visit.execution_arn for visit in cloud.visits}),
            storage=measure_storage(cloud, logs),
            checks=checks,
        )
        with progress.paused():
            then(cloud, execution.arn, summary)
        return summary


def _approver(progress: Progress) -> Approver:
    def approve(prompt: Json) -> Json:
        with progress.paused():
            return approve_on_terminal(prompt)

    return approve


def _execute(
    cloud: LocalCloud, execution_input: Json, outside: Outside, progress: Progress
) -> Execution:
    """Run an execution to its end, and answer what it waits for."""
    execution = cloud.start_execution(execution_input)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while execution.status == "RUNNING" and time.monotonic() < deadline:
        requests = outside.waiting()
        progress.follow(cloud.visits)
        for request in requests:
            progress.say(WAITING[request["callback_type"]])
            outside.answer(request)
            deadline = time.monotonic() + TIMEOUT_SECONDS
        time.sleep(POLL_SECONDS)
    progress.follow(cloud.visits)
    return execution


def _kinds(cloud: LocalCloud, outside: Outside) -> list[Kind]:
    """Return the visits by kind of state, without the job if nobody requested it."""
    return [
        kind
        for kind in visits_by_kind(cloud.visits)
        if kind.name != ASYNCHRONOUS_JOB or not outside.declined
    ]


def _checks(
    cloud: LocalCloud, execution: Execution, execution_input: Json, outside: Outside
) -> list[Check]:
    kinds = _kinds(cloud, outside)
    checks = [
        _succeeded(execution),
        check_kinds(kinds),
        check_payload(kinds),
        check_bag(cloud.visits),
    ]
    if execution.status == "SUCCEEDED":
        checks.append(_proof(cloud, execution, execution_input, outside))
    return checks


def _succeeded(execution: Execution) -> Check:
    ended = (execution.status, execution.error, execution.cause)
    said = " ".join(part for part in ended if part)
    return Check(
        claim="the execution succeeded",
        holds=execution.status == "SUCCEEDED",
        detail=said[:CAUSE_CHARACTERS],
    )


def _proof(
    cloud: LocalCloud, execution: Execution, execution_input: Json, outside: Outside
) -> Check:
    """Compare the hydrated final state with the same workflow merged without limits."""
    hydrated = cloud.hydrate(execution.output["state_data"])
    expected = final_state(unwrap(worker.handler), execution_input, outside.answers)
    different = differences(expected, hydrated)
    size = len(canonical(hydrated).encode())
    equal = f"{size:,} bytes, {size / STATE_LIMIT_BYTES:.1f} times what a state may carry"
    return Check(
        claim="the hydrated final state equals the same workflow merged without limits",
        holds=not different,
        detail=f"differs in {', '.join(different)}" if different else equal,
    )
