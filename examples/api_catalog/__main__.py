"""Run the workflow on the local cloud: `python -m examples.api_catalog`."""

import argparse
import sys
from collections.abc import Sequence

from rich.console import Console

from local.errors import LocalCloudError

from .run import LOGS, run
from .summary import show


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the workflow, show what it did, and give 0 if everything that has to hold does."""
    parser = argparse.ArgumentParser(prog="python -m examples.api_catalog", description=__doc__)
    parser.add_argument("--interactive", action="store_true", help="ask you for the approval")
    parser.add_argument("--limit", type=int, metavar="N", help="catalog the first N services only")
    options = parser.parse_args(arguments)
    console = Console()
    try:
        summary = run(console, interactive=options.interactive, limit=options.limit)
    except LocalCloudError as error:
        console.print(f"The local cloud failed: {error}\nIts logs are in {LOGS}.", markup=False)
        return 1
    show(summary, console)
    return 0 if summary.holds else 1


if __name__ == "__main__":
    sys.exit(main())
