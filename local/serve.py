"""Keep a cloud running for the AWS CLI or an SDK, until interrupted: `python -m local.serve`.

Installed, it is `python -m universal_sync_core.local.serve`.
"""

import argparse
import re
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from .cloud import LocalCloud, UserFunction
from .errors import LocalCloudError

_DESCRIPTION: Final = """Keep a cloud running on this machine until interrupted: S3, Lambda and
Step Functions with the stack deployed, and a worker and a state machine of yours beside it."""
# The stack's own machine runs its segments by the function of this name.
_WORKER: Final = "SegmentRunner"
_NAME_CHARS: Final = 80


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve and give the exit code."""
    chosen = _parser().parse_args(arguments)
    # A shell starts what runs in its background with SIGINT ignored.
    for sent in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sent, _interrupt)
    try:
        workers = [_worker(chosen.worker, chosen.handler)] if chosen.worker else []
        with LocalCloud.start(extra_functions=workers, report=_say) as cloud:
            _say("\nThe stack is up. For the AWS CLI or an SDK:\n")
            for name, value in cloud.environment.items():
                _say(f"  export {name}={value}")
            _say("\nIts outputs:\n")
            for name, value in cloud.outputs.items():
                _say(f"  {name}: {value}")
            if chosen.state_machine:
                _say(f"  YourStateMachineArn: {_machine(cloud, chosen.state_machine)}")
            _say(f"\nLog files are in {cloud.logs_dir}. Ctrl-C stops it.")
            # Not signal.pause(): it would sleep through a signal that came just before it.
            while True:
                time.sleep(1)
    except KeyboardInterrupt:
        _say("\nStopped.")
    except LocalCloudError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}.serve", description=_DESCRIPTION
    )
    parser.add_argument(
        "--worker",
        type=Path,
        metavar="DIR",
        help="directory of a worker, which then runs the segments of the stack's state machine",
    )
    parser.add_argument(
        "--handler", default="app.handler", help="its module.function; by default app.handler"
    )
    parser.add_argument(
        "--state-machine",
        type=Path,
        metavar="FILE",
        help="a definition in JSON or YAML, deployed beside the stack's; ${Worker} in it is the"
        " worker's ARN",
    )
    return parser


def _worker(folder: Path, handler: str) -> UserFunction:
    if not folder.is_dir():
        raise LocalCloudError(f"{folder} is no directory: --worker takes that of a worker's code")
    module = Path(*handler.split(".")[:-1])
    if not any(
        (folder / module).with_suffix(suffix).is_file() for suffix in (".py", ".js", ".mjs")
    ):
        raise LocalCloudError(f"{folder} has no module {module}: --handler is module.function")
    return UserFunction(name=_WORKER, code_dir=folder, handler=handler, with_layer=True)


def _machine(cloud: LocalCloud, file: Path) -> str:
    name = re.sub(r"[^A-Za-z0-9_-]", "-", file.name.partition(".")[0])[:_NAME_CHARS]
    worker = cloud.substitutions.get("SegmentRunnerFunction", "")
    return cloud.create_state_machine(name, file, {"Worker": worker})


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
