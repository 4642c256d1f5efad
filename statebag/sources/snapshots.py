"""The states of an execution that can be gone back to: snapshots, and what failures left."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from statebag.account.aws import Cloud
from statebag.errors import ArchivedError
from statebag.executions.chain import chain_of
from statebag.executions.executions import Event, Execution, Executions, text_of
from statebag.sources.failures import is_own
from statebag.state.reading import reader_at
from universal_sync_core.errors import MissingObjectError, StoredDataError
from universal_sync_core.values.codec import Json, JsonObject, encode
from universal_sync_core.workflow.failure import SNAPSHOT_OF_RECORD, is_failure_record, path_in

_NAMED: Final = re.compile(
    r'"(?:(?:pre|post)_snapshot_s3_path|record_s3_path|resume_from)":\s*"(s3://[^"\\]{1,1100})"'
)
_FAULTS: Final[Mapping[type[StoredDataError], str]] = {
    MissingObjectError: "missing",
    ArchivedError: "archived",
}
_TOLD: Final = ("state_revision", "next_action", "segment_to_run")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One state that was kept.

    Attributes:
        kind: `pre`, `post`, `continuation` or `failure`; `missing`, `archived` or `damaged` where
            its object cannot be read.
        created: the time of the state.
        size: bytes of the bag.
        error: of a failure, its name.
    """

    path: str
    kind: str
    created: str | None = None
    size: int = 0
    revision: Json = None
    next_action: Json = None
    segment: Json = None
    error: str | None = None

    @property
    def has_begun(self) -> bool:
        """Whether there is a bag to go on from: a refused input leaves none."""
        return self.revision is not None

    def describe(self) -> JsonObject:
        """Return it as JSON."""
        return {
            "s3_path": self.path,
            "type": self.kind,
            "created_at": self.created,
            "size_bytes": self.size,
            "state_revision": self.revision,
            "next_action": self.next_action,
            "segment_to_run": self.segment,
            "error": self.error,
        }


def snapshots_of(cloud: Cloud, execution: Execution) -> Iterator[Snapshot]:
    """Yield what an execution, and those that continue each other with it, have kept, in order."""
    seen: set[str] = set()
    executions = Executions(cloud.states)
    for each in chain_of(executions, execution):
        for path in _paths(each, executions.events(each.arn)):
            if path not in seen:
                seen.add(path)
                if is_own(cloud, each, path):
                    yield _read(cloud, path)


def named_in(text: str) -> Iterator[str]:
    """Yield the paths that stand in a text under the names of snapshots and records."""
    return (match[1] for match in _NAMED.finditer(text))


def _paths(execution: Execution, events: Iterator[Event]) -> Iterator[str]:
    for event in events:
        yield from named_in(text_of(event) or "")
    record = path_in(execution.cause or "")
    if record is not None:
        yield record


def _read(cloud: Cloud, path: str) -> Snapshot:
    reader = reader_at(cloud, path)
    try:
        document = reader.document(path)
        record: JsonObject = document if is_failure_record(document) else {}
        inner = record.get(SNAPSHOT_OF_RECORD)
        told: Json = reader.document(inner) if isinstance(inner, str) else document
    except StoredDataError as error:
        known = (kind for fault, kind in _FAULTS.items() if isinstance(error, fault))
        return Snapshot(path=path, kind=next(known, "damaged"))
    snapshot: JsonObject = told if type(told) is dict else {}
    bag: Json = snapshot.get("state_data")
    fields: JsonObject = bag if type(bag) is dict else {}
    revision, next_action, segment = (fields.get(name) for name in _TOLD)
    return Snapshot(
        path=path,
        kind="failure" if record else snapshot.get("snapshot_type", "state"),
        created=snapshot.get("created_at"),
        size=len(encode(fields)),
        revision=revision,
        next_action=next_action,
        segment=segment,
        error=record.get("error"),
    )
