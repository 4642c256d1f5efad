"""Run the workflow on the local cloud: `python -m examples.api_catalog`."""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from local.errors import LocalCloudError

from .run import run
from .summary import show

LOGS = Path(__file__).parents[2] / ".local" / "api_catalog"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the workflow, show what it did, and give 0 if everything that has to hold does."""
    parser = argparse.ArgumentParser(prog="python -m examples.api_catalog", description=__doc__)
    parser.add_argument("--interactive", action="store_true", help="ask you for the approval")
    parser.add_argument("--limit", type=int, metavar="N", help="catalog the first N services only")
    options = parser.parse_args(arguments)
    console = Console()
    # Each run has a directory of its own, as two may run at once.
    logs = LOGS / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
    try:
        summary = run(console, logs, interactive=options.interactive, limit=options.limit)
    except LocalCloudError as error:
        console.print(f"The local cloud failed: {error}", markup=False)
        return _failed(console, logs)
    except KeyboardInterrupt:
        console.print("Interrupted.")
        return 130
    show(summary, console)
    return 0 if summary.holds else _failed(console, logs)


def _failed(console: Console, logs: Path) -> int:
    console.print(f"\nThe logs are in {logs}", markup=False, highlight=False, soft_wrap=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
