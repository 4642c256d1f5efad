"""Run one event against the built function: `python -m local.invoke events/x.json`.

Installed, it is `python -m universal_sync_core.local.invoke`.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from .cloud import LocalCloud
from .errors import FunctionError, LocalCloudError
from .files import read_json

_DESCRIPTION = "Run one event against the built function."
# Where an action is one that the manager does not know: the output that names its function.
_OUTPUTS: Final = {"delete_ended": "RetentionFunctionArn", "job_ended": "JobEventsFunctionArn"}
# There is a function for the ends of jobs where some service's are listened to.
PARAMETERS: Final = {"JobSources": "aws.glue"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Invoke, print the answer and give the exit code."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}.invoke", description=_DESCRIPTION
    )
    parser.add_argument("event", type=Path, help="a JSON file, such as events/sync_inline.json")
    path: Path = parser.parse_args(arguments).event
    try:
        event = read_json(path)
        with LocalCloud.start(parameters=PARAMETERS, report=_tell) as cloud:
            answer = cloud.invoke(event, function_of(event, cloud.outputs))
    except FunctionError as error:
        _tell(f"The function failed with {error.error_type}: {error.message}")
        return 1
    except LocalCloudError as error:
        _tell(str(error))
        return 2
    except KeyboardInterrupt:
        _tell("Interrupted.")
        return 130
    sys.stdout.write(f"{json.dumps(answer, ensure_ascii=False, indent=2)}\n")
    return 0


def function_of(event: Any, outputs: Mapping[str, str]) -> str | None:
    """Return the function that an event is for, where that is not the manager."""
    action = event.get("action") if isinstance(event, dict) else None
    output = _OUTPUTS.get(action) if isinstance(action, str) else None
    return outputs[output] if output else None


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
