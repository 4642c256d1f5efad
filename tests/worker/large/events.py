"""An event of a state machine that is not ours, and what Lambda hands over beside it."""

import dataclasses
from typing import Any

from local.played.lambda_context import LambdaContext
from tests.core.bags import EXECUTION

OWNER = {"execution_id": EXECUTION}
TEXT = "t" * 90_000
REPORT = {"title": "Orders", "text": TEXT, "rows": [{"n": n, "note": "n" * 500} for n in range(90)]}
DOCUMENT = {"id": 7, "text": TEXT, "report": REPORT, "odd": [{"__s3_offloaded": True}]}


@dataclasses.dataclass
class Client:
    custom: Any


def context(**custom: Any) -> Any:
    return LambdaContext(client_context=Client({**OWNER, **custom}))
