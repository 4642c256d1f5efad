"""`statebag verify`: whether all that a state points to is there, and is what was written."""

from collections.abc import Sequence
from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.errors import DIFFERENT
from statebag.options import as_json, with_cloud
from statebag.output.rendering import bytes_text, counted
from statebag.output.terminal import (
    BAD,
    GOOD,
    Styled,
    note,
    print_json,
    print_line,
    print_table,
    progress,
    styled,
)
from statebag.paths import render_path
from statebag.resuming.going_on import undeleting
from statebag.sources.sources import SOURCE_HELP, Source, open_source
from statebag.state.reading import StateReader
from statebag.state.soundness import Problem, verify
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.storage.retry import ExponentialBackoffRetry
from universal_sync_core.values.codec import JsonObject

_MEANINGS: Final = {
    "missing": "there is no such object",
    "archived": "an archive has taken it: see `aws s3api restore-object`",
    "altered": "its bytes do not have the digest that its pointer or its name states",
    "outside": "it leads out of the execution's own prefix below --bucket and --prefix",
    "unreadable": "it is not JSON, or has an unknown encoding",
    "oversized": "it is more than --budget-mb allows for one object",
    "mistaken": "it is another object than the one its pointer describes",
    "misnamed": "the state's part of it is sound, but the object does not match its name",
}
# A damaged body may have been damaged on the way: it is read a second time.
_RETRY: Final = ExponentialBackoffRetry(max_retries=1, base_delay=0.2)


@click.command(
    help=f"""Check that every pointer leads to an object with its digest.

{SOURCE_HELP}

Reads everything that the state refers to, its snapshots included. Exits with 0 if it is sound and
with 1 if it is not.

\b
Examples:
  statebag verify ARN
  statebag verify ARN --json | jq -r '.problems[].s3_path'
  statebag verify bag.json --bucket my-state-bucket
"""
)
@click.argument("source")
@as_json
@with_cloud
def command(cloud: Cloud, source: str, *, to_json: bool) -> None:
    """Verify a state."""
    opened = open_source(cloud, source)
    reader = _reader(cloud, opened)
    with progress("reading and checking") as advance:
        result = verify(opened.value, reader, advance)
    if to_json:
        problems = [_described(problem) for problem in result.problems]
        print_json({"sound": result.sound, "bytes": result.size, "problems": problems})
    elif result.problems:
        rows = [_row(problem) for problem in result.problems]
        print_table(("fault", "where", "object", "which means"), rows)
    if not to_json:
        print_line(
            f"{counted(result.sound, 'sound object')} of {bytes_text(result.size)}, "
            f"{counted(len(result.problems), 'problem')}",
            BAD if result.problems else GOOD,
        )
    if result.problems:
        note("`statebag snapshots` lists states to go back to.")
        _tell_how_to_undelete(result.problems)
        raise click.exceptions.Exit(DIFFERENT)


def _tell_how_to_undelete(problems: Sequence[Problem]) -> None:
    missing = [each.reference.path for each in problems if each.fault == "missing"]
    a_path_of = {execution_in(path): path for path in missing}
    for owner, path in a_path_of.items():
        for line in undeleting(path) if owner else ():
            note(line)


def _reader(cloud: Cloud, opened: Source) -> StateReader:
    owner = opened.reader.execution_id
    place, budget = opened.place, cloud.budget
    return StateReader(cloud.store, place, owner, retry=_RETRY, budget=budget)


def _row(problem: Problem) -> list[str | Styled]:
    where = render_path(problem.reference.steps) or "(whole)"
    meaning = _MEANINGS[problem.fault]
    return [styled((problem.fault, BAD)), where, problem.reference.path, meaning]


def _described(problem: Problem) -> JsonObject:
    reference = problem.reference
    return {
        "fault": problem.fault,
        "path": render_path(reference.steps),
        "s3_path": reference.path,
    }
