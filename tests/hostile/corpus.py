"""Sends the corpus: each attempt with pieces of each kind, and looks at what comes of it."""

import io
import json
import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

import app
import universal_sync_core as core
from services import clients
from tests.function.fakes import FakeEventBus, FakeStepFunctions
from tests.function.lambda_context import FakeLambdaContext
from tests.hostile import actions, fields, forgeries  # noqa: F401 - register makers and attempts
from tests.hostile.attempts import ATTEMPTS, Attempt
from tests.hostile.ground import ATTACKER, BUCKET, CANARY, Ground, WatchedStore, ground
from tests.hostile.pieces import CORE, MAKERS, Maker, Piece
from universal_sync_core.errors import StateSyncError
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.retry import ExponentialBackoffRetry
from universal_sync_core.values.portable import is_portable

# What a call may take; processor time, because the machine may be busy with something else.
MAX_SECONDS: Final = 10.0
MAX_MEGABYTES: Final = 256
MAX_MESSAGE: Final = 16_000
_PER_WORLD: Final = 60
_COUNTED: Final = ("loop_counter", "loop_limit", "segment_to_run", "state_revision")


@dataclass(slots=True)
class Report:
    """What came of a corpus.

    Attributes:
        outcomes: of each attempt and kind, how often it was taken and refused.
        wrong: what must not have happened, a line each.
        slowest: seconds of processor time of the slowest call, and which it was.
        largest: megabytes by which a call raised the peak of the process, and which it was.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    largest: tuple[float, str] = (0.0, "")

    @property
    def is_wrong(self) -> bool:
        """Whether something has happened, or taken so long or so much, that must not."""
        over = self.slowest[0] > MAX_SECONDS or self.largest[0] > MAX_MEGABYTES
        return bool(self.wrong) or over

    def told(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "is_wrong": self.is_wrong,
            "outcomes": dict(self.outcomes),
            "wrong": self.wrong,
            "slowest": list(self.slowest),
            "largest": list(self.largest),
        }


class Function:
    """The function, called as Lambda calls it, by someone who looks on."""

    def __init__(self, store: WatchedStore, report: Report) -> None:
        self._store = store
        self._report = report
        self.stepfunctions = FakeStepFunctions()
        self.log = io.StringIO()
        self.name = ""

    def __call__(self, event: dict[str, Any]) -> Any:
        sent = json.dumps(event)
        before, peak = time.process_time(), _peak()
        self._store.watching = True
        try:
            answer = app.lambda_handler(json.loads(sent), FakeLambdaContext())
        except StateSyncError as error:
            self._look_at_message(str(error))
            raise
        finally:
            self._store.watching = False
            name = f"{self.name}: {event['action']}"
            spent = (time.process_time() - before, name)
            self._report.slowest = max(self._report.slowest, spent)
            self._report.largest = max(self._report.largest, (_peak() - peak, name))
        self._look(json.dumps(answer))
        return answer

    def delivered(self) -> Any:
        """Return what the waiting state was last answered."""
        return json.loads(self.stepfunctions.taken[-1][1]["output"])

    def show(self, shown: Any) -> None:
        """Take what the operator's command would print."""
        if CORE in json.dumps(shown):
            self._report.wrong.append(f"{self.name}: a secret is shown")

    def _look_at_message(self, message: str) -> None:
        """Look at a message as Lambda's runtime does: half of a surrogate pair would crash it."""
        self._look(message)
        if len(message.encode(errors="replace")) > MAX_MESSAGE or not is_portable(message):
            self._report.wrong.append(f"{self.name}: the message is too long, or no text")

    def _look(self, text: str) -> None:
        if CANARY in text or CANARY in self.log.getvalue():
            self._report.wrong.append(f"{self.name}: the victim's data was seen")
        self.log.truncate(0)
        self.log.seek(0)


def send_all(count: int, seed: int, only: str = "", *, until_wrong: bool = False) -> Report:
    """Send so many values, every kind to every place in turn; return what came of it.

    Args:
        count: of values.
        seed: of the corpus.
        only: those with this in their name.
        until_wrong: end with the first that is wrong.
    """
    report = Report()
    chosen = [(name, attempt, make) for name, attempt, make in _planned(count) if only in name]
    for first in range(0, len(chosen), _PER_WORLD):
        store = WatchedStore()
        limits = Settings(bucket=BUCKET, allowed_prefixes=(f"s3://{BUCKET}/inputs/",))
        retry = ExponentialBackoffRetry(max_retries=0)
        with runtime.use(settings=limits, store=store, retry=retry):
            world = ground(store)
            for name, attempt, make in chosen[first : first + _PER_WORLD]:
                if until_wrong and report.is_wrong:
                    return report
                random = Random(f"{seed}/{name}")  # noqa: S311 - a corpus, no secret
                _send(attempt, make(random, world), world, report, name)
    return report


def _planned(count: int) -> Iterator[tuple[str, Attempt, Maker]]:
    """Yield what is sent where: every kind comes to every place in as many rounds as kinds."""
    makers = list(MAKERS.values())
    for number in range(count):
        rounds, place = divmod(number, len(ATTEMPTS))
        attempt, make = ATTEMPTS[place], makers[(rounds + place) % len(makers)]
        yield f"{number} {attempt.name} {make.__name__}", attempt, make


def _send(attempt: Attempt, piece: Piece, world: Ground, report: Report, name: str) -> None:
    act = Function(world.store, report)
    act.name = name
    clients.stepfunctions = lambda: act.stepfunctions  # type: ignore[assignment]
    clients.events = FakeEventBus  # type: ignore[assignment]
    app.logger.logger_handler.stream = act.log  # type: ignore[attr-defined]
    world.store.outside.clear()
    start = {"segments": [{}, {}], "current_state": {"mine": [1]}}
    bag = act({"action": "init", "execution_id": ATTACKER, "input": start})["state_data"]
    wrong = report.wrong
    if piece.kind == "absent_pointer" and not attempt.looks_up:
        piece = replace(piece, taken=None, known=False)
    try:
        after = attempt.send(act, bag, piece, world)
    except StateSyncError as error:
        report.outcomes[f"{piece.kind} refused"] += 1
        if piece.taken is True and attempt.found is not None:
            wrong.append(f"{name}: refused with {type(error).__name__}: {error}"[:400])
    except Exception as error:  # noqa: BLE001 - an error without a type of ours is what is looked for
        wrong.append(f"{name}: untyped {type(error).__name__}: {error}"[:400])
    else:
        report.outcomes[f"{piece.kind} taken"] += 1
        if piece.taken is False and attempt.found is not None:
            wrong.append(f"{name}: taken")
        if after is not None:
            _look_at(after, attempt, piece, act, wrong)
    wrong += [f"{name}: read or wrote {path[:120]}" for path in world.store.outside]


def _look_at(bag: Any, attempt: Attempt, piece: Piece, act: Function, wrong: list[str]) -> None:
    name = act.name
    if core.calculate_payload_size(bag) > runtime.current().settings.bound_bytes:
        wrong.append(f"{name}: the bag is over its bound")
    if bag.get("execution_id") != ATTACKER:
        wrong.append(f"{name}: the bag is another execution's")
    if any(type(bag.get(field, 0)) is not int or bag.get(field, 0) < 0 for field in _COUNTED):
        wrong.append(f"{name}: a counter is no count")
    try:
        again = {"action": "sync", "state_data": bag, "execution_result": {"later": 1}}
        bag = act(again)["state_data"]
        with suppress(
            core.errors.StateTooLargeError
        ):  # a whole that is too large; its parts are not
            act({"action": "hydrate", "state_data": bag, "paths": ["later"]})
            if attempt.found is not None and piece.taken is not False and piece.known:
                found = attempt.found(core.hydrate_state(bag))
                if not _same(found, piece.means):
                    wrong.append(f"{name}: hydrates to something else")
            elif attempt.found is not None:
                core.hydrate_state(bag)
    except StateSyncError as error:
        if piece.known and attempt.found is not None:
            wrong.append(f"{name}: taken, and then {type(error).__name__}: {error}"[:400])
    except Exception as error:  # noqa: BLE001
        wrong.append(f"{name}: later untyped {type(error).__name__}: {error}"[:400])


def _same(left: Any, right: Any) -> bool:
    """Tell whether two values are one JSON value in one order."""
    return json.dumps(left) == json.dumps(right)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
