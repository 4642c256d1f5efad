"""middy-store, from npm, doing the same job in Node on the same payloads against the same S3."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import orjson

from benchmarks.payloads import CONTEXT, Payloads
from benchmarks.rows import PAIRS, Row, median_of_pairs, seconds
from benchmarks.slow_s3 import BUCKET, SlowS3
from universal_sync_core import hydrate_state, universal_sync_core
from universal_sync_core.limits import KIB
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.s3_store import S3Store
from universal_sync_core.values.codec import Json, JsonObject

_PROGRAM: Final = Path(__file__).parent.parent / "middy"
_BASELINE: Final = "middy-store with middy-store-s3, in Node"
PAYLOAD_BYTES: Final = (60 * KIB, KIB * KIB)


@dataclass(slots=True, kw_only=True)
class Middy:
    """The Node process; it has one S3 client, as a warm function has.

    Attributes:
        process: answers a line for each line.
        folder: for payloads.
    """

    process: "subprocess.Popen[str]"
    folder: Path

    @classmethod
    @contextmanager
    def running(cls, s3: SlowS3) -> Iterator["Middy"]:
        """Install the packages that the lock file names, once, and start the process."""
        if not (_PROGRAM / "node_modules").is_dir():
            subprocess.run(["npm", "ci", "--silent"], cwd=_PROGRAM, check=True)  # noqa: S607
        with ExitStack() as closing:
            folder = Path(closing.enter_context(TemporaryDirectory(prefix="middy-")))
            process = subprocess.Popen(  # noqa: S603 - our own program
                ["node", "--no-warnings", "run.mjs", BUCKET, s3.endpoint],  # noqa: S607
                cwd=_PROGRAM,
                env={**os.environ, **s3.environment()},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            closing.enter_context(process)
            closing.callback(process.kill)
            yield cls(process=process, folder=folder)

    def store(self, value: Json, selector: str = "") -> float:
        """Return the seconds in which a value is stored, or each element of a list in it."""
        payload = self.folder / "payload.json"
        payload.write_bytes(orjson.dumps(value))
        return self._ask({"payload": str(payload), "selector": selector})

    def load(self) -> float:
        """Return the seconds in which what was stored last is loaded."""
        return self._ask({"load": True})

    def _ask(self, request: JsonObject) -> float:
        assert self.process.stdin and self.process.stdout  # noqa: S101, PT018 - both are pipes
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        return float(answer["seconds"])


@dataclass(slots=True, kw_only=True)
class Ours:
    """The same job with the core, each time with an empty cache: middy-store has none."""

    store_in: S3Store
    bag: JsonObject = field(default_factory=dict)

    def store(self, value: JsonObject) -> float:
        """Return the seconds in which the fields of a result are stored."""
        with runtime.use(settings=Settings(bucket=BUCKET), store=self.store_in):
            return seconds(lambda: self._sync(value))

    def load(self) -> float:
        """Return the seconds in which what was stored last is loaded."""
        with runtime.use(settings=Settings(bucket=BUCKET), store=self.store_in):
            return seconds(lambda: hydrate_state(self.bag, context=CONTEXT))

    def _sync(self, value: JsonObject) -> None:
        self.bag = universal_sync_core(self.bag, value, CONTEXT)


def is_available() -> bool:
    """Tell whether Node and npm are here."""
    return bool(shutil.which("node") and shutil.which("npm"))


def rows(s3: SlowS3, pairs: int = PAIRS, fields: int = 16) -> Iterator[Row]:
    """Yield the rows of this section.

    Args:
        s3: the server both use.
        pairs: measured in turns.
        fields: how many large fields there are.
    """
    if not is_available():
        scenario = "not measured: needs Node and npm"
        yield Row(scenario=scenario, baseline=_BASELINE, measured=float("nan"))
        return
    with Middy.running(s3) as middy:
        for size in PAYLOAD_BYTES:
            yield from _one_payload(Ours(store_in=s3.store()), middy, pairs, size)
        yield from _many_fields(Ours(store_in=s3.store()), middy, pairs, fields)


def _one_payload(ours: Ours, middy: Middy, pairs: int, size: int) -> Iterator[Row]:
    payloads = Payloads()
    name = f"a payload of {size // KIB:,} KB"
    yield _row(
        f"store {name}",
        lambda: ours.store({"report": payloads.records(size)}),
        lambda: middy.store({"report": payloads.records(size)}),
        pairs,
    )
    yield _row(f"load {name} back", ours.load, middy.load, pairs)


def _many_fields(ours: Ours, middy: Middy, pairs: int, count: int) -> Iterator[Row]:
    payloads = Payloads()
    name = f"{count} fields of 36 KB"

    def values() -> JsonObject:
        return payloads.fields(count, 36 * KIB)

    yield _row(
        f"store {name}",
        lambda: ours.store(values()),
        # It selects elements of a list, not fields.
        lambda: middy.store({"fields": list(values().values())}, "fields.*"),
        pairs,
    )
    yield _row(f"load {name} back", ours.load, middy.load, pairs)
    state = values()

    def one_changed() -> JsonObject:
        state["field_0"] = payloads.records(36 * KIB)
        return state

    ours.store(state)
    yield _row(
        f"store {name} of which one has changed",
        lambda: ours.store(one_changed()),
        lambda: middy.store({"fields": list(one_changed().values())}, "fields.*"),
        pairs,
    )


def _row(scenario: str, ours: Callable[[], float], middys: Callable[[], float], pairs: int) -> Row:
    ratio = median_of_pairs(ours, middys, pairs)
    return Row(scenario=scenario, baseline=_BASELINE, measured=ratio, target=1.0)
