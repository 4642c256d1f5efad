"""Containers of the function: memory of their own, and killed or redeployed at any time.

A `Product` is one version of what is deployed; containers of two versions may stand side by side.
"""

import io
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, redirect_stdout
from contextvars import Context
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final, TypeAlias
from unittest import mock

import app
import universal_sync_core as package
from jobs import waits
from services import clients
from tests.function.lambda_context import FakeLambdaContext
from tests.simulation.clock import Clock, ticking
from tests.simulation.s3 import WeatheredS3
from tests.simulation.services import EventBus, StepFunctions
from tests.simulation.weather import Weather
from tests.statebag.cloud import FUNCTION
from universal_sync_core.pipe import offload
from universal_sync_core.settings import Settings
from universal_sync_core.storage import parallel, runtime
from universal_sync_core.storage.known import KnownObjects
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.retry import ExponentialBackoffRetry
from universal_sync_core.storage.s3_store import S3Store

# Of an invocation of the function.
TIMEOUT_SECONDS: Final = 300.0
_SIZES: Final[tuple[dict[str, Any], ...]] = (
    {"field_offload_bytes": 200, "state_offload_bytes": 600, "max_payload_bytes": 9_000},
    {"field_offload_bytes": 600, "state_offload_bytes": 2_000, "max_payload_bytes": 12_000},
    {"field_offload_bytes": 4_000, "state_offload_bytes": 4_500, "max_payload_bytes": 10_000},
    {"field_offload_bytes": 1_500, "state_offload_bytes": 6_000, "max_payload_bytes": 24_000},
    {},
)
_PAGES: Final[tuple[dict[str, Any], ...]] = (
    {"page_bytes": 200, "index_bytes": 200},
    {"page_bytes": 1_000, "index_bytes": 300},
    {},
)
_CACHES: Final = (1, 3_000, 64 * 1024 * 1024)

Work: TypeAlias = Callable[["Product", Any, FakeLambdaContext], Any]


@dataclass(frozen=True, kw_only=True)
class Product:
    """One version of what is deployed.

    Attributes:
        core: the package.
        handler: of the function.
        job_handler: of the function that is told how jobs have ended.
    """

    core: Any
    handler: Callable[[Any, Any], Any]
    job_handler: Callable[[Any, Any], Any]


DEPLOYED: Final = Product(core=package, handler=app.lambda_handler, job_handler=app.job_handler)


class CloudContext(FakeLambdaContext):
    """The context of an invocation by the simulation's clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.deadline = clock.seconds + TIMEOUT_SECONDS

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]
        return int(1_000 * (self.deadline - self._clock.seconds))


class InOrder:
    """A pool of one thread, which is the caller's: the order of requests is that of the seed."""

    @staticmethod
    def submit(func: Callable[..., Any], *args: Any) -> "Future[Any]":
        """Run at once; a kill ends the caller, as it ends the process."""
        future: Future[Any] = Future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - handed on, as a pool does
            future.set_exception(error)
        return future


def drawn_settings(draw: Random) -> Settings:
    """Return thresholds of one deployment."""
    return Settings(
        cache_bytes=draw.choice(_CACHES),
        history_max_entries=draw.randrange(3, 8) if draw.random() < 0.8 else 50,
        **draw.choices(_SIZES, (4, 4, 3, 3, 1))[0],
        **draw.choices(_PAGES, (3, 3, 1))[0],
    )


class Container:
    """One container: its settings are its deployment's, its memory is its own.

    It starts anew with the environment of the function when somebody has written another.
    """

    def __init__(
        self, store: MemoryStore, clock: Clock, draw: Random, environments: dict[str, Any]
    ) -> None:
        self.product = DEPLOYED
        self._deployed = drawn_settings(draw)
        self._store = store
        self._clock = clock
        self._environments = environments
        self.restart()

    def redeploy(self, draw: Random) -> None:
        """Begin anew with other thresholds."""
        self._deployed = drawn_settings(draw)
        self.restart()

    def restart(self) -> None:
        """Forget everything, and read the environment."""
        self._environment = self._environments[FUNCTION]
        told = Settings.from_env(self._environment)
        self.settings = replace(
            self._deployed,
            bucket=told.bucket,
            prefix=told.prefix,
            held_workflows=told.held_workflows,
        )
        calm = Weather(action="", draw=Random(0), clock=self._clock)
        self._s3 = WeatheredS3(self._store, calm)
        client: Any = self._s3
        self._space = runtime.Runtime(self.settings, S3Store(client=client))
        self._space.known = KnownObjects(self._clock.monotonic, self._clock.time)
        self._space._retry = ExponentialBackoffRetry(
            seconds_left=self._space.seconds_left,
            on_retry=self._space.usage.count_retry,
            sleep=self._clock.sleep,
            jitter=self._jitter,
        )

    def _jitter(self) -> float:
        return self._s3.weather.draw.random()

    def run(self, work: Work, event: Any, weather: Weather) -> Any:
        """Return what an invocation answers."""
        if self._environment is not self._environments[FUNCTION]:
            self.restart()
        self._s3.weather = weather
        context = CloudContext(self._clock)
        weather.deadline = context.deadline
        # What another container does meanwhile is none of its business.
        return Context().run(self._work, work, event, context)

    def _work(self, work: Work, event: Any, context: FakeLambdaContext) -> Any:
        runtime._USED.set(self._space)
        return work(self.product, event, context)


@contextmanager
def deployed(clock: Clock, states: StepFunctions, bus: EventBus) -> Iterator[None]:
    """Put the product into the simulation: its clock, its threads and the services it calls."""
    pool, log = InOrder(), io.StringIO()
    logged: Any = app.logger.logger_handler
    logged.stream, before = log, logged.stream
    with (
        ticking(clock),
        warnings.catch_warnings(action="ignore", category=UserWarning),
        mock.patch.object(offload.logger, "disabled", new=True),
        mock.patch.object(parallel, "_pool", return_value=pool),
        mock.patch.object(clients, "stepfunctions", return_value=states),
        mock.patch.object(clients, "events", return_value=bus),
        mock.patch.object(waits, "_HAS_RULE", new=True),
        redirect_stdout(log),
    ):
        try:
            yield
        finally:
            logged.stream = before
