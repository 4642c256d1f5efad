"""A stack in an account, with the same methods as the local cloud: the same tests run on both."""

import json
import time
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from botocore.exceptions import ClientError

from local.errors import FunctionError
from local.executions import Execution
from local.functions.artefacts import zipped
from local.functions.user_functions import UserFunction
from local.outcomes.hydration import hydrate
from local.visits import StateVisit, visits_in

from .access import Access, access_to
from .errors import AccountError
from .stacks import companion_of, outputs_of

_ROLE_SECONDS = 60
_ROLE_POLL_SECONDS = 3
_NOT_YET = "cannot be assumed by Lambda"


class AccountCloud:
    """A stack, and the companion that has what its tests need beside it."""

    def __init__(self, access: Access, stack: str, companion: str) -> None:
        """Work with stacks of these names, which are deployed."""
        self._access = access
        self._name = stack
        self._companion = outputs_of(access, companion)
        self._events: list[dict[str, Any]] = []
        self.outputs: Mapping[str, str] = outputs_of(access, stack)

    @property
    def events(self) -> list[dict[str, Any]]:
        """What was announced on the event bus so far, `Detail` decoded, oldest first."""
        queue, sqs = self._companion["QueueUrl"], self._access.client("sqs")
        while received := sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1
        ).get("Messages"):
            for message in received:
                event = json.loads(message["Body"])
                self._events.append({**event, "Detail": event["detail"]})
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return list(self._events)

    def visits_of(self, execution_arn: str) -> list[StateVisit]:
        """Return the states that an execution has left, in that order, from its history."""
        return visits_in(self.execution(execution_arn).history, execution_arn)

    def client(self, service: str) -> Any:
        """Return a boto3 client of the account."""
        return self._access.client(service)

    def outage(self, service: str) -> AbstractContextManager[None]:
        """Refuse: nobody has an outage of AWS at hand."""
        raise AccountError(f"there is no way to make {service} fail in an account")

    def hydrate(self, bag: Mapping[str, Any]) -> dict[str, Any]:
        """Return a bag with its pointers replaced by their values."""
        return hydrate(self._settings(), self.client("s3"), bag)

    def _settings(self) -> dict[str, str]:
        manager = self.outputs["StateDataManagerFunctionArn"]
        described = self.client("lambda").get_function_configuration(FunctionName=manager)
        variables: dict[str, str] = described["Environment"]["Variables"]
        return variables

    def deploy_function(self, function: UserFunction) -> str:
        """Deploy a worker beside the stack, with the stack's settings, and give its ARN."""
        environment = {
            name: value for name, value in self._settings().items() if name.startswith("STATE_")
        }
        asked = {
            "FunctionName": f"{self._name}-{function.name}",
            "Runtime": function.runtime,
            "Role": self._companion["WorkerRoleArn"],
            "Handler": function.handler,
            "Code": {"ZipFile": zipped(function.code_dir)},
            "Environment": {"Variables": {**environment, **function.environment}},
            "Timeout": function.timeout,
            "MemorySize": 1024,
            "Layers": [self.outputs["UniversalSyncCoreLayerArn"]] if function.with_layer else [],
        }
        arn = self._create_function(asked)
        self.client("lambda").get_waiter("function_active_v2").wait(FunctionName=arn)
        return arn

    def _create_function(self, asked: dict[str, Any]) -> str:
        """Create a function, once its role can be assumed: a new one cannot for some seconds."""
        deadline = time.monotonic() + _ROLE_SECONDS
        while True:
            try:
                return str(self.client("lambda").create_function(**asked)["FunctionArn"])
            except self.client("lambda").exceptions.ResourceConflictException:
                return self._function_arn(asked["FunctionName"])  # the tests before deployed it
            except ClientError as error:
                if _NOT_YET not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_ROLE_POLL_SECONDS)

    def _function_arn(self, name: str) -> str:
        described = self.client("lambda").get_function_configuration(FunctionName=name)
        return str(described["FunctionArn"])

    def create_state_machine(self, name: str, definition: Mapping[str, Any]) -> str:
        """Return the ARN of a new state machine beside the stack."""
        created = self.client("stepfunctions").create_state_machine(
            name=f"{self._name}-{name}-{uuid.uuid4().hex[:8]}",
            definition=json.dumps(definition),
            roleArn=self._companion["MachineRoleArn"],
        )
        return str(created["stateMachineArn"])

    def start_execution(
        self, value: Any, name: str | None = None, state_machine_arn: str | None = None
    ) -> Execution:
        """Start an execution of the stack's state machine, or of another one."""
        machine = state_machine_arn or self.outputs["StateMachineArn"]
        return Execution.start(self.client("stepfunctions"), machine, value, name)

    def execution(self, arn: str) -> Execution:
        """Return an execution that something else has started."""
        return Execution(self.client("stepfunctions"), arn)

    def invoke(self, event: Any, function: str | None = None) -> Any:
        """Return what a function answers to an event, by default the stack's manager.

        Raises:
            FunctionError: it raised, timed out or died.
        """
        answer = self.client("lambda").invoke(
            FunctionName=function or self.outputs["StateDataManagerFunctionArn"],
            Payload=json.dumps(event).encode(),
        )
        payload = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise FunctionError(payload.get("errorType", ""), payload.get("errorMessage", ""))
        return payload


def opened(stack: str) -> AccountCloud:
    """Return the cloud of a stack that a run has deployed, with the credentials that there are."""
    return AccountCloud(access_to(None), stack, companion_of(stack))
