"""One cloud for the end-to-end tests of a module, and a worker that can fail.

With `--stack` the cloud is a stack that is deployed in an account, as `make account` does it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from account.cloud import opened
from local.cloud import LocalCloud, UserFunction
from tests.end_to_end.workflow import Json, Workflows

WORKER = UserFunction(
    name="Worker",
    code_dir=Path(__file__).parent / "worker",
    handler="worker.handler",
    with_layer=True,
    timeout=5,
)
SHORT_SECONDS = 3


@pytest.fixture(scope="module")
def workflows(pytestconfig: pytest.Config) -> Iterator[Workflows]:
    stack = pytestconfig.getoption("stack", None)
    if stack is not None:
        yield Workflows(opened(stack))
        return
    parameters = {
        "WithCallbackFunction": "true",
        "JobSources": "aws.glue,aws.states",
        "ServiceOperations": "dynamodb:listTables",
        "ServicePolicyArn": "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess",
        "OperatorArns": "arn:aws:iam::123456789012:role/ops",
    }
    with LocalCloud.start(extra_functions=[WORKER], parameters=parameters) as cloud:
        yield Workflows(cloud)


@pytest.fixture(scope="module")
def with_worker(workflows: Workflows) -> str:
    """The machine as it is with a worker of the user's in the place of the built-in one."""
    cloud = workflows.cloud
    arn = WORKER.arn if isinstance(cloud, LocalCloud) else cloud.deploy_function(WORKER)

    def change(states: dict[str, Json]) -> None:
        states["RunSegment"]["Parameters"]["FunctionName"] = arn

    return workflows.varied("with-worker", change)


@pytest.fixture(scope="module")
def impatient(workflows: Workflows) -> str:
    """The machine with waits of seconds in the place of an hour, a day and a week."""

    def change(states: dict[str, Json]) -> None:
        for name in ("WaitForCallback", "WaitForAsync"):
            states[name] |= {"HeartbeatSeconds": SHORT_SECONDS, "TimeoutSeconds": 60}

    return workflows.varied("impatient", change)
