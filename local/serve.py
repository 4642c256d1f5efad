"""Keep a cloud running for the AWS CLI or an SDK, until interrupted: `python -m local.serve`.

Installed, it is `python -m universal_sync_core.local.serve`.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from .cloud import LocalCloud, UserFunction
from .errors import LocalCloudError
from .machines import definitions
from .serving.staying import end_when_interrupted, stay, tell
from .serving.watching import Watched

_DESCRIPTION: Final = """Keep a cloud running on this machine until you interrupt it: S3, Lambda and
Step Functions with the stack deployed, and your own worker and state machine beside it."""
# The stack's own machine runs its segments by the function of this name.
_WORKER: Final = "SegmentRunner"
_NAME_CHARS: Final = 80
_MOST_PORTS: Final = 65_535


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve and give the exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.watch and not (chosen.worker or chosen.state_machine):
        parser.error("--watch needs --worker or --state-machine to watch")
    end_when_interrupted()
    try:
        worker = _worker(chosen.worker, chosen.handler) if chosen.worker else None
        workers = [worker] if worker else []
        if chosen.state_machine:
            definitions.read(chosen.state_machine)  # what is wrong with it is told before the build
        with LocalCloud.start(extra_functions=workers, port=chosen.port, report=_say) as cloud:
            more = []
            if chosen.state_machine:
                more.append(f"  YourStateMachineArn: {_machine(cloud, chosen.state_machine)}")
            looks = list(_looks(cloud, worker, chosen.state_machine)) if chosen.watch else []
            more += [f"\n{what} is deployed again when it changes." for what, _ in looks]
            tell(cloud, _say, more)
            stay(look for _, look in looks)
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
        help="directory of your worker, which then runs the segments of the stack's state machine",
    )
    parser.add_argument(
        "--handler",
        default="app.handler",
        help="module.function of the worker; by default app.handler",
    )
    parser.add_argument(
        "--state-machine",
        type=Path,
        metavar="FILE",
        help="your definition in JSON or YAML, deployed beside the stack's own; ${Worker} in"
        " it is the worker's ARN",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=0,
        metavar="N",
        help="port of 127.0.0.1 to serve on, so that the exported variables stay the same; by"
        " default a free one",
    )
    parser.add_argument(
        "--watch",
        action="store_true",
        help="deploy the worker and the state machine again whenever their files change",
    )
    return parser


def _port(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= _MOST_PORTS:
        return int(text)
    raise argparse.ArgumentTypeError(f"a port is a number from 1 to {_MOST_PORTS}")


def _worker(folder: Path, handler: str) -> UserFunction:
    if not folder.is_dir():
        raise LocalCloudError(
            f"{folder} is not a directory: give --worker the folder of the worker's code"
        )
    parts = handler.split(".")
    if not all(parts) or len(parts) == 1:
        raise LocalCloudError(f"{handler} is not a handler: --handler is module.function")
    module = Path(*parts[:-1])
    if not any(
        (folder / module).with_suffix(suffix).is_file() for suffix in (".py", ".js", ".mjs")
    ):
        raise LocalCloudError(f"{folder} has no module {module}: --handler is module.function")
    return UserFunction(name=_WORKER, code_dir=folder, handler=handler, with_layer=True)


def _machine(cloud: LocalCloud, file: Path) -> str:
    """Deploy a state machine, or deploy it again, and return its ARN."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", file.name.partition(".")[0])[:_NAME_CHARS]
    worker = cloud.substitutions.get("SegmentRunnerFunction", "")
    return cloud.create_state_machine(name, file, {"Worker": worker})


def _looks(
    cloud: LocalCloud, worker: UserFunction | None, machine: Path | None
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield what is watched, each with the function that deploys it again after a change."""
    if worker is not None:
        yield str(worker.code_dir), _look(worker.code_dir, lambda: cloud.update_function(worker))
    if machine is not None:
        yield str(machine), _look(machine, lambda: _machine(cloud, machine))


def _look(path: Path, deploy: Callable[[], object]) -> Callable[[], None]:
    watched = Watched(path)

    def look() -> None:
        if not watched.has_changed():
            return
        try:
            deploy()
        except (LocalCloudError, OSError) as error:
            _say(f"{_now()} {path} could not be deployed, and the earlier version stays: {error}")
        else:
            _say(f"{_now()} {path} was deployed again")

    return look


def _now() -> str:
    return f"{datetime.now().astimezone():%H:%M:%S}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
