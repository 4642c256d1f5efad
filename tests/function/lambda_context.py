"""What Lambda tells a handler about a call."""

from dataclasses import dataclass

from aws_lambda_powertools.utilities.typing import LambdaContext


@dataclass
class FakeLambdaContext(LambdaContext):
    """The context of a call that has some time left."""

    seconds_left: float = 60.0
    _function_name: str = "StateDataManager"
    _function_version: str = "$LATEST"
    _memory_limit_in_mb: int = 512
    _invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:StateDataManager"
    _aws_request_id: str = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]
        return int(self.seconds_left * 1_000)
