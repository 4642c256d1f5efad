"""The embedded cloud as its users see it: start it, deploy to it, run on it.

with LocalCloud.start() as cloud:
    run = cloud.start_execution({"segments": []})
    print(run.wait().output)
"""

import json
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer

from . import logs, ports, runtime
from .artefacts import CodeCache
from .bridges import (
    announcements,
    execution_outcomes,
    inline_maps,
    lambda_functions,
    map_runs,
    payload_limits,
    result_files,
    service_clients,
    stack_names,
    state_machines,
    task_tokens,
)
from .build import build
from .clients import Clients
from .deploy import Stack, deploy
from .errors import FunctionError, LocalCloudError, ServerStartError
from .executions import Execution
from .functions import Functions
from .outages import Outages
from .processes import Processes
from .user_functions import UserFunction, create_function
from .visits import StateVisit

__all__ = ["Execution", "LocalCloud", "StateVisit", "UserFunction"]

REPOSITORY = Path(__file__).resolve().parent.parent
STACK_NAME = "universal-sync-core"

# There is no X-Ray daemon.
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "en_US.UTF-8",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "AWS_XRAY_SDK_ENABLED": "false",
}
_one_at_a_time = threading.Lock()


def _no_report(_step: str) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    """What `start` has started."""

    stack: Stack
    clients: Clients
    functions: Functions
    visits: list[StateVisit]
    events: list[dict[str, Any]]
    logs_dir: Path
    outages: Outages
    closing: ExitStack


class LocalCloud:
    """A running cloud with the stack deployed; one at a time in a process."""

    def __init__(self, running: _Running) -> None:
        """Hold what `start` has started."""
        self._running = running

    @classmethod
    def start(  # noqa: PLR0913 - options, each with a default
        cls,
        *,
        template: Path = REPOSITORY / "template.yaml",
        extra_functions: Sequence[UserFunction] = (),
        parameters: Mapping[str, str] | None = None,
        s3_endpoint: str | None = None,
        emulators: int = 2,
        logs_dir: Path | None = None,
        report: Callable[[str], None] = _no_report,
    ) -> Self:
        """Build the template, start the services and deploy the stack.

        Args:
            template: the SAM template.
            extra_functions: functions of the user's, deployed beside the stack.
            parameters: of the stack; they win over what an extra function sets.
            s3_endpoint: another S3 server for the data of the run; by default it is moto's.
            emulators: how many requests a function serves at once.
            logs_dir: directory for the log files; by default one that goes with the cloud.
            report: is told each step of the start.

        Raises:
            BuildError, DeploymentError, ServerStartError: that did not work.
        """
        if not _one_at_a_time.acquire(blocking=False):
            raise LocalCloudError("a local cloud is already running in this process")
        with ExitStack() as closing:
            closing.callback(_one_at_a_time.release)
            work = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="local-cloud-")))
            logs_dir = logs_dir or work / "logs"
            logs_dir.mkdir(parents=True, exist_ok=True)
            report("building")
            cache = template.parent / ".aws-sam" / "local"
            built = build(template, cache / "builds")
            report("starting the services")
            closing.enter_context(logs.to_file(logs_dir / "services.log"))
            endpoint, outages = _serve(closing)
            clients = Clients(endpoint, s3_endpoint)
            functions = Functions(
                processes=closing.enter_context(Processes()),
                runtime=runtime.link_packages(work / "runtime"),
                code=CodeCache(cache / "code"),
                logs_dir=logs_dir,
                emulators=emulators,
                environment=_ENVIRONMENT | clients.environment(),
            )
            visits: list[StateVisit] = []
            events: list[dict[str, Any]] = []
            _bridge(closing, clients, functions, visits, events)
            report("deploying the stack")
            stack = _deploy(built, extra_functions, parameters or {}, clients)
            running = _Running(
                stack=stack,
                clients=clients,
                functions=functions,
                visits=visits,
                events=events,
                logs_dir=logs_dir,
                outages=outages,
                closing=closing.pop_all(),
            )
            return cls(running)

    def stop(self) -> None:
        """Stop everything that was started; what ran is gone."""
        self._running.closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the cloud."""
        self.stop()

    @property
    def endpoint(self) -> str:
        """Where every service answers, for `AWS_ENDPOINT_URL`."""
        return self._running.clients.endpoint

    @property
    def logs_dir(self) -> Path:
        """Where the log files are: one per emulator, and `services.log`."""
        return self._running.logs_dir

    @property
    def outputs(self) -> Mapping[str, str]:
        """Outputs of the stack."""
        return self._running.stack.outputs

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which the AWS CLI or an SDK works on this cloud."""
        return self._running.clients.environment()

    @property
    def visits(self) -> list[StateVisit]:
        """Every state that has been left so far, in that order."""
        return list(self._running.visits)

    @property
    def events(self) -> list[dict[str, Any]]:
        """What was put on the event bus: the entries of PutEvents, `Detail` decoded."""
        return [{**event, "Detail": json.loads(event["Detail"])} for event in self._running.events]

    def client(self, service: str) -> Any:
        """Give a boto3 client of this cloud."""
        return self._running.clients.client(service)

    def outage(self, service: str) -> AbstractContextManager[None]:
        """Make a service that moto serves, as `s3`, unavailable while the context lasts."""
        return self._running.outages.of(service)

    def start_execution(
        self, value: Any, name: str | None = None, state_machine_arn: str | None = None
    ) -> Execution:
        """Start an execution of the stack's state machine with any JSON value as its input."""
        machine = state_machine_arn or self._running.stack.only("AWS::StepFunctions::StateMachine")
        return Execution.start(self._running.clients, machine, value, name)

    def execution(self, arn: str) -> Execution:
        """Give an execution that something else has started."""
        return Execution(self._running.clients, arn)

    def invoke(self, event: Any, function: str | None = None) -> Any:
        """Give what a function answers to an event.

        Args:
            event: any JSON value.
            function: name or ARN; by default the stack's manager.

        Raises:
            FunctionError: it raised, timed out or died.
        """
        name = function or self._running.stack.only("AWS::Lambda::Function")
        deployed = lambda_functions.get_function(name)
        answer = self._running.functions.invoke(deployed, json.dumps(event).encode())
        payload = json.loads(answer.payload)
        if answer.failed:
            raise FunctionError(payload.get("errorType", ""), payload.get("errorMessage", ""))
        return payload


def _serve(closing: ExitStack) -> tuple[str, Outages]:
    """Start moto's server and give its endpoint, and what stands before it."""
    server = ThreadedMotoServer(ip_address=ports.LOOPBACK, port=0, verbose=False)
    server.start()
    wsgi = server._server  # noqa: SLF001 - moto offers no other way to it
    if wsgi is None:
        raise ServerStartError("moto's server does not start")
    outages = Outages(wsgi.app)
    wsgi.app = outages
    closing.callback(moto_api_backend.reset)
    closing.callback(wsgi.server_close)
    closing.callback(server.stop)
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}", outages


def _bridge(
    closing: ExitStack,
    clients: Clients,
    functions: Functions,
    visits: list[StateVisit],
    events: list[dict[str, Any]],
) -> None:
    stack_names.install(closing)
    state_machines.install(closing)
    execution_outcomes.install(closing)
    lambda_functions.install(closing, functions.invoke)
    service_clients.install(closing, clients)
    payload_limits.install(closing, visits.append)
    task_tokens.install(closing)
    inline_maps.install(closing)
    map_runs.install(closing)
    result_files.install(closing, clients)
    announcements.install(closing, events.append)


def _deploy(
    built: Path,
    extra_functions: Sequence[UserFunction],
    parameters: Mapping[str, str],
    clients: Clients,
) -> Stack:
    arns = {f"{each.name}FunctionArn": each.arn for each in extra_functions}
    stack = deploy(built, STACK_NAME, parameters, clients, defaults=arns)
    if clients.s3_endpoint != clients.endpoint:
        s3 = clients.client("s3")
        for bucket in stack.resources.get("AWS::S3::Bucket", ()):
            # It may be there with the data of an earlier run.
            with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
                s3.create_bucket(Bucket=bucket)
    for each in extra_functions:
        create_function(each, stack, clients)
    return stack
