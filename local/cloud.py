"""The embedded cloud as its users see it: start it, deploy to it, run on it.

with LocalCloud.start() as cloud:
    run = cloud.start_execution({"segments": []})
    print(run.wait().output)
"""

import json
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Self

from . import services
from .access.calls import Call
from .bridges import lambda_functions, service_events
from .clients import LOCAL_KEY
from .deployment import deploy_on
from .errors import FunctionError, LocalCloudError
from .executions import Execution
from .functions.artefacts import zipped
from .functions.user_functions import UserFunction
from .functions.workers import deploy_worker, settings_of
from .machines.create import create
from .machines.definitions import filled, substitutions_of
from .machines.mocks import Mock
from .machines.runs import MockedCall
from .outcomes.hydration import hydrate
from .schedules import scheduled_calls
from .services import Places, Services
from .stack.build import build
from .stack.deploy import Stack
from .stack.project import TEMPLATE, cache_of
from .visits import StateVisit

__all__ = ["Execution", "LocalCloud", "StateVisit", "UserFunction"]

# moto keeps what it holds in the process, and the bridges replace parts of it.
_one_at_a_time = threading.Lock()


class LocalCloud:
    """A running cloud with the stack deployed; one at a time in a process.

    Attributes:
        logs_dir: the directory of the log files: one per emulator, and `services.log`.
    """

    def __init__(self, running: Services, stack: Stack, logs_dir: Path, closing: ExitStack) -> None:
        """Hold what `start` has started."""
        self._services = running
        self._stack = stack
        self._closing = closing
        self.logs_dir = logs_dir

    @classmethod
    def start(  # noqa: PLR0913 - options, each with a default
        cls,
        *,
        template: Path = TEMPLATE,
        extra_functions: Sequence[UserFunction] = (),
        parameters: Mapping[str, str] | None = None,
        s3_endpoint: str | None = None,
        emulators: int = 2,
        concurrency: int | None = None,
        logs_dir: Path | None = None,
        port: int = 0,
        report: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Build the template, start the services and deploy the stack.

        Args:
            template: the SAM template.
            extra_functions: your functions, deployed beside the stack as by `deploy_function`.
            parameters: of the stack; they override what an extra function sets.
            s3_endpoint: another S3 server for the data of the run; by default it is moto's.
            emulators: how many requests a function serves at once; more wait for their turn.
            concurrency: how many requests all functions serve at once, waiting ones included,
                before more are throttled as in an account; by default any number.
            logs_dir: directory for the log files; by default one that is deleted with the cloud.
            port: the port on which every service answers; by default a free one.
            report: called with each step of the start.

        Raises:
            BuildError, DeploymentError, ServerStartError: the cloud could not be started.
        """
        if not _one_at_a_time.acquire(blocking=False):
            raise LocalCloudError("a local cloud is already running in this process")
        with ExitStack() as closing:
            closing.callback(_one_at_a_time.release)
            work = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="local-cloud-")))
            cache = cache_of(template.resolve())
            places = Places(work=work, code=cache / "code", logs=logs_dir or work / "logs")
            places.logs.mkdir(parents=True, exist_ok=True)
            report("building")
            built = build(template.resolve(), cache / "builds")
            report("starting the services")
            running = services.start(
                closing,
                places,
                s3_endpoint=s3_endpoint,
                emulators=emulators,
                concurrency=concurrency,
                port=port,
            )
            report("deploying the stack")
            stack = deploy_on(running, built, extra_functions, parameters or {})
            return cls(running, stack, places.logs, closing.pop_all())

    def stop(self) -> None:
        """Stop everything that was started; its data is gone."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the cloud."""
        self.stop()

    @property
    def endpoint(self) -> str:
        """Where every service answers, for `AWS_ENDPOINT_URL`."""
        return self._services.clients.endpoint

    @property
    def outputs(self) -> Mapping[str, str]:
        """Outputs of the stack."""
        return self._stack.outputs

    @property
    def environment(self) -> dict[str, str]:
        """The variables to export for the AWS CLI or an SDK, so that it uses this cloud."""
        return self._services.clients.environment()

    @property
    def throttles(self) -> int:
        """How many requests of functions were refused because of `concurrency`."""
        return self._services.functions.throttles

    @property
    def visits(self) -> list[StateVisit]:
        """Every state that executions have left so far, in that order."""
        return list(self._services.visits)

    def visits_of(self, execution_arn: str) -> list[StateVisit]:
        """Return the states that an execution has left so far, in that order."""
        return [visit for visit in self.visits if visit.execution_arn == execution_arn]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The entries put on the event bus by PutEvents, with `Detail` decoded."""
        return [{**event, "Detail": json.loads(event["Detail"])} for event in self._services.events]

    @property
    def substitutions(self) -> dict[str, str]:
        """The values of the placeholders in the stack's own state machine."""
        return substitutions_of(self._stack, self._services.clients)

    @property
    def settings(self) -> dict[str, str]:
        """The settings of the state that a worker has, such as `STATE_BUCKET`."""
        return settings_of(self._stack, self._services.clients)

    @property
    def mocked_calls(self) -> list[MockedCall]:
        """The calls that mocks have answered so far, in that order."""
        return list(self._services.runs.calls)

    def mock_errors(self, execution: Execution) -> list[Exception]:
        """Return what mocks of an execution raised, except the errors that they are to answer."""
        return self._services.runs.broken(execution.arn)

    @property
    def calls(self) -> list[Call]:
        """The requests of functions and other roles to services so far, in IAM's names."""
        return list(self._services.guard.calls)

    def client(self, service: str, role: str | None = None) -> Any:
        """Return a boto3 client of this cloud.

        Args:
            service: as boto3 names it.
            role: name of the role that makes the requests, whose rights on the state bucket are
                checked; without one nobody's are.
        """
        return self._services.clients.client(service, role or LOCAL_KEY)

    def outage(self, service: str) -> AbstractContextManager[None]:
        """Make a service that moto provides, such as `s3`, unavailable while the context lasts."""
        return self._services.outages.of(service)

    def deploy_function(self, function: UserFunction) -> str:
        """Deploy your function beside the stack and return its ARN.

        Its environment has the stack's settings, such as `STATE_BUCKET`.
        """
        return deploy_worker(function, self._stack, self._services.clients)

    def update_function(self, function: UserFunction) -> None:
        """Deploy a function's code again; running calls finish with the earlier code."""
        code = zipped(function.code_dir)
        client = self._services.clients.moto("lambda")
        client.update_function_code(FunctionName=function.name, ZipFile=code)

    def create_state_machine(
        self,
        name: str,
        definition: str | Path | Mapping[str, Any],
        substitutions: Mapping[str, str] | None = None,
        mocks: Mapping[str, Mock] | str | Path | None = None,
        *,
        limited: bool = True,
    ) -> str:
        """Create a state machine and return its ARN, for `start_execution`.

        Args:
            name: of the machine. An existing one of that name gets the new definition; its running
                executions keep the definition that they began with.
            definition: path of an ASL file, JSON or YAML, or the definition itself.
            substitutions: values of its `${placeholders}`. Those of the stack's own machine, such
                as `${StateDataManagerFunction}`, already have values; the values given here win.
            mocks: what answers instead of services: mocks by the name of the state, or a
                MockConfigFile of AWS Step Functions Local, or its path.
            limited: whether payloads have AWS's limit. Without it, an execution shows what the
                machine would do with larger payloads.

        Raises:
            LocalCloudError: the definition or a mock cannot be read, a placeholder has no value,
                or a state cannot run here.
        """
        filled_in = filled(definition, {**self.substitutions, **(substitutions or {})})
        return create(self._services, name, filled_in, mocks, limited=limited)

    def start_execution(
        self, value: Any, name: str | None = None, state_machine_arn: str | None = None
    ) -> Execution:
        """Start an execution of the stack's state machine with any JSON value as its input.

        Args:
            value: the input.
            name: of the execution.
            state_machine_arn: another state machine; `<arn>#<test case>` runs it with those mocks
                of its MockConfigFile.
        """
        machine = state_machine_arn or self._stack.only("AWS::StepFunctions::StateMachine")
        return Execution.start(self.client("stepfunctions"), machine, value, name)

    def execution(self, arn: str) -> Execution:
        """Return an execution that something else has started."""
        return Execution(self.client("stepfunctions"), arn)

    def hydrate(self, bag: Mapping[str, Any]) -> dict[str, Any]:
        """Return a bag with its pointers replaced by their values, read from the cloud's S3."""
        return hydrate(self.settings, self.client("s3"), bag)

    def tell(self, event: dict[str, Any]) -> None:
        """Put an AWS service's event on the default bus, for the stack's rules."""
        service_events.deliver(event, self._services.functions.invoke_later)

    def run_schedules(self) -> list[Any]:
        """Do what the stack's schedules would do now, and return what their functions answer."""
        return [self.invoke(json.loads(payload), name) for name, payload in scheduled_calls()]

    def invoke(self, event: Any, function: str | None = None) -> Any:
        """Return what a function answers to an event.

        Args:
            event: any JSON value.
            function: name or ARN; by default the stack's manager.

        Raises:
            FunctionError: it raised an error, timed out or died.
            TooManyRequestsError: the functions already run as many requests at once as they may.
        """
        manager = self._stack.outputs.get("StateDataManagerFunctionArn")
        name = function or manager or self._stack.only("AWS::Lambda::Function")
        deployed = lambda_functions.get_function(name)
        answer = self._services.functions.invoke(deployed, json.dumps(event).encode())
        payload = json.loads(answer.payload)
        if answer.failed:
            raise FunctionError(payload.get("errorType", ""), payload.get("errorMessage", ""))
        return payload
