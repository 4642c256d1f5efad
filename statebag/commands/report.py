"""`statebag report`: one page about an execution, to look at and to hand on."""

from pathlib import Path
from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.executions.naming import arn_named
from statebag.options import with_cloud, with_masking
from statebag.output.masking import Masking
from statebag.output.rendering import bytes_text
from statebag.output.terminal import print_line, progress
from statebag.paths import parse_path
from statebag.report.findings import findings_of
from statebag.report.page import page_of
from statebag.state.files import write_file

_DEFAULT_NAME: Final = "report.html"


@click.command(
    help="""Write a page about an execution: one HTML file that loads nothing from the network.

Shows why the execution failed, the states visited, the payload of each step with and without
offloading, the state by size and as a tree, the timeline with the input and the result of each
step, the history, failed items and conflicts. The page contains the upper levels of a large state,
and the parts that --part names. Links lead to the AWS console. Only you can read the file.

\b
Examples:
  statebag report ARN
  statebag report ARN -o /tmp/run.html --part current_state.report
"""
)
@click.argument("execution_arn", metavar="EXECUTION")
@click.option(
    "-o",
    "--output",
    default=_DEFAULT_NAME,
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write.",
)
@click.option(
    "--part",
    "parts",
    multiple=True,
    metavar="PATH",
    help="Include as much as possible of the part at this path. Repeatable.",
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@with_masking
@with_cloud
def command(  # noqa: PLR0913 - options
    cloud: Cloud,
    execution_arn: str,
    output: Path,
    parts: tuple[str, ...],
    *,
    force: bool,
    mask: Masking,
) -> None:
    """Write a page about an execution."""
    arn = arn_named(cloud, execution_arn)
    chosen = [parse_path(part, "--part") for part in parts]
    with progress("reading the execution") as advance:
        page = page_of(findings_of(cloud, arn, mask, chosen, advance)).encode()
    write_file(output, page, force=force)
    print_line(f"{output} ({bytes_text(len(page))})")
