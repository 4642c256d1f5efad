"""`statebag history`: the entries of a state's history."""

import time
from collections.abc import Iterable
from itertools import islice
from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.executions.chain import continued_as
from statebag.options import as_json, every, with_cloud, with_masking
from statebag.output.masking import Masking
from statebag.output.rendering import counted, preview, printable
from statebag.output.terminal import DIM, Styled, note, print_json, print_line, styled
from statebag.sources.entries import Entry, Filter, between, filter_in, length_of, newest_first
from statebag.sources.sources import SOURCE_HELP, Source, open_source
from universal_sync_core.bag.fields import HISTORY
from universal_sync_core.values.codec import Json

_DEFAULT_TAIL: Final = 20
_TIMES: Final = ("timestamp", "updated_at", "time")


@click.command(
    help=f"""Show the history of a state, oldest entry first, archived entries included.

{SOURCE_HELP}

A FILTER is KEY=VALUE, KEY~PATTERN (a regular expression), or a text that the entry contains. KEY is
a path such as result.status. Only the pages that are shown or searched are read.

\b
Examples:
  statebag history ARN --tail 50
  statebag history ARN --filter segment_id=7 --tail 5
  statebag history ARN --all --json | jq 'select(.entry.status == "FAILED")'
  statebag history ARN --follow
"""
)
@click.argument("source")
@click.option(
    "--tail",
    default=_DEFAULT_TAIL,
    show_default=True,
    type=click.IntRange(1),
    help="How many of the newest entries to show.",
)
@click.option("--all", "whole", is_flag=True, help="All entries.")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="FILTER",
    help="Show only matching entries. Repeatable.",
)
@click.option("--follow", is_flag=True, help="Keep showing new entries until the execution ends.")
@every("With --follow: seconds between looks.")
@as_json
@with_masking
@with_cloud
def command(  # noqa: PLR0913 - options
    cloud: Cloud,
    source: str,
    tail: int,
    filters: tuple[str, ...],
    every: float,
    *,
    whole: bool,
    follow: bool,
    to_json: bool,
    mask: Masking,
) -> None:
    """Show the history."""
    wanted = [filter_in(text) for text in filters]
    opened = open_source(cloud, source)
    found = (entry for entry in newest_first(opened) if _passes(entry, wanted))
    entries = list(found if whole else islice(found, tail))
    _print(reversed(entries), mask, to_json=to_json)
    total = length_of(opened)
    if not to_json:
        note(f"{len(entries):,} of {counted(total, 'entry', 'entries')}")
    while follow and (source := _still_running(opened, source)):
        time.sleep(every)
        opened = open_source(cloud, source)
        total = _print_new(opened, total, wanted, mask, to_json=to_json)


def _still_running(opened: Source, source: str) -> str:
    """Return what to look at next: the execution, the one that continues it, or nothing."""
    if opened.execution is None:
        return ""
    return source if opened.execution.is_running else continued_as(opened.execution) or ""


def _print_new(
    opened: Source, seen: int, wanted: list[Filter], mask: Masking, *, to_json: bool
) -> int:
    """Print the entries after the first `seen`; return how many there are now."""
    total = length_of(opened)
    new = (entry for entry in between(opened, seen, total) if _passes(entry, wanted))
    _print(new, mask, to_json=to_json)
    return max(seen, total)


def _passes(entry: Entry, wanted: Iterable[Filter]) -> bool:
    return all(accepts(entry.value) for accepts in wanted)


def _print(entries: Iterable[Entry], mask: Masking, *, to_json: bool) -> None:
    for entry in entries:
        value = mask.masked(entry.value, (HISTORY, entry.position))
        if to_json:
            print_json({"position": entry.position, "entry": value})
        else:
            print_line(_line(entry.position, value))


def _line(position: int, value: Json) -> Styled:
    number = (f"{position:>6}  ", DIM)
    if not isinstance(value, dict):
        return styled(number, preview(value, 200))
    time_field = next((name for name in _TIMES if name in value), None)
    time = "" if time_field is None else f"{printable(str(value[time_field]), 80):<24}  "
    rest = (f"{k}={_short(v)}" for k, v in value.items() if k != time_field)
    return styled(number, time, "  ".join(rest))


def _short(value: Json) -> str:
    return printable(value, 80) if isinstance(value, str) else preview(value, 80)
