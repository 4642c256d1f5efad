"""`statebag diff`: what differs between two states, by path."""

import click

from statebag.account.aws import Cloud
from statebag.errors import DIFFERENT
from statebag.options import as_json, with_cloud, with_masking
from statebag.output.masking import Masking
from statebag.output.rendering import bytes_text, counted
from statebag.output.terminal import (
    note,
    print_json,
    print_line,
)
from statebag.paths import Steps, parse_path
from statebag.sources.sources import SOURCE_HELP, Source, open_source
from statebag.state.change_lines import described, tell_changes
from statebag.state.differences import BOOKKEEPING, Change, Comparison
from universal_sync_core.bag.fields import HISTORY


@click.command(
    help=f"""Show the differences between two states: bags, snapshots, or steps of executions.

{SOURCE_HELP}

Subtrees with equal digests are not read, so the cost grows with the differences, not with the
states. Not compared: {", ".join(sorted(BOOKKEEPING))}.

Exits with 0 if the states are equal and with 1 if they differ.

\b
Examples:
  statebag diff ARN#12 ARN#13
  statebag diff s3://bucket/v1/.../packs/AAA s3://bucket/v1/.../packs/BBB
  statebag diff before.json ARN --path current_state
  statebag diff ARN1 ARN2 --json | jq -r .path
"""
)
@click.argument("old")
@click.argument("new")
@click.option("--path", "path_text", default="", help="Compare only the parts at this path.")
@as_json
@with_masking
@with_cloud
def command(  # noqa: PLR0913 - options
    cloud: Cloud, old: str, new: str, path_text: str, *, to_json: bool, mask: Masking
) -> None:
    """Compare two states."""
    steps = parse_path(path_text, "--path")
    before, after = open_source(cloud, old), open_source(cloud, new)
    changes = _changes(before, after, steps)
    if to_json:
        for change in changes:
            print_json(described(change, mask))
    else:
        tell_changes(changes, mask, print_line)
        read = before.reader.usage.bytes_read + after.reader.usage.bytes_read
        note(f"{counted(len(changes), 'difference')}; {bytes_text(read)} read to find them")
    if changes:
        raise click.exceptions.Exit(DIFFERENT)


def _changes(before: Source, after: Source, steps: Steps) -> list[Change]:
    comparison = Comparison(before.reader, after.reader)
    # The history is in two places of a bag, which only bags are compared by.
    is_whole = not steps or steps[0] == HISTORY
    if is_whole and before.is_bag and after.is_bag:
        changes = comparison.bags(before.bag, after.bag)
        return [each for each in changes if each.steps[: len(steps)] == steps]
    old, new = before.tree.at(steps), after.tree.at(steps)
    return list(comparison.values(old.value, new.value, steps))
