"""The function is killed at any request of any action and tried again, or invoked twice at once."""

from contextvars import Context
from itertools import product
from typing import Any

import pytest

from jobs import waits
from services import clients, integrations
from tests.core.fakes import PassingStore
from tests.core.meanwhile import At, KilledError, Killing, Line
from tests.function.expected import BUCKET, EXPECTED, load
from tests.function.fakes import FakeEventBus, FakeStepFunctions, listing_client
from tests.function.handlers import handler_of
from tests.function.lambda_context import FakeLambdaContext
from tests.simulation.containers import InOrder
from universal_sync_core.maps import map_join
from universal_sync_core.pipe import bookkeeping
from universal_sync_core.settings import Settings
from universal_sync_core.storage import parallel, runtime
from universal_sync_core.storage.memory_store import MemoryStore

# A run of the daily deletion that was killed keeps others from beginning, see its own tests.
ANSWERED = sorted(
    name
    for name, expected in EXPECTED.items()
    if expected.answer and not name.startswith("delete_ended")
)
SETTINGS = Settings(
    bucket=BUCKET,
    allowed_prefixes=(f"s3://{BUCKET}/inputs/",),
    field_offload_bytes=200,
    state_offload_bytes=400,
    page_bytes=256,
    index_bytes=256,
    history_max_entries=4,
)


class Cloud:
    """A bucket and services, as an event finds them.

    Attributes:
        memory: what is stored.
    """

    def __init__(self, name: str) -> None:
        self.memory, self._name = MemoryStore(), name
        self._states, self._bus = FakeStepFunctions(), FakeEventBus()
        EXPECTED[name].prepare(self.memory)
        for earlier in EXPECTED[name].after:
            self._handle(earlier, Killing())

    def answer(self, line: Line) -> Any:
        """Return what the function answers in a container that knows nothing yet."""
        return self._handle(self._name, line)

    def _handle(self, name: str, line: Line) -> Any:
        store, event = PassingStore(self.memory), load(name)
        line.notice(store, "put", "get", "exists", "stream")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self._states, "_take", line.led(self._states._take))
            patch.setattr(self._bus, "put_events", line.led(self._bus.put_events))
            patch.setattr(clients, "stepfunctions", lambda: self._states)
            patch.setattr(clients, "events", lambda: self._bus)
            patch.setattr(
                integrations, "client_of", lambda _: listing_client(["orders"], ["lines"])
            )
            with runtime.use(settings=SETTINGS, store=store):
                return handler_of(event)(event, FakeLambdaContext())

    @property
    def stored(self) -> set[str]:
        """The keys of all objects, but for the marks that each sender of an answer leaves."""
        keys = {location.key for location in self.memory.objects}
        return {key for key in keys if ".sent." not in key and ".missed." not in key}

    @property
    def closed(self) -> list[tuple[str, Any]]:
        """What Step Functions was told of tasks that waited."""
        told = ("SendTaskSuccess", "SendTaskFailure")
        return [each for each in self._states.taken if each[0] in told]


@pytest.fixture(autouse=True)
def at_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (bookkeeping, map_join):
        monkeypatch.setattr(module, "utc_now", lambda: "2025-06-01T12:00:00.000Z")
    monkeypatch.setattr(parallel, "_pool", InOrder)
    monkeypatch.setattr(waits, "_HAS_RULE", True)
    monkeypatch.setattr(integrations, "OPERATIONS", {"dynamodb:listTables"})


@pytest.mark.parametrize("name", ANSWERED)
def test_event_that_comes_again_after_a_kill_has_the_same_answer_and_the_same_effects(
    name: str,
) -> None:
    calm, line = Cloud(name), Killing()
    expected = calm.answer(line)
    for number, after in product(range(line.asked), (False, True)):
        cloud = Cloud(name)
        with pytest.raises(KilledError):
            cloud.answer(Killing(number, after=after))

        answer = cloud.answer(Killing())

        assert _without_status(answer) == _without_status(expected)
        assert cloud.stored == calm.stored
        assert cloud.closed == calm.closed


@pytest.mark.parametrize("name", ANSWERED)
def test_event_that_comes_twice_at_once_has_the_same_answers_and_the_same_effects(
    name: str,
) -> None:
    calm, line = Cloud(name), Killing()
    expected = calm.answer(line)
    for number in range(line.asked):
        cloud = Cloud(name)

        answers = _answers_at_once(cloud, number)

        assert [*map(_without_status, answers)] == [_without_status(expected)] * 2
        assert cloud.stored == calm.stored
        assert cloud.closed == calm.closed


def _answers_at_once(cloud: Cloud, number: int) -> list[Any]:
    """Return the answers of two containers, of which one works at a request of the other."""
    answers: list[Any] = []

    def come_again() -> None:
        answers.append(Context().run(cloud.answer, Killing()))

    answers.append(cloud.answer(At(number, come_again)))
    return answers


def _without_status(answer: Any) -> Any:
    """Return an answer without what it says of an earlier delivery."""
    return {k: v for k, v in answer.items() if k not in ("status", "is_confirmed")}
