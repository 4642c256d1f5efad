"""`make account` on ministack: everything but the credentials, and a second interpreter of ours.

What ministack does otherwise than AWS says is listed here, with the page that decides where it is
not plain; docs/howto/account.md says it in words. Any other difference fails.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from account.run import CHECKS
from local.stack.build import build
from local.stack.project import TEMPLATE, cache_of
from tests.ministack.server import ACCOUNT, serving
from tests.ministack.template import for_ministack

pytestmark = [pytest.mark.rehearsal, pytest.mark.timeout(1_800)]

ROOT = Path(__file__).parents[2]
SMALL = ["--outage", "3", "--patience", "5", "--items", "12"]

LIMITS = "payloads have no limit"
MAPS = "a Distributed Map has no ResultWriter, and a failed item is a null among its results"
SCALED = "waits take a twentieth of their time, as the server is started"
EVENTS = "a history has fewer events, and none of what happens inside a map"
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
TESTS = {
    "test_inputs": {
        "test_input_that_cannot_be_taken_fails_with_a_record[value7-DataLimitExceeded]": LIMITS,
    },
    "test_uncaught_ends": {
        "test_result_that_fits_its_task_and_not_beside_the_bag_is_recorded": LIMITS,
    },
    "test_workers": {
        "test_failure_is_recorded_and_the_workflow_resumed[answers 300 KB]": LIMITS,
        "test_failure_is_recorded_and_the_workflow_resumed[fills the state]": LIMITS,
    },
    "test_distributed_map": {
        "test_map_of_two_hundred_items": MAPS,
        "test_items_that_are_too_large_for_a_child_run_like_any_other": MAPS,
        "test_no_more_children_run_at_once_than_the_workflow_asks_for": MAPS,
        "test_a_thousand_rows_in_batches[CSV]": MAPS,
        "test_a_thousand_rows_in_batches[JSONL]": MAPS,
        "test_a_thousand_rows_in_batches[a list]": MAPS,
        "test_map_in_which_every_item_fails_ends_the_workflow": MAPS,
        "test_resuming_a_map_runs_the_items_that_failed_and_no_other": MAPS,
    },
    # What the first seeds draw: a group of branches, or a map of which an item fails.
    "test_in_memory": {
        **{f"test_it_goes_the_same_way_to_the_same_end[{n}]": EVENTS for n in (0, 1, 3, 6, 7)},
        "test_it_goes_the_same_way_to_the_same_end[5]": MAPS,
    },
    "test_timed_waits": {
        "test_a_workflow_goes_on_after_a_time_with_all_of_its_state": SCALED,
        "test_a_wait_takes_as_many_events_as_the_budget_counts_at_most": EVENTS,
    },
    "test_long_runs": {
        "test_segment_takes_as_many_events_as_the_budget_counts": EVENTS,
        "test_branch_takes_as_many_events_as_the_budget_counts": EVENTS,
    },
}

# Its TestState asks Catch before Retry, and knows no Map. AWS asks Retry first.
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
STATES = {
    "Catch before Retry": re.compile(
        r"\[states\] \w+, retries (\S+): expected RETRIABLE, \1; saw CAUGHT_ERROR, \1, next \w+"
    ),
    "no Map": re.compile(r"\[states\] .*; saw REFUSED, Unsupported state type: Map"),
}

# It keeps no logging configuration, makes no metrics of logs, and knows no redrive.
CHECKED = {
    "[deployment] log of the machine: expected ALL; saw None",
    "[settings] LogLevel ERROR: expected metrics go on; saw none within 5 seconds",
    (
        "[ends] the part as a whole: expected its end; saw ClientError: An error occurred "
        "(InvalidAction) when calling the RedriveExecution operation: "
        "Unknown action: RedriveExecution"
    ),
}


@pytest.fixture(scope="module")
def ministack() -> Iterator[Mapping[str, str]]:
    with serving() as environment:
        yield {**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture(scope="module")
def built() -> Path:
    template = TEMPLATE.resolve()
    return build(template, cache_of(template) / "builds")


@pytest.fixture(scope="module")
def deployable(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return for_ministack(built, tmp_path_factory.mktemp("template"))


def account(
    environment: Mapping[str, str], template: Path, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "account", "--yes", ACCOUNT, "--built", str(template)]
    return subprocess.run(  # noqa: S603 - ours
        [*command, *SMALL, *arguments],
        env=environment,
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )


def findings(done: "subprocess.CompletedProcess[str]") -> list[str]:
    assert done.returncode == 1, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith("[")]


def left_in(environment: Mapping[str, str]) -> list[str]:
    """Return the names of what a run would have made and is still there."""
    session = boto3.Session("test", "test", region_name="us-east-1")

    def listed(service: str, operation: str, key: str) -> list[dict[str, Any]]:
        client: Any = session.client(service, endpoint_url=environment["AWS_ENDPOINT_URL"])  # type: ignore[call-overload]
        found: list[dict[str, Any]] = getattr(client, operation)()[key]
        return found

    told = [
        *listed("cloudformation", "describe_stacks", "Stacks"),
        *listed("s3", "list_buckets", "Buckets"),
        *listed("stepfunctions", "list_state_machines", "stateMachines"),
        *listed("lambda", "list_functions", "Functions"),
        *listed("lambda", "list_layers", "Layers"),
        *listed("logs", "describe_log_groups", "logGroups"),
        *listed("kms", "list_aliases", "Aliases"),
    ]
    return [str(each) for each in told if "usc-check-" in str(each)]


def test_every_state_comes_to_the_same_but_for_what_is_known(
    ministack: Mapping[str, str], deployable: Path
) -> None:
    found = findings(account(ministack, deployable, "--only", "states"))
    by_kind = {
        kind: [each for each in found if known.fullmatch(each)] for kind, known in STATES.items()
    }
    assert all(by_kind.values())
    assert sorted(found) == sorted(each for kind in by_kind.values() for each in kind)
    assert left_in(ministack) == []


def test_the_end_to_end_tests_pass_but_for_what_is_known(
    ministack: Mapping[str, str], deployable: Path
) -> None:
    found = findings(account(ministack, deployable, "--only", "tests"))
    failed = {each.removeprefix("[tests] ").partition(": expected")[0] for each in found}
    assert failed == {f"{module}::{test}" for module, tests in TESTS.items() for test in tests}
    assert left_in(ministack) == []


def test_the_checks_come_to_their_end(ministack: Mapping[str, str], deployable: Path) -> None:
    parts = [argument for part in CHECKS for argument in ("--only", part)]
    assert set(findings(account(ministack, deployable, *parts))) == CHECKED
    assert left_in(ministack) == []


def test_what_a_deployment_that_fails_has_made_is_deleted(
    ministack: Mapping[str, str], built: Path
) -> None:
    """The whole template: ministack fails at the first alarm that it does not know."""
    done = account(ministack, built, "--only", "states")
    assert (done.returncode, "sam deploy failed" in done.stderr) == (2, True)
    assert "deleted stack" in done.stdout
    assert left_in(ministack) == []


def test_what_was_kept_is_deleted_later(ministack: Mapping[str, str], deployable: Path) -> None:
    done = account(ministack, deployable, "--only", "deployment", "--keep")
    (name,) = set(re.findall(r"CLEAN=(usc-check-\w+)", done.stdout))
    assert left_in(ministack)
    assert account(ministack, deployable, "--clean", name).returncode == 0
    assert left_in(ministack) == []
