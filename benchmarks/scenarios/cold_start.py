"""The time to the first call: a new container of the built function, against bare boto3.

Both run in AWS's emulator before AWS's own runtime client, from the built artefacts and with the
import path they have when deployed. A probe beside the function times its own import: what the
emulator and the interpreter need themselves is in neither.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.rows import PAIRS, Row, median_of_pairs
from local.clients import REGION
from local.functions import runtime
from local.functions.emulator import Emulator, Program
from local.servers.processes import Processes
from local.stack.build import build

TARGET: Final = 1.3
_REPOSITORY: Final = Path(__file__).parents[2]
_FUNCTION: Final = "StateDataManagerFunction"
_LAYER: Final = "UniversalSyncCoreLayer"

_PROBE: Final = """
import time
begun = time.perf_counter()
{work}
seconds = time.perf_counter() - begun

def handler(event, context):
    return seconds
"""
_BARE: Final = "import boto3; boto3.client('s3')"
_AGAINST: Final = "import boto3 and a client"
_FUNCTION_ITSELF: Final = "import app"
_WITH_CLIENT: Final = """
import app
from universal_sync_core.storage import runtime
runtime.current().store
"""
_TIMEOUT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Containers:
    """Starts new containers of the built function.

    Attributes:
        build: directory of the built artefacts.
        runtime: directory of the Lambda runtime's own packages.
        work: directory for probes, logs and compiled modules.
        processes: starts the emulators.
    """

    build: Path
    runtime: Path
    work: Path
    processes: Processes

    @classmethod
    @contextmanager
    def of_this_repository(cls) -> Iterator["Containers"]:
        """Return them for the template of this repository, built."""
        with ExitStack() as closing:
            work = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="cold-start-")))
            cache = _REPOSITORY / ".aws-sam" / "local" / "builds"
            yield cls(
                build=build(_REPOSITORY / "template.yaml", cache).parent,
                runtime=runtime.link_packages(work / "runtime"),
                work=work,
                processes=closing.enter_context(Processes()),
            )

    def seconds(self, work: str, initialization: str = "on-demand") -> float:
        """Return the seconds that `work` takes in a new container before the first call.

        Args:
            work: Python statements.
            initialization: what Lambda says of it.
        """
        (self.work / "probe.py").write_text(_PROBE.format(work=work), encoding="utf-8")
        emulator = Emulator(
            self.processes, self._program(initialization), self.work / "emulator.log"
        )
        try:
            return float(json.loads(emulator.invoke(b"{}").payload))
        finally:
            emulator.stop()

    def _program(self, initialization: str) -> Program:
        code = self.build / _FUNCTION
        path = [self.work, code, self.build / _LAYER / "python", self.runtime]
        return Program(
            handler="probe.handler",
            code=code,
            environment={
                "PATH": os.defpath,
                "PYTHONPATH": os.pathsep.join(map(str, path)),
                # Lambda's own modules come compiled; ours are after the first start, here as there.
                "PYTHONPYCACHEPREFIX": str(self.work / "compiled"),
                "AWS_DEFAULT_REGION": REGION,
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
                "AWS_LAMBDA_FUNCTION_NAME": "probe",
                "AWS_LAMBDA_INITIALIZATION_TYPE": initialization,
                "POWERTOOLS_TRACE_DISABLED": "true",
                "PYDANTIC_DISABLE_PLUGINS": "true",
                "STATE_BUCKET": "benchmark-state",
            },
            timeout=_TIMEOUT_SECONDS,
        )


def rows(pairs: int = PAIRS) -> Iterator[Row]:
    """Yield the rows of this section."""
    with Containers.of_this_repository() as containers:

        def against_boto3(work: str, initialization: str = "on-demand") -> float:
            return median_of_pairs(
                lambda: containers.seconds(work, initialization),
                lambda: containers.seconds(_BARE),
                pairs,
            )

        yield Row(
            scenario="init before a first call that needs no S3",
            baseline=_AGAINST,
            measured=against_boto3(_FUNCTION_ITSELF),
            target=TARGET,
            note="no SDK is loaded",
        )
        yield Row(
            scenario="init, and the S3 client of a first call",
            baseline=_AGAINST,
            measured=against_boto3(_WITH_CLIENT),
            target=TARGET,
        )
        yield Row(
            scenario="init ahead of calls, as SnapStart would keep it",
            baseline=_AGAINST,
            # The emulator knows no snapshots; the function does the same for both.
            measured=against_boto3(_FUNCTION_ITSELF, "provisioned-concurrency"),
            target=TARGET,
            note="nobody waits for it",
        )
