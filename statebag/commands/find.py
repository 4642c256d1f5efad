"""`statebag find`: executions by what their final state has at a path."""

from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.executions.naming import machines_of
from statebag.listing.conditions import Query, where_in
from statebag.listing.feed import Feed
from statebag.listing.finding import Finder, Found
from statebag.listing.options import with_query
from statebag.listing.paging import Bounded, page_of
from statebag.listing.table import print_rows
from statebag.options import as_json, with_cloud, with_masking
from statebag.output.masking import Masking
from statebag.output.rendering import counted, preview, some_of
from statebag.output.terminal import note, print_json, print_line, progress
from statebag.paths import parse_path
from universal_sync_core.values.codec import JsonObject

_LIMIT: Final = 100
_MOST: Final = 10_000
_UNREAD_SHOWN: Final = 5


@click.command()
@click.option(
    "--where",
    "conditions",
    multiple=True,
    metavar="PATH=VALUE",
    help="The state has this value at this path. Also PATH!=VALUE, and PATH~PATTERN for a"
    " regular expression. Repeatable.",
)
@with_query
@click.option("--limit", default=_LIMIT, show_default=True, type=click.IntRange(1), help="Most.")
@click.option(
    "--look-at",
    "most",
    default=_MOST,
    show_default=True,
    type=click.IntRange(1),
    help="Most executions whose state to look into.",
)
@click.option(
    "--page", default="", metavar="PAGE", help="Continue where an earlier search stopped."
)
@as_json
@with_masking
@with_cloud
def command(  # noqa: PLR0913 - options
    cloud: Cloud,
    conditions: tuple[str, ...],
    query: Query,
    *,
    limit: int,
    most: int,
    page: str,
    to_json: bool,
    mask: Masking,
) -> None:
    """Find executions by their final state.

    Searches the newest state of a running execution, and the last state of one that ended. The
    other options are those of `statebag list`, and exclude executions before their states are
    read. Only the given paths of a state are read. Deleted, damaged and forgotten states are listed
    at the end.

    \b
    Examples:
      statebag find --stack my-stack --where current_state.order.id=17
      statebag find --machine orders --where 'customer~^acme' --status FAILED --since 7d
      statebag find --stack my-stack --where current_state.approved=false --json | jq -r .execution
    """  # noqa: D301 - click reads the control character
    wanted = [where_in(text) for text in conditions]
    machines = machines_of(cloud)
    rows = Bounded(Feed(cloud, machines, query).rows(page), most)
    finder = Finder(cloud, wanted)
    with progress("looking into states") as advance:
        found = page_of(finder.among(rows, advance), limit)
    if to_json:
        for each in found.items:
            print_json(_described(each, mask))
    else:
        _print(found.items, mask, several=len(machines) > 1)
    _tell(finder, len(found.items), found.then or rows.then)


def _described(found: Found, mask: Masking) -> JsonObject:
    return {**found.row.describe(), "found": _masked(found, mask)}


def _masked(found: Found, mask: Masking) -> JsonObject:
    values = found.values or {}
    return {path: mask.masked(value, parse_path(path)) for path, value in values.items()}


def _print(items: list[Found], mask: Masking, *, several: bool) -> None:
    if items:
        print_rows([each.row for each in items], machines=several)
    for each in items:
        for path, value in _masked(each, mask).items():
            print_line(f"{each.row.name}  {path}  {preview(value)}")


def _tell(finder: Finder, count: int, then: str) -> None:
    more = f"; more: --page {then}" if then else ""
    states = counted(finder.looked_at, "state")
    note(f"{counted(count, 'execution')} of {states} searched{more}")
    if finder.unread:
        shown = some_of(finder.unread, _UNREAD_SHOWN)
        note(f"deleted, archived, damaged or forgotten, and not searched: {shown}")
