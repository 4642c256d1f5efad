"""The switches in the function's environment, read and checked when the function starts."""

import os
from collections.abc import Mapping
from typing import Final

from universal_sync_core.errors import ConfigurationError


def _is_on(env: Mapping[str, str], name: str) -> bool:
    """Tell whether a variable is `true`; without a value it is `false`.

    Raises:
        ConfigurationError: it is neither.
    """
    text = env.get(name, "").lower()
    if text not in ("", "false", "true"):
        raise ConfigurationError(f"{name} must be true or false")
    return text == "true"


# Whether the stack receives the ends of jobs: the template sets it if it has the rule.
JOB_EVENTS: Final = _is_on(os.environ, "JOB_EVENTS")
# CloudWatch bills each metric once more for each action that is a dimension of it.
METRICS_BY_ACTION: Final = _is_on(os.environ, "METRICS_BY_ACTION")
