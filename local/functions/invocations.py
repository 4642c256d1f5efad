"""The deployed functions: what moto holds of each, run by a pool of emulators."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend

from ..errors import StoppedError, TooManyRequestsError
from ..limits import INVOCATION_BYTES
from ..servers.processes import Processes
from .artefacts import CodeCache
from .emulator import Answer, Program, failure
from .languages import Language, language_of
from .pool import EmulatorPool


@dataclass(kw_only=True)
class Functions:
    """Invokes deployed functions, each in a pool of its own that starts with its first request.

    Attributes:
        processes: starts the emulators.
        runtime: directory of the Python runtime's own packages.
        code: unpacks artefacts.
        logs_dir: directory for a log file per emulator.
        emulators: size of each pool.
        concurrency: how many requests of all functions run at once before more are refused, as of
            an account; None for any number.
        environment: variables every function gets before its own.
        throttles: how many requests were refused.
    """

    processes: Processes
    runtime: Path
    code: CodeCache
    logs_dir: Path
    emulators: int
    concurrency: int | None
    environment: Mapping[str, str]
    throttles: int = field(default=0, init=False)
    _pools: dict[tuple[str, str, str], EmulatorPool] = field(default_factory=dict, init=False)
    _later: set[threading.Thread] = field(default_factory=set, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _running: int = field(default=0, init=False)
    _ended: threading.Condition = field(default_factory=threading.Condition, init=False)

    def invoke(self, function: LambdaFunction, payload: bytes, client_context: str = "") -> Answer:
        """Run a function on a JSON payload, or raise TooManyRequestsError.

        Args:
            function: the function.
            payload: its event.
            client_context: for its `context.client_context`: JSON in base64.
        """
        with self._running_one(waits=False):
            return self._run(function, payload, client_context)

    def invoke_later(
        self, function: LambdaFunction, payload: bytes, client_context: str = ""
    ) -> None:
        """Run a function on an event that waits in a queue until it may run.

        What still waits when the cloud is stopped is gone with it.
        """

        def run() -> None:
            try:
                with suppress(StoppedError), self._running_one(waits=True):
                    self._run(function, payload, client_context)
            finally:
                self._later.discard(threading.current_thread())

        thread = threading.Thread(target=run, daemon=True)
        self._later.add(thread)
        thread.start()

    def await_later(self) -> None:
        """Wait for the events that are under way: until then they need their code and moto.

        Once the processes are stopped this is soon.
        """
        for thread in list(self._later):
            thread.join()

    def _run(self, function: LambdaFunction, payload: bytes, client_context: str) -> Answer:
        if len(payload) > INVOCATION_BYTES:
            return failure("RequestEntityTooLargeException", "the payload is over 6 MB")
        return self._pool(function).invoke(payload or b"{}", client_context)

    @contextmanager
    def _running_one(self, *, waits: bool) -> Iterator[None]:
        """Count a request among those that run.

        https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
        """
        with self._ended:
            while self.concurrency is not None and self._running >= self.concurrency:
                if not waits:
                    self.throttles += 1
                    raise TooManyRequestsError
                self._ended.wait()
            self._running += 1
        try:
            yield
        finally:
            with self._ended:
                self._running -= 1
                self._ended.notify()

    def _pool(self, function: LambdaFunction) -> EmulatorPool:
        # A function that is updated gets emulators of its new self.
        key = (function.function_arn, str(function.version), str(function.get_configuration()))
        with self._lock:
            if key not in self._pools:
                self._retire(key[:2])
                self._pools[key] = EmulatorPool(
                    self.processes,
                    self._program(function),
                    size=self.emulators,
                    log=self.logs_dir / function.function_name,
                )
            return self._pools[key]

    def _retire(self, version: tuple[str, str]) -> None:
        """Let the emulators of a function's former self end when they have answered."""
        for key in [key for key in self._pools if key[:2] == version]:
            self._pools.pop(key).retire()

    def _program(self, function: LambdaFunction) -> Program:
        task_root = self.code.unpack(function.code_bytes)
        runtime = str(function.run_time)
        language = language_of(runtime)
        return Program(
            handler=str(function.handler),
            runtime=runtime,
            code=task_root,
            environment={
                **self.environment,
                **_lambda_variables(function, task_root),
                **{name: str(value) for name, value in function.environment_vars.items()},
                **language.import_path(task_root, *self._layers(function, language), self.runtime),
            },
            timeout=int(function.timeout),
        )

    def _layers(self, function: LambdaFunction, language: Language) -> list[Path]:
        backend = get_backend(function.account_id, function.region)
        layers = [backend.layers_versions_by_arn(layer["Arn"]) for layer in function.layers]
        folders = [self.code.unpack(layer.code_bytes) for layer in layers if layer]
        return [folder / language.layer_folder for folder in folders]


def _lambda_variables(function: LambdaFunction, task_root: Path) -> dict[str, str]:
    """Return what Lambda itself sets.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    return {
        # Who asks shows in the access key.
        "AWS_ACCESS_KEY_ID": function.role.rpartition("/")[2],
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
        "LAMBDA_TASK_ROOT": str(task_root),
        "TZ": ":UTC",
    }
