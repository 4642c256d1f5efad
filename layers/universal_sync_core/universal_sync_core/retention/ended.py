"""The record of an execution that has ended: one line of JSON in the folder of that day.

Step Functions keeps an execution for 90 days after its end; later, only these records tell about
it. A record contains no state.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from universal_sync_core.bag.fields import STATE
from universal_sync_core.errors import MalformedPointerError
from universal_sync_core.retention.members import digest_of, machine_of
from universal_sync_core.settings import Settings
from universal_sync_core.storage.runtime import Runtime
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import Json, JsonObject, decode, encode
from universal_sync_core.values.pointer import has_mark, recognise
from universal_sync_core.values.timestamps import rfc3339

ENDED_FOLDER: Final = "ended/"
RECORD_MARK: Final = "ended_record"
RECORD_VERSION: Final = 1
# The status of an execution that Step Functions no longer lists.
UNKNOWN: Final = "UNKNOWN"

_NAME: Final = re.compile(r"(\d{4}-\d\d-\d\d)/(\d{6})-([0-9a-f]{32})\.json")
# How many of the largest values behind a bag's pointers a record lists.
_MOST_OFFLOADED: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedExecution:
    """What Step Functions tells about an execution that has ended.

    Attributes:
        arn: the ARN of the execution.
        status: its status there, or `UNKNOWN`.
        stopped: when it ended.
        started: when it began, if that is known.
        error: the name of the error that it ended with, if any.
        input_bytes: size of its input.
        output_bytes: size of its output.
    """

    arn: str
    status: str
    stopped: datetime
    started: datetime | None = None
    error: str | None = None
    input_bytes: int | None = None
    output_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastState:
    """The state of a workflow when an execution of it ended.

    Attributes:
        owner: the execution that began the state, under whose id its objects are kept.
        bag: its last known bag; empty if there was none.
        chain: the executions that worked on it, in order.
        failed_segments: how many branches and items failed.
        stage: the stage that failed.
        record_s3_path: the path of the failure record.
        continued_as: the name of the execution that goes on with it.
    """

    owner: str
    bag: JsonObject
    chain: Sequence[Json] = ()
    failed_segments: int = 0
    stage: str | None = None
    record_s3_path: str | None = None
    continued_as: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class RecordName:
    """The parts of a record's name.

    Attributes:
        stopped: when the execution ended, in whole seconds.
        digest: the digest of the execution's ARN, as names have it.
    """

    stopped: datetime
    digest: str

    @classmethod
    def at(cls, arn: str, stopped: datetime) -> "RecordName":
        """Return the name of the record of an execution that stopped at that time.

        A redriven execution has a record for each end.
        """
        return cls(stopped.astimezone(UTC).replace(microsecond=0), digest_of(arn))

    @classmethod
    def in_key(cls, key: str) -> "RecordName | None":
        """Return the name in a key, or None if it is not the key of a record."""
        match = _NAME.fullmatch("/".join(key.split("/")[-2:]))
        if match is None:
            return None
        try:
            stopped = datetime.strptime(f"{match[1]} {match[2]} Z", "%Y-%m-%d %H%M%S %z")
        except ValueError:  # there is no such day
            return None
        return cls(stopped, match[3])

    def location(self, settings: Settings) -> Location:
        """Return the place of the record."""
        name = f"{self.stopped:%H%M%S}-{self.digest}.json"
        return Location(settings.bucket or "", f"{day_prefix(settings, self.stopped.date())}{name}")


def ended_prefix(settings: Settings) -> str:
    """Return the prefix of all records."""
    return f"{settings.prefix}{ENDED_FOLDER}"


def day_prefix(settings: Settings, day: date) -> str:
    """Return the prefix of the records of one day, in UTC."""
    return f"{ended_prefix(settings)}{day:%Y-%m-%d}/"


def write_record(used: Runtime, execution: EndedExecution, state: LastState) -> str:
    """Record that an execution has ended, once, and return the path of the record."""
    location = RecordName.at(execution.arn, execution.stopped).location(used.settings)
    body = encode(ended_record(execution, state)) + b"\n"
    used.create(location, body)
    return str(location)


def record_in(body: bytes, path: str) -> JsonObject:
    """Return a record after checking that it names its execution and the one that began the state.

    Raises:
        MalformedPointerError: it is not a record of this version.
    """
    record: Json = decode(body, path=path)
    if type(record) is not dict or record.get(RECORD_MARK) != RECORD_VERSION:
        raise MalformedPointerError("the object is not the record of an ended execution", path=path)
    if type(record.get("execution_arn")) is not str or type(record.get("execution_id")) is not str:
        raise MalformedPointerError("the record does not name an execution", path=path)
    return record


def ended_record(execution: EndedExecution, state: LastState) -> JsonObject:
    """Return the content of a record. Every field is there, so that a table has one shape."""
    bag, started = state.bag, execution.started
    return {
        RECORD_MARK: RECORD_VERSION,
        "execution_arn": execution.arn,
        "execution_id": state.owner,
        "execution_chain": list(state.chain),
        "continued_as": state.continued_as,
        "state_machine_arn": machine_of(execution.arn),
        "name": execution.arn.rsplit(":", 1)[-1],
        "status": execution.status,
        "next_action": _text(bag.get("next_action")),
        "error": execution.error,
        "stage": state.stage,
        "record_s3_path": state.record_s3_path,
        "started_at": rfc3339(started.astimezone(UTC)) if started else None,
        "ended_at": rfc3339(execution.stopped.astimezone(UTC)),
        "seconds": (execution.stopped - started).total_seconds() if started else None,
        "segments_run": _count(bag.get("loop_counter")),
        "total_segments": _count(bag.get("total_segments")),
        "state_revision": _count(bag.get("state_revision")),
        "failed_segments": state.failed_segments,
        "input_bytes": execution.input_bytes,
        "output_bytes": execution.output_bytes,
        "bag_bytes": len(encode(bag)) if bag else None,
        "offloaded": _largest(_offloaded(bag)),
    }


def _text(value: Json) -> str | None:
    return value if type(value) is str else None


def _count(value: Json) -> int | None:
    return value if type(value) is int else None


def _offloaded(bag: JsonObject) -> Iterator[JsonObject]:
    """Yield the offloaded fields of a bag, and those of its `current_state`."""
    state: Json = bag.get(STATE)
    inside = state.items() if type(state) is dict and not has_mark(state) else ()
    named = [*bag.items(), *((f"{STATE}.{name}", value) for name, value in inside)]
    for name, value in named:
        pointer = recognise(value)
        if pointer is not None:
            yield {"field": name, "bytes": pointer.size}


def _largest(found: Iterator[JsonObject]) -> list[Json]:
    return sorted(found, key=lambda each: (-each["bytes"], each["field"]))[:_MOST_OFFLOADED]
