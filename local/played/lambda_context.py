"""What Lambda tells a handler about an invocation."""

import uuid
from dataclasses import dataclass, field

from universal_sync_core.limits import LAMBDA_TIMEOUT_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaContext:
    """The context of an invocation that has all of its time left.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    function_name: str = "Worker"
    function_version: str = "$LATEST"
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:Worker"
    memory_limit_in_mb: int = 1_024
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    log_group_name: str = "/aws/lambda/Worker"
    log_stream_name: str = "2026/01/01/[$LATEST]0"
    identity: None = None
    client_context: object = None
    tenant_id: None = None

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left."""
        return LAMBDA_TIMEOUT_SECONDS * 1_000
