"""What the stack keeps beside state: waits for people and jobs, the ends of jobs and executions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from jobs import waits
from services import clients
from tests.function.executions.ended import ARN, record_end, stopped
from tests.function.fakes import FakeEventBus, FakeStepFunctions
from tests.function.handlers import handler_of
from tests.function.jobs import documented_jobs as told
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core.retention.members import leave_mark
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location

BUCKET: Final = "golden"
OWNER: Final = "arn:aws:states:eu-west-1:123456789012:execution:golden:began"
TRIED_TWICE: Final = "WaitForCallback 2025-11-23T03:42:13.000Z began"
ANSWERED: Final = "WaitForCallback 2025-11-24T03:42:13.000Z began"


@contextmanager
def stack(objects: dict[str, str], steps: FakeStepFunctions) -> Iterator[MemoryStore]:
    """Let the function work on these objects, with Step Functions as given; yield its store."""
    store = MemoryStore()
    for path, text in objects.items():
        store.put(Location.parse(path), text.encode())
    with (
        runtime.use(settings=Settings(bucket=BUCKET), store=store),
        patch.object(clients, "stepfunctions", lambda: steps),
        patch.object(clients, "events", FakeEventBus),
        patch.object(waits, "_HAS_RULE", new=True),
    ):
        yield store


def handled(event: dict[str, Any]) -> Any:
    """Return what the function of an event's action answers."""
    return handler_of(event)(event, FakeLambdaContext())


def asked(token: str, **fields: Any) -> str:
    """Ask as a state that waits does, and return the callback's id."""
    event = {
        "action": "request_callback",
        "callback_type": "human",
        "execution_id": OWNER,
        "task_token": token,
        "state_data": {"execution_id": OWNER, "state_revision": 7, "prompt": {"publish": "?"}},
    }
    callback_id: str = handled(event | fields)["callback_id"]
    return callback_id


def answered(callback_id: str, output: int = 1) -> Any:
    """Answer as a person does."""
    named = {"callback_id": callback_id, "execution_id": OWNER}
    return handled({"action": "submit_callback", "outcome": "success", "output": output, **named})


def made() -> dict[str, str]:
    """Return the text of each object by its path, as this version stores them."""
    with stack({}, FakeStepFunctions()) as store:
        asked("token 1", wait=TRIED_TWICE)
        asked("token 2", wait=TRIED_TWICE)
        answered(asked("token 3", wait=ANSWERED))
        asked("token 4", callback_type="async", job=told.RUN)
        handled({"action": "job_ended", "event": told.batch("SUCCEEDED")})
        leave_mark(runtime.current(), OWNER, ARN, "began")
        with patch.object(clients, "stepfunctions", stopped):
            record_end()
    found = {str(place): stored.body for place, stored in store.objects.items()}
    return {path: body.decode() for path, body in found.items() if "/packs/" not in path}
