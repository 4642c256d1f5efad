"""`statebag diff`: what differs between two states, by path."""

from collections.abc import Iterable
from itertools import groupby
from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.errors import DIFFERENT
from statebag.executions.sources import SOURCE_HELP, Source, open_source
from statebag.options import as_json, with_cloud, with_masking
from statebag.output.masking import Masking
from statebag.output.rendering import bytes_text, counted, preview
from statebag.output.terminal import (
    BAD,
    DIM,
    GOOD,
    NAME,
    Styled,
    note,
    print_json,
    print_line,
    styled,
)
from statebag.paths import Steps, parse_path, render_path
from statebag.state.differences import BOOKKEEPING, Change, Comparison
from statebag.state.tree import Part, Place
from universal_sync_core.bag.fields import HISTORY
from universal_sync_core.values.codec import JsonObject

_SIGNS: Final = {
    "added": ("+ ", GOOD),
    "removed": ("- ", BAD),
    "changed": ("~ ", NAME),
}
# Larger values are told of, not shown.
_SHOWN_BYTES: Final = 1024
_SHOWN_OF_RUN: Final = 5


@click.command(
    help=f"""Show what differs between two states: bags, snapshots, or steps of executions.

{SOURCE_HELP}

Subtrees with equal digests are not read, so comparing two large states costs what differs.
{", ".join(sorted(BOOKKEEPING))} are left out.

Exits with 0 where the states are equal and with 1 where they differ.

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
    before, after = open_source(cloud, old), open_source(cloud, new)
    changes = _changes(before, after, parse_path(path_text))
    if to_json:
        for change in changes:
            print_json(_described(change, mask))
    else:
        _print(changes, mask)
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


def _print(changes: Iterable[Change], mask: Masking) -> None:
    """Print the changes, of a long run of elements that came or went only the first."""
    for run, alike in groupby(changes, _run):
        group = list(alike)
        shown = group if run is None or len(group) <= _SHOWN_OF_RUN else group[:_SHOWN_OF_RUN]
        for change in shown:
            print_line(_line(change, mask))
        if len(shown) < len(group):
            print_line(f"  … {len(group) - len(shown):,} more elements {group[0].kind}", DIM)


def _run(change: Change) -> tuple[str, Steps] | None:
    """Return what elements of one list that came or went together share."""
    is_element = change.kind != "changed" and change.steps and isinstance(change.steps[-1], int)
    return (change.kind, change.steps[:-1]) if is_element else None


def _line(change: Change, mask: Masking) -> Styled:
    sides = [_content(part, mask) for part in (change.old, change.new) if part is not None]
    between = [(" → ", DIM)] if len(sides) > 1 else []
    path = (f"{render_path(change.steps)}  ", NAME)
    return styled(_SIGNS[change.kind], path, sides[0], *between, *sides[1:])


def _content(part: Part, mask: Masking) -> tuple[str, str]:
    if part.place is Place.S3 or part.count is not None:
        amount = f" of {part.count:,}" if part.count is not None else ""
        where = " in S3" if part.place is Place.S3 else ""
        return f"{part.kind}{amount}, {bytes_text(part.size)}{where}", DIM
    return preview(mask.beginning(part.value, part.steps)), ""


def _described(change: Change, mask: Masking) -> JsonObject:
    told: JsonObject = {"path": render_path(change.steps), "change": change.kind}
    for name, part in (("old", change.old), ("new", change.new)):
        if part is None:
            continue
        if part.place is not Place.S3 and part.here <= _SHOWN_BYTES:
            told[name] = mask.masked(part.value, part.steps)
        else:
            told[f"{name}_part"] = part.describe()
    return told
