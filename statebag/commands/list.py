"""`statebag list`: executions that run, and those that ended."""

import time
from collections.abc import Sequence
from typing import Final

import click
from botocore.exceptions import ClientError

from statebag.account.aws import Cloud
from statebag.errors import NoAccessError
from statebag.executions.naming import machines_of
from statebag.listing.conditions import Query
from statebag.listing.feed import Feed
from statebag.listing.following import Follower
from statebag.listing.options import with_query
from statebag.listing.paging import Page, page_of
from statebag.listing.rows import Row
from statebag.listing.table import line_of, print_rows
from statebag.options import as_json, every, with_cloud
from statebag.output.rendering import counted
from statebag.output.terminal import note, print_json, print_line, progress
from universal_sync_core.errors import ConfigurationError, StoreError

_LIMIT: Final = 20


@click.command("list")
@with_query
@click.option("--limit", default=_LIMIT, show_default=True, type=click.IntRange(1), help="Most.")
@click.option("--page", default="", metavar="PAGE", help="Continue where an earlier list stopped.")
@click.option(
    "--follow", is_flag=True, help="Keep showing executions that begin or end, until Ctrl-C."
)
@every("With --follow: seconds between looks.")
@as_json
@with_cloud
def command(  # noqa: PLR0913 - options
    cloud: Cloud,
    query: Query,
    *,
    limit: int,
    page: str,
    every: float,
    follow: bool,
    to_json: bool,
) -> None:
    """List executions: first those that run, then those that ended, newest first.

    Lists the executions of the stack's state machines (--stack), and of others that --machine
    names. Step Functions knows the last 90 days. Executions that ended earlier, and errors, stages
    and sizes, come from the records of ended executions. `statebag find` looks into states, and
    `statebag callbacks list` tells which workflows are held or wait for somebody.

    \b
    Examples:
      statebag list --stack my-stack
      statebag list --stack my-stack --status FAILED --since 1d
      statebag list --machine orders --error 'States.*' --json | jq -r .execution
      statebag list --stack my-stack --follow
    """  # noqa: D301 - click reads the control character
    machines = machines_of(cloud)
    several = len(machines) > 1
    # What begins while the list is made is news.
    follower = Follower(cloud, machines, query) if follow else None
    with progress("asking Step Functions"):
        found, problem = _found(cloud, machines, query, page, limit)
    if to_json:
        for row in found.items:
            print_json(row.describe())
    elif found.items:
        print_rows(found.items, machines=several)
    _tell(found, follow=follow)
    if problem is not None:
        note("This is what Step Functions lists; the records of ended executions cannot be read.")
        raise problem
    for row in follower.news(lambda: time.sleep(every)) if follower else ():
        if to_json:
            print_json(row.describe())
        else:
            print_line(line_of(row, machines=several))


def _found(
    cloud: Cloud, machines: Sequence[str], query: Query, page: str, limit: int
) -> tuple[Page[Row], Exception | None]:
    """Return a page, and why it was made without the records where they cannot be read."""
    try:
        return page_of(Feed(cloud, machines, query).rows(page, limit + 1), limit), None
    except (ClientError, NoAccessError, ConfigurationError, StoreError) as error:
        feed = Feed(cloud, machines, query, reads_records=False)  # where Step Functions answers
        return page_of(feed.rows(page, limit + 1), limit), error


def _tell(found: Page[Row], *, follow: bool) -> None:
    more = f"; more: --page {found.then}" if found.then and not follow else ""
    note(f"{counted(len(found.items), 'execution')}{more}")
