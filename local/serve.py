"""Keep a cloud running for the AWS CLI or an SDK, until interrupted: `python -m local.serve`.

Installed, it is `python -m universal_sync_core.local.serve`.
"""

import signal
import sys
import time
from types import FrameType

from .cloud import LocalCloud
from .errors import LocalCloudError


def main() -> int:
    """Serve and give the exit code."""
    # A shell starts what runs in its background with SIGINT ignored.
    for sent in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sent, _interrupt)
    try:
        with LocalCloud.start(report=_say) as cloud:
            _say("\nThe stack is up. For the AWS CLI or an SDK:\n")
            for name, value in cloud.environment.items():
                _say(f"  export {name}={value}")
            _say("\nIts outputs:\n")
            for name, value in cloud.outputs.items():
                _say(f"  {name}: {value}")
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


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
