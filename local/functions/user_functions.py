"""Functions of the user's, deployed beside the stack."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..clients import ACCOUNT, REGION, Clients
from ..stack.deploy import Stack
from .artefacts import zipped
from .languages import PYTHON, command

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }
    ],
}
# The output with the policy that a worker's role has.
_WORKER_POLICY = "WorkerPolicyArn"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFunction:
    """Your function beside the stack, such as a worker.

    Attributes:
        name: of the function. If the template has a parameter `<name>FunctionArn`, it gets this
            function's ARN.
        code_dir: directory with its code and everything that it imports except boto3; for Node.js
            with its `node_modules`, including the AWS SDK.
        handler: `module.function`.
        runtime: as Lambda names it. Python functions run with this interpreter, those of
            `nodejs22.x` and `nodejs24.x` with the installed `node`, whatever its version.
        environment: its variables; they include the local endpoint unless you set another.
        with_layer: whether it has the stack's layers, as a worker that uses the package would.
        timeout: seconds an invocation may take.
    """

    name: str
    code_dir: Path
    handler: str = "app.handler"
    runtime: str = PYTHON
    environment: Mapping[str, str] = field(default_factory=dict)
    with_layer: bool = False
    timeout: int = 60

    @property
    def arn(self) -> str:
        """The ARN it will have."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"


def create_function(function: UserFunction, stack: Stack, clients: Clients) -> None:
    """Deploy a function beside a stack.

    Raises:
        LocalCloudError: functions of its runtime cannot run here.
    """
    command(function.runtime, function.handler)  # which says now what the first request would
    layers = stack.resources.get("AWS::Lambda::LayerVersion", ())
    role = clients.moto("iam").create_role(
        RoleName=f"{function.name}-role", AssumeRolePolicyDocument=json.dumps(_TRUST)
    )["Role"]
    policy = stack.outputs.get(_WORKER_POLICY)
    if policy is not None:
        clients.moto("iam").attach_role_policy(RoleName=role["RoleName"], PolicyArn=policy)
    clients.moto("lambda").create_function(
        FunctionName=function.name,
        Runtime=function.runtime,
        Role=role["Arn"],
        Handler=function.handler,
        Code={"ZipFile": zipped(function.code_dir)},
        Environment={"Variables": dict(function.environment)},
        Timeout=function.timeout,
        Layers=list(layers) if function.with_layer else [],
    )
