"""State bags for the tests of a worker: made and merged by the real pipe, with S3 in memory.

def test_worker(state_bag):
    bag = state_bag({"current_state": {"order": order}})
    answer = handler(state_bag.event(bag), None)
    assert state_bag.hydrate(state_bag.sync(bag, answer))["current_state"]["paid"]
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from universal_sync_core import first_bag, hydrate_state, merge_answer
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.cache import ByteCache
from universal_sync_core.storage.known import KnownObjects
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.runtime import Runtime
from universal_sync_core.storage.store import Location
from universal_sync_core.storage.usage import UsageSnapshot
from universal_sync_core.values.codec import Json, JsonObject

from .errors import PayloadTooLargeError
from .limits import PAYLOAD_BYTES
from .played.distributed_map import Handler
from .played.lambda_context import LambdaContext
from .played.player import Answers, Player
from .played.workflow_run import WorkflowRun

EXECUTION_ID = "arn:aws:states:us-east-1:123456789012:execution:state-data:test"
_BUCKET = "state-bucket"
_INPUTS = "inputs/"


class StateBag:
    """Makes the bags of one test, and does with them what the state machine does.

    Everything that passes from one step to the next goes through JSON, and is refused over
    262,144 bytes.
    """

    def __init__(self, space: Runtime) -> None:
        """Work in a runtime that is in use; `opened` makes one."""
        self._space = space
        self._before = space.usage.snapshot()
        self._runs = 0

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator["StateBag"]:
        """Use an empty store, in memory, for as long as the context lasts."""
        settings = Settings(bucket=_BUCKET, allowed_prefixes=(f"s3://{_BUCKET}/{_INPUTS}",))
        with runtime.use(settings=settings, store=MemoryStore()) as space:
            yield cls(space)

    def __call__(self, execution_input: JsonObject | None = None, /, **fields: Json) -> JsonObject:
        """Return the first bag of an execution with this input, large values offloaded.

        Args:
            execution_input: the input of the execution.
            fields: further fields of the input.
        """
        given = {**(execution_input or {}), **fields}
        return first_bag(given, {"execution_id": EXECUTION_ID})

    def put_items(self, name: str, body: bytes, **fields: Json) -> JsonObject:
        """Store a file under `inputs/`, and give the `distributed_items` that name it.

        Args:
            name: of the file.
            body: an array of items, or what `input_type` and `manifest_type` say.
            fields: more of `distributed_items`.
        """
        self._space.store.put(Location(_BUCKET, f"{_INPUTS}{name}"), body)
        return {"bucket": _BUCKET, "key": f"{_INPUTS}{name}", **fields}

    def event(self, bag: JsonObject, *, sync: bool = False) -> JsonObject:
        """Return the event with which the state machine calls a worker for a segment or branch.

        Args:
            bag: of the segment or branch.
            sync: whether the machine expects the bag, as with `SegmentRunnerSyncs`.
        """
        return self._sent({"action": "run_segment", "state_data": bag, "sync": sync})

    def item_event(self, item: Json, index: int = 0, *, items_per_batch: int = 1) -> JsonObject:
        """Return the event of one item of a Distributed Map, or of a batch, which is a list."""
        return self._sent(
            {
                "action": "run_segment",
                "execution_id": EXECUTION_ID,
                "item": item,
                "index": index,
                "items_per_batch": items_per_batch,
            }
        )

    def sync(self, bag: JsonObject, answer: Json) -> JsonObject:
        """Return the bag that the state machine makes from a bag and a worker's answer.

        If a worker that syncs answers `{"state_data": ...}`, that is already the bag, and it has to
        be the next one.

        Raises:
            TypeError: the answer is not JSON.
            PayloadTooLargeError: it does not fit beside the bag.
            InvalidRequestError: it cannot be merged, as in the state machine.
        """
        if isinstance(answer, dict) and answer.keys() == {"state_data"}:
            return merge_answer(bag, _passed(answer))
        beside = _passed({"state_data": bag, "segment": {"execution_result": answer}})
        result = beside["segment"]["execution_result"]
        return merge_answer(beside["state_data"], result)

    def run(
        self,
        handler: Handler,
        execution_input: JsonObject | None = None,
        *,
        answers: Answers = (),
        syncs: bool = False,
    ) -> WorkflowRun:
        """Play a whole workflow, in milliseconds: waits take no time.

        Each run is an execution of its own, with the store of the test.

        Args:
            handler: the worker's; it is called for segments, branches and items, with a Lambda
                context. pytest shows the stack trace of its errors when your test fails.
            execution_input: the input of the execution.
            answers: the answers to the workflow's requests, in order; or a function that takes a
                request and returns the answer, or raises `RefusedError`. When they run out, nobody
                answers.
            syncs: whether the worker answers the bag, as with `SegmentRunnerSyncs`.
        """
        self._runs += 1
        arn = EXECUTION_ID if self._runs == 1 else f"{EXECUTION_ID}-{self._runs}"
        player = Player(self._space, _passed, handler, answers, syncs=syncs)
        return player.play(execution_input or {}, arn)

    @property
    def context(self) -> LambdaContext:
        """A Lambda context, for a handler that needs one, as Powertools' decorators do."""
        return LambdaContext()

    def hydrate(self, bag: JsonObject) -> JsonObject:
        """Return a bag with its pointers replaced by their values."""
        return hydrate_state(bag)

    @property
    def usage(self) -> UsageSnapshot:
        """The requests to S3 since the last event was made: after a worker ran, the worker's."""
        return self._space.usage.snapshot().since(self._before)

    def _sent(self, event: JsonObject) -> JsonObject:
        """Return an event as it arrives in a process that has read nothing so far."""
        self._space.cache = ByteCache(self._space.settings.cache_bytes)
        self._space.known = KnownObjects()
        self._before = self._space.usage.snapshot()
        return _passed(event)


def _passed(value: JsonObject) -> JsonObject:
    """Return a value as it comes out of a transition of Step Functions."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > PAYLOAD_BYTES:
        raise PayloadTooLargeError(
            f"a state of {size:,} bytes is over the limit of {PAYLOAD_BYTES:,}"
        )
    passed: JsonObject = json.loads(text)
    return passed
