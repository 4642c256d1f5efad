"""A workflow on a deployed stack while its S3 and its functions are ill.

python -m tests.end_to_end.brownout --runs 20

Each run ends equal to the oracle, at once or when what failed has been resumed from its record.
"""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

_ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(_ROOT / "layers" / "universal_sync_core")]

from local.cloud import Execution, LocalCloud, UserFunction  # noqa: E402 - needs the path
from local.errors import FunctionError  # noqa: E402
from local.servers.seaweed import Seaweed  # noqa: E402
from tests.end_to_end.ill_s3 import Proxy, kill_runtimes, proxied  # noqa: E402
from tests.end_to_end.worker.seeded import result_of  # noqa: E402
from tests.end_to_end.workflow import Workflows, results_of  # noqa: E402
from tests.simulation.comparing import same  # noqa: E402
from tests.simulation.merging import merge  # noqa: E402

SEGMENTS: Final = 12
_WORKER: Final = UserFunction(
    name="SegmentRunner",
    code_dir=_ROOT / "tests" / "end_to_end" / "worker",
    handler="seeded.run",
    with_layer=True,
)
_RESUMES: Final = 12
_WAIT_SECONDS: Final = 240


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended.

    Attributes:
        seed: of the run.
        refused: writes that S3 refused.
        killed: processes of functions that were killed.
        resumed: how often it went on from a record.
    """

    seed: int
    refused: int
    killed: int
    resumed: int


@dataclass(frozen=True, kw_only=True)
class IllStack:
    """A deployed stack, and what can befall it."""

    workflows: Workflows
    proxy: Proxy
    seaweed: Seaweed

    def run(self, seed: int, *, kills: bool) -> Outcome:
        """Run a workflow in bad weather, and require that it ends as the oracle says.

        Args:
            seed: of the worker's results and of the weather.
            kills: whether functions, workers and S3 are killed, too.
        """
        refused, told = self.proxy.refused, {"killed": 0}
        value = {"seed": seed, "total_segments": SEGMENTS}
        execution, resumed = None, 0
        with self._weather(seed, told, kills=kills):
            execution = self.workflows.start(value).wait(_WAIT_SECONDS)
        while execution.status != "SUCCEEDED" and resumed < _RESUMES:
            resumed += 1
            record = self._record_of(execution)
            execution = self.workflows.start({"resume_from": record}).wait(_WAIT_SECONDS)
        _require_whole(self.workflows.final_state(execution), seed)
        refused = self.proxy.refused - refused
        return Outcome(seed=seed, refused=refused, killed=told["killed"], resumed=resumed)

    def _record_of(self, execution: Execution) -> str:
        """Return the record an execution has left, or the one that is made of its history."""
        asked = {"action": "record_end", "execution_arn": execution.arn}
        for _ in range(5):
            try:
                path: str = self.workflows.cloud.invoke(asked)["failure"]["record_s3_path"]
            except (
                FunctionError
            ):  # the processes of a pool that were killed are replaced one by one
                time.sleep(0.5)
            else:
                return path
        raise AssertionError(f"{execution.arn} has left no record")

    @contextmanager
    def _weather(self, seed: int, told: dict[str, int], *, kills: bool) -> Iterator[None]:
        over = threading.Event()
        storm = threading.Thread(target=self._storm, args=(Random(seed), over, told, kills))  # noqa: S311
        storm.start()
        try:
            yield
        finally:
            over.set()
            storm.join()
            self.proxy.share = 0.0

    def _storm(
        self,
        draw: Random,
        over: threading.Event,
        told: dict[str, int],
        kills: bool,  # noqa: FBT001
    ) -> None:
        self._brown_out(draw, over)  # a workflow may be over before the next
        while not over.wait(draw.uniform(0.2, 2)):
            if kills and draw.random() < 0.3:
                told["killed"] += kill_runtimes()
            elif kills and draw.random() < 0.3:
                self._kill_s3()
            else:
                self._brown_out(draw, over)

    def _brown_out(self, draw: Random, over: threading.Event) -> None:
        self.proxy.share = draw.uniform(0.5, 0.7)
        over.wait(draw.uniform(3, 9))
        self.proxy.share = 0.0

    def _kill_s3(self) -> None:
        process = self.seaweed._process
        if process is not None:
            os.kill(process.pid, signal.SIGKILL)
        self.seaweed.pause()
        self.seaweed.resume()


def _require_whole(state: dict[str, Any], seed: int) -> None:
    """Raise where a final state is not what the segments have brought."""
    plain: dict[str, Any] = {"seed": seed}
    for segment in range(SEGMENTS):
        plain = merge(plain, result_of(seed, segment))
    expected = results_of(plain)
    for name in {*state, *expected}:
        assert same(state.get(name), expected.get(name)), name


@contextmanager
def ill_stack(seed: int) -> Iterator[IllStack]:
    """Deploy the stack before an S3 that can be made ill."""
    with ExitStack() as closing:
        seaweed = closing.enter_context(Seaweed.start())
        proxy = closing.enter_context(proxied(seaweed.endpoint, seed))
        cloud = closing.enter_context(
            LocalCloud.start(extra_functions=[_WORKER], s3_endpoint=proxy.endpoint)
        )
        yield IllStack(workflows=Workflows(cloud), proxy=proxy, seaweed=seaweed)


def main() -> int:
    """Run as many as asked for, and tell how each ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.end_to_end.brownout")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    asked = parser.parse_args()
    with ill_stack(asked.first) as stack:
        for seed in range(asked.first, asked.first + asked.runs):
            outcome = stack.run(seed, kills=bool(seed % 2))
            sys.stdout.write(f"{outcome}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
