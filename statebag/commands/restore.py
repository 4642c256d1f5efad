"""`statebag restore`: the bag of a snapshot, exactly as it was, in a file."""

import os
from pathlib import Path
from typing import Final

import click

from statebag.aws import Cloud
from statebag.errors import RefusedError
from statebag.options import with_cloud
from statebag.rendering import bytes_text
from statebag.sources import SOURCE_HELP, open_source
from statebag.terminal import note, print_document
from universal_sync_core.codec import encode

# State may hold secrets: nobody else reads the file.
_MODE: Final = 0o600


@click.command(
    help=f"""Write the bag of a snapshot, a failure record or an execution to a file.

{SOURCE_HELP}

The bag is written exactly as it was, with nothing masked, for the owner alone to read. To let a
workflow go on from a snapshot, see `statebag resume`.

\b
Examples:
  statebag restore s3://bucket/v1/.../sha256/AAA -o bag.json
  statebag restore ARN --hydrate -o state.json
  statebag restore ARN#12 -o - | jq .state_revision
"""
)
@click.argument("source")
@click.option("-o", "--output", required=True, help="File to write; - is standard output.")
@click.option("--hydrate", is_flag=True, help="Put values in the place of pointers.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@with_cloud
def command(cloud: Cloud, source: str, output: str, *, hydrate: bool, force: bool) -> None:
    """Write a bag to a file."""
    opened = open_source(cloud, source)
    bag = opened.bag
    body = encode(opened.tree.whole(opened.tree.root) if hydrate else bag)
    if output == "-":
        print_document(body)
        return
    _write(Path(output), body + b"\n", force=force)
    note(f"{bytes_text(len(body))} written to {output}")


def _write(file: Path, body: bytes, *, force: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
    try:
        descriptor = os.open(file, flags, _MODE)
    except FileExistsError as error:
        raise RefusedError(
            f"{file} is there already", hint="Write over it with --force."
        ) from error
    except OSError as error:
        raise RefusedError(f"{file}: {error.strerror}", hint="Name another file.") from error
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(body)
