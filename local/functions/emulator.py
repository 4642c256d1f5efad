"""One Lambda execution environment: AWS's emulator of it, before the client of a runtime."""

import http.client
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import samcli

from ..errors import ServerStartError
from ..limits import INVOCATION_BYTES
from ..servers import ports
from ..servers.processes import Processes
from .languages import PYTHON, command, language_of

if TYPE_CHECKING:
    import subprocess

_MACHINES = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_PATH = "/2015-03-31/functions/function/invocations"
_CLIENT_CONTEXT = "X-Amz-Client-Context"
_START_SECONDS = 30
_START_ATTEMPTS = 3

_TIMED_OUT = b"Task timed out after"
_TOO_LARGE = {
    "errorType": "Function.ResponseSizeTooLarge",
    "errorMessage": "Response payload size exceeded maximum allowed payload size"
    f" ({INVOCATION_BYTES} bytes).",
}
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an invocation gave.

    Attributes:
        payload: JSON, the result or the error.
        failed: whether it is an error: `errorType`, `errorMessage` and what belongs to them.
    """

    payload: bytes
    failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What an emulator runs.

    Attributes:
        handler: `module.function`.
        runtime: as Lambda names it.
        code: directory of the function's artefact.
        environment: the whole environment of the process.
        timeout: seconds an invocation may take.
    """

    handler: str
    code: Path
    environment: Mapping[str, str]
    timeout: int
    runtime: str = PYTHON


class Emulator:
    """Serves one request at a time."""

    def __init__(self, processes: Processes, program: Program, log: Path) -> None:
        """Start it; what the function prints goes to `log`."""
        self._processes = processes
        self._program = program
        self._log = log
        for _ in range(_START_ATTEMPTS):
            # A port that was free a moment ago may be taken now: then another one.
            self._port, api_port = ports.free(2)
            self._process = self._start(api_port)
            if ports.await_served(self._port, alive=self.alive, seconds=_START_SECONDS):
                return
            self.stop()
        raise ServerStartError(f"the Lambda emulator does not start; see {log}")

    def _start(self, api_port: int) -> "subprocess.Popen[bytes]":
        machine = _MACHINES.get(platform.machine(), platform.machine())
        binary = Path(samcli.__file__).parent / "local" / "rapid" / f"aws-lambda-rie-{machine}"
        addresses = [
            f"--runtime-interface-emulator-address={ports.LOOPBACK}:{self._port}",
            f"--runtime-api-address={ports.LOOPBACK}:{api_port}",
        ]
        client = command(self._program.runtime, self._program.handler)
        return self._processes.start(
            [binary, *addresses, *client],
            env=self._program.environment,
            cwd=self._program.code,
            log=self._log,
        )

    def alive(self) -> bool:
        """Tell whether the process runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it, in the middle of a request if need be."""
        self._processes.stop(self._process)

    def invoke(self, payload: bytes, client_context: str = "") -> Answer:
        """Run the handler on a JSON payload, with a client context in base64."""
        headers = {"Content-Type": "application/json"}
        if client_context:
            headers[_CLIENT_CONTEXT] = client_context
        # The emulator keeps the function's time; ours only guards against an emulator that hangs.
        patience = self._program.timeout + _START_SECONDS
        connection = http.client.HTTPConnection(ports.LOOPBACK, self._port, timeout=patience)
        try:
            connection.request("POST", _PATH, payload, headers)
            response = connection.getresponse()
            return self._answer(response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            self.stop()  # it may hang, and would keep the next request waiting as well
            return failure("Runtime.ExitError", f"Runtime exited without an answer: {error}")
        finally:
            connection.close()

    def _answer(self, status: int, body: bytes) -> Answer:
        if body.startswith(_TIMED_OUT):
            return failure("Sandbox.Timedout", f"Error: {body.decode()}")
        if status != _OK:
            return Answer(payload=body, failed=True)
        if len(body) > INVOCATION_BYTES:
            return Answer(payload=json.dumps(_TOO_LARGE).encode(), failed=True)
        return Answer(payload=body, failed=self._is_raised(body))

    def _is_raised(self, body: bytes) -> bool:
        """Tell whether an answer is an error: the emulator passes both on with status 200."""
        if b'"errorType"' not in body:
            return False
        value = json.loads(body)
        raised = language_of(self._program.runtime).raised
        return isinstance(value, dict) and (value.keys() == raised or value == _TOO_LARGE)


def failure(error_type: str, message: str) -> Answer:
    """Return the answer for a function that could not raise by itself."""
    error = {"errorType": error_type, "errorMessage": message}
    return Answer(payload=json.dumps(error).encode(), failed=True)
