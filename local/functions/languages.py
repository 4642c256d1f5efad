"""What runs a handler in an emulator: AWS's own client for Python, and a small one for Node.js."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import LocalCloudError

PYTHON = "python3.14"
_NODE_CLIENT = Path(__file__).parent / "node_runtime.mjs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What is particular to a language.

    Attributes:
        raised: the keys of what a handler's error is answered with; a result that has exactly
            these cannot be told from one.
        layer_folder: where in a layer its packages lie.
        import_variable: names the directories that modules are looked for in.
    """

    raised: frozenset[str]
    layer_folder: str
    import_variable: str

    def import_path(self, *directories: Path) -> dict[str, str]:
        """Return the variable that lets code import what is in some directories."""
        return {self.import_variable: os.pathsep.join(map(str, directories))}


# https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
_PYTHON = Language(
    raised=frozenset({"errorMessage", "errorType", "requestId", "stackTrace"}),
    layer_folder="python",
    import_variable="PYTHONPATH",
)
# https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
_NODE = Language(
    raised=frozenset({"errorMessage", "errorType", "trace"}),
    layer_folder="nodejs/node_modules",
    import_variable="NODE_PATH",
)


def language_of(runtime: str) -> Language:
    """Return the language of a runtime such as `python3.14` or `nodejs22.x`.

    Raises:
        LocalCloudError: functions of that runtime cannot run here.
    """
    if runtime.startswith("python"):
        return _PYTHON
    if runtime.startswith("nodejs"):
        return _NODE
    raise LocalCloudError(f"the local cloud cannot run functions of the runtime {runtime}")


def command(runtime: str, handler: str) -> Sequence[str | Path]:
    """Return the command that serves a handler, with this interpreter or the machine's `node`.

    Raises:
        LocalCloudError: there is no `node`.
    """
    if language_of(runtime) is _PYTHON:
        # Without `site`, the function sees what is in PYTHONPATH and nothing of this environment.
        return [sys.executable, "-S", "-m", "awslambdaric", handler]
    node = shutil.which("node")
    if node is None:
        raise LocalCloudError(f"a function of the runtime {runtime} needs `node` on the PATH")
    return [node, _NODE_CLIENT, handler]
