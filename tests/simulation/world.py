"""The world of one seed: workflows, containers, the store, and what has to hold after each step."""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tests.simulation.clock import Clock
from tests.simulation.comparing import Plain, by_path, difference, same, then
from tests.simulation.containers import Container, Work
from tests.simulation.counters import Counters
from tests.simulation.holding import is_held_rightly
from tests.simulation.reader import BrokenStateError, Reader
from tests.simulation.s3 import DatedStore
from tests.simulation.services import EventBus, StepFunctions
from tests.simulation.weather import RETRYABLE, KilledError, Weather
from tests.statebag.cloud import BUCKET, FUNCTION
from universal_sync_core.errors import StateSyncError
from universal_sync_core.storage.store import Location

if TYPE_CHECKING:
    from tests.core.meanwhile import At

# Times and sizes, which no document foretells; what is known of them is checked by itself.
_NOT_FORETOLD: Final = (
    "payload_size_kb",
    "last_update_time",
    "aggregation_timestamp",
    "forked_from",
    "pre_snapshot_s3_path",
    "post_snapshot_s3_path",
    "held_by_operator",
)
_ILL_ATTEMPTS: Final = 5
_MOST_ATTEMPTS: Final = 10
_STAYS_WARM: Final = 0.75


class SimulationError(Exception):
    """What had to hold does not."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind


@dataclass(kw_only=True)
class Branch:
    """A branch of a group.

    Attributes:
        bag: as the machine has it.
        plain: as it would be without limits.
        end: what it has answered, or None while it runs.
    """

    bag: Plain
    plain: Plain
    end: Plain | None = None

    @property
    def action(self) -> str:
        """The action that merges a result here."""
        return "sync_branch"


@dataclass(kw_only=True)
class Flow:
    """A workflow.

    Attributes:
        owner: its first execution, under whose id its objects are.
        execution: the execution that it runs in.
        bag: as the machine has it.
        plain: as it would be without limits.
        mode: what may come next: `run`, `group`, `map`, `wait`, `timer` or `over`.
        reader: of its objects.
        branches: of the group that runs.
        staged: items of the map that runs.
        asked: tokens of callbacks it waits for, and the action that merges the answer.
        kept: snapshots and records: the path, and the state that goes on from it.
        results: of its last segments, which are run again where it goes back.
        seen: pointers of this state and earlier ones, as a worker that keeps them has.
        executions: what Step Functions tells of each, by ARN.
        document: any JSON beside the bag, as the machine has it.
        whole: what that stands for.
    """

    owner: str
    execution: str
    bag: Plain
    plain: Plain
    reader: Reader
    mode: str = "run"
    branches: list[Branch] = field(default_factory=list)
    staged: list[Any] = field(default_factory=list)
    asked: Plain = field(default_factory=dict)
    kept: list[tuple[str, Plain, Plain]] = field(default_factory=list)
    results: deque[Any] = field(default_factory=lambda: deque(maxlen=12))
    seen: deque[Any] = field(default_factory=lambda: deque(maxlen=30))
    executions: dict[str, Plain] = field(default_factory=dict)
    document: Any = field(default_factory=dict)
    whole: Plain = field(default_factory=dict)

    @property
    def action(self) -> str:
        """The action that merges a result here."""
        return "sync"


@dataclass(frozen=True, kw_only=True)
class OldEvent:
    """An event that was answered, as it may come again: its answer is the same state."""

    label: str
    event: Plain
    expected: Plain
    reader: Reader


class World:
    """Everything that a seed decides.

    Attributes:
        draw: of the step that is under way.
        prefix: of every key.
        environments: of the functions, by ARN.
        meanwhile: what happens at a request of the invocation that is under way, if anything does.
    """

    def __init__(self, draw: Random, counters: Counters, trace: Callable[[str], None]) -> None:
        self.draw = draw
        self.counters = counters
        self.trace = trace
        self.clock = Clock()
        self.store = DatedStore(self.clock)
        calm = Weather(action="", draw=draw, clock=self.clock)
        self.states = StepFunctions(weather=calm)
        self.bus = EventBus(weather=calm)
        self.prefix = draw.choice(("", "team-ü/state/"))
        self.environments = {FUNCTION: {"STATE_BUCKET": BUCKET, "STATE_PREFIX": self.prefix}}
        self.containers = [self._new_container() for _ in range(2)]
        self.last = self.containers[0]
        self.flows: list[Flow] = []
        self.old: list[OldEvent] = []
        self.begun = 0
        self.meanwhile: At | None = None

    def new_reader(self, execution_id: str) -> Reader:
        """Return a reader of the objects of an execution."""
        return Reader(self.fetch, f"{BUCKET}/{self.prefix}", execution_id, self.counters.forms)

    def _new_container(self) -> Container:
        return Container(self.store, self.clock, self.draw, self.environments)

    def fetch(self, path: str) -> tuple[bytes, str | None] | None:
        """Return what is really stored at a path."""
        bucket, _, key = path.removeprefix("s3://").partition("/")
        stored = self.store.objects.get(Location(bucket, key))
        return None if stored is None else (stored.body, stored.content_encoding)

    def call(self, event: Plain, *, also: tuple[str, ...] = (), label: str | None = None) -> Plain:
        """Return what the function answers to an event, in the end.

        Args:
            event: for the real handler.
            also: names of errors that earlier attempts of it may lead to.
            label: for the table, where it is not the action.
        """
        answer: Plain = self.attempt(
            label or event["action"],
            event,
            lambda product, given, context: product.handler(given, context),
            also,
        )
        return answer

    def attempt(
        self,
        label: str,
        event: Plain,
        work: Work,
        also: tuple[str, ...] = (),
        *,
        gives_up: bool = False,
    ) -> Any:
        """Return what an invocation answers, tried again with the same event until it does.

        One that gives up is tried once, and None is returned where that fails.
        """
        given = json.dumps(event)
        container = self.draw.choice(self.containers)
        for number in range(_MOST_ATTEMPTS):
            weather = self._weather(label, is_calm=number >= _ILL_ATTEMPTS)
            if self.draw.random() > _STAYS_WARM:
                container = self.draw.choice(self.containers)
            self.last = container
            self.counters.attempts += 1
            own = json.loads(given)
            try:
                answer = container.run(work, own, weather)
            except KilledError:
                self._trace(label, weather, "killed")
                container.restart()
            except SimulationError:  # of what has happened meanwhile
                raise
            except Exception as error:
                self._trace(label, weather, type(error).__name__)
                if self._is_final(label, error, weather, also):
                    raise
            else:
                self._trace(label, weather, "answered")
                self._require_unchanged(label, own, given)
                self.counters.steps[label] += 1
                return json.loads(json.dumps(answer))
            self._require_unchanged(label, own, given)
            if gives_up:
                return None
        raise SimulationError("never answered", label)

    def _weather(self, label: str, *, is_calm: bool) -> Weather:
        table = self.counters.faults
        weather = (
            Weather(action=label, draw=self.draw, clock=self.clock)
            if is_calm
            else Weather.drawn(label, self.draw, self.clock, table, self._sought_of(label))
        )
        self.states.weather = self.bus.weather = weather
        if self.meanwhile:
            self.meanwhile.notice(weather, "fault")
        return weather

    def _sought_of(self, label: str) -> list[str]:
        return [kind for action, kind in self.counters.sought if action == label]

    def _trace(self, label: str, weather: Weather, outcome: str) -> None:
        hits = " ".join(f"{kind}x{count}" for kind, count in weather.hits.items())
        self.trace(f"    {label}: {weather.climate} [{hits}] {outcome}")

    def _is_final(
        self, label: str, error: Exception, weather: Weather, also: tuple[str, ...]
    ) -> bool:
        """Judge an error; return whether no other attempt can help."""
        name = type(error).__name__
        if not isinstance(error, StateSyncError):
            text = f"{label} failed with {name}: {error}"
            raise SimulationError("untyped error", text) from error
        if name in also:
            self.counters.errors[name] += 1
            return True
        if name not in weather.may_raise():
            text = f"{label} failed with {name} after {dict(weather.hits)}: {error}"
            raise SimulationError(f"wrong error {name}", text) from error
        if error.retryable != (name in RETRYABLE):
            raise SimulationError("wrong retryable", f"{label} failed with {name}") from error
        self.counters.errors[name] += 1
        return False

    @staticmethod
    def _require_unchanged(label: str, event: Plain, given: str) -> None:
        if json.dumps(event) != given:
            raise SimulationError("event changed", f"{label} has changed its event")

    def require(self, label: str, bag: Plain, expected: Plain, reader: Reader) -> None:
        """Raise where a bag is over its bound, or is not what it has to be."""
        size = len(json.dumps(bag, separators=(",", ":"), ensure_ascii=False).encode())
        bound = self.last.settings.bound_bytes
        if size > bound:
            raise SimulationError("over the bound", f"{label}: {size} bytes of {bound}")
        if not is_held_rightly(bag, self.last.settings):
            raise SimulationError("held wrongly", label)
        self.require_same(label, self._read(label, bag, reader), expected)

    def _read(self, label: str, bag: Plain, reader: Reader) -> Plain:
        try:
            return reader.bag(bag)
        except (BrokenStateError, LookupError, TypeError, ValueError, OSError) as error:
            raise SimulationError("broken state", f"{label}: {error!r}") from error

    @staticmethod
    def require_same(label: str, read: Plain, expected: Plain) -> None:
        """Raise where a state is not what it has to be."""
        for name in sorted({*read, *expected}.difference(_NOT_FORETOLD)):
            if name == "branch_conflicts":
                is_same = by_path(read.get(name)) == by_path(expected.get(name))
            elif name == "wait_state":
                is_same = then(read.get(name)) == expected.get(name)
            else:
                is_same = name in read and name in expected
                is_same = is_same and same(read[name], expected[name])
            if not is_same:
                text = difference(read, expected, name)
                raise SimulationError("another state", f"{label}: {text}")

    def cold(self, work: Work, event: Plain) -> Any:
        """Return what a container without a memory answers in calm weather."""
        container = self._new_container()
        weather = self._weather("cold", is_calm=True)
        try:
            return container.run(work, event, weather)
        except Exception as error:
            text = f"a cold container failed with {type(error).__name__}: {error}"
            raise SimulationError(f"wrong error {type(error).__name__}", text) from error
