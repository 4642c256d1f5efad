"""`statebag restore`: the bag of a snapshot, exactly as it was, in a file."""

from pathlib import Path

import click

from statebag.account.aws import Cloud
from statebag.options import with_cloud
from statebag.output.rendering import bytes_text
from statebag.output.terminal import note, print_document
from statebag.sources.sources import SOURCE_HELP, open_source
from statebag.state.files import write_file
from universal_sync_core.values.codec import encode


@click.command(
    help=f"""Write the bag of a snapshot, a failure record or an execution to a file.

{SOURCE_HELP}

The bag is written exactly as it was. Nothing is masked, and only you can read the file. To let a
workflow go on from a snapshot, see `statebag resume`.

\b
Examples:
  statebag restore s3://bucket/v1/.../packs/AAA -o bag.json
  statebag restore ARN --hydrate -o state.json
  statebag restore ARN#12 -o - | jq .state_revision
"""
)
@click.argument("source")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, allow_dash=True),
    help="File to write; - is standard output.",
)
@click.option("--hydrate", is_flag=True, help="Replace pointers by their values.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@with_cloud
def command(cloud: Cloud, source: str, output: str, *, hydrate: bool, force: bool) -> None:
    """Write a bag to a file."""
    opened = open_source(cloud, source)
    bag = opened.bag
    body = encode(opened.tree.whole(opened.tree.root) if hydrate else bag)
    if output == "-":
        print_document(body)
        return
    write_file(Path(output), body + b"\n", force=force)
    note(f"{bytes_text(len(body))} written to {output}")
