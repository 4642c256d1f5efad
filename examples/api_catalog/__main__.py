"""Run the workflow on the local cloud: `python -m examples.api_catalog`."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich.console import Console

from local.cloud import LocalCloud
from local.errors import LocalCloudError
from local.serving.staying import end_when_interrupted, stay, tell

from .run import run
from .summary import Summary, show

LOGS = Path(__file__).parents[2] / ".local" / "api_catalog"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the workflow, show what it did, and return 0 if every check holds."""
    parser = argparse.ArgumentParser(prog="python -m examples.api_catalog", description=__doc__)
    parser.add_argument("--interactive", action="store_true", help="ask you for the approval")
    parser.add_argument(
        "--keep", action="store_true", help="leave the cloud up, to look at the run"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="catalog the first N services only")
    options = parser.parse_args(arguments)
    console = Console()
    # Each run has its own directory, since two may run at once.
    logs = LOGS / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
    try:
        then = partial(_keep, console) if options.keep else partial(_show, console)
        summary = run(
            console, logs, interactive=options.interactive, limit=options.limit, then=then
        )
    except LocalCloudError as error:
        console.print(f"The local cloud failed: {error}", markup=False)
        return _failed(console, logs)
    except KeyboardInterrupt:
        console.print("Interrupted.")
        return 130
    return 0 if summary.holds else _failed(console, logs)


def _show(console: Console, _cloud: LocalCloud, _arn: str, summary: Summary) -> None:
    show(summary, console)


def _keep(console: Console, cloud: LocalCloud, arn: str, summary: Summary) -> None:
    """Show the run, and how to look at it, for as long as somebody wants to."""
    show(summary, console)
    end_when_interrupted()
    tell(cloud, partial(_say, console), ["\nTo look at the run:\n", *_commands(arn)])
    with suppress(KeyboardInterrupt):
        stay()


def _commands(arn: str) -> list[str]:
    looks = ("show {}", "timeline {}", "history {} --tail 10", "report {} -o run.html", "verify {}")
    return [f"  make statebag ARGS='{look.format(arn)}'" for look in looks]


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _failed(console: Console, logs: Path) -> int:
    console.print(f"\nThe logs are in {logs}", markup=False, highlight=False, soft_wrap=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
