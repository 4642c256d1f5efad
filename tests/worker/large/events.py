"""An event of a state machine that is not ours, and what Lambda hands over beside it."""

import dataclasses
from typing import Any

from tests.core.bags import EXECUTION

OWNER = {"execution_id": EXECUTION}
TEXT = "t" * 90_000
REPORT = {"title": "Orders", "text": TEXT, "rows": [{"n": n, "note": "n" * 500} for n in range(90)]}
DOCUMENT = {"id": 7, "text": TEXT, "report": REPORT, "odd": [{"__s3_offloaded": True}]}


@dataclasses.dataclass
class Client:
    custom: Any


@dataclasses.dataclass
class Context:
    """What Lambda hands over beside an event, as far as it counts here."""

    client_context: Client | None = None
    function_name: str = "Handler"
    memory_limit_in_mb: int = 128
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:Handler"
    aws_request_id: str = "6f1a"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def context(**custom: Any) -> Any:
    return Context(Client({**OWNER, **custom}))
