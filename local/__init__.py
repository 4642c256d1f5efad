"""The embedded cloud: the real template, deployed and run on this machine.

moto serves the AWS APIs on a loopback port; `sam build` and AWS's own SAM translator make the
stack; AWS's Runtime Interface Emulator runs the built functions. What moto lacks is added in
`bridges`, one gap per module, and nowhere else. Linux only, as the emulator is.

Installed, this package is `universal_sync_core.local`, and has the stack's sources in `project`.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cloud import LocalCloud
    from .errors import MockedError
    from .executions import Execution
    from .functions.user_functions import UserFunction
    from .machines.runs import MockedCall
    from .outcomes.outcome import OutcomesDifferError
    from .outcomes.same_outcome import SameOutcome
    from .played.workflow_run import RefusedError, WorkflowRun
    from .state_bag import StateBag
    from .visits import StateVisit

# Installed, the core is what this package is in; in the repository it lies in the layer's source.
_CORE = Path(__file__).parents[1] / "layers" / "universal_sync_core"
if _CORE.is_dir():
    sys.path.append(str(_CORE))

__all__ = [
    "Execution",
    "LocalCloud",
    "MockedCall",
    "MockedError",
    "OutcomesDifferError",
    "RefusedError",
    "SameOutcome",
    "StateBag",
    "StateVisit",
    "UserFunction",
    "WorkflowRun",
]

_MODULES = {
    "Execution": "executions",
    "LocalCloud": "cloud",
    "MockedCall": "machines.runs",
    "MockedError": "errors",
    "OutcomesDifferError": "outcomes.outcome",
    "RefusedError": "played.workflow_run",
    "SameOutcome": "outcomes.same_outcome",
    "StateBag": "state_bag",
    "StateVisit": "visits",
    "UserFunction": "functions.user_functions",
    "WorkflowRun": "played.workflow_run",
}


def __getattr__(name: str) -> Any:
    """Return a public name when it is first asked for: pytest imports this package in every run."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
