"""What keeps objects alive: executions that may still go on, or whose result may be looked at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from statebag.aws import Cloud
from statebag.callbacks import ANSWERED, WAITING, callbacks_of
from statebag.chain import owner_of
from statebag.executions import RUNNING, Event, Execution, Executions, machine_of
from statebag.places import Place
from statebag.timeline import steps_of
from universal_sync_core.codec import Json, encode

# Between two states none is open; the last events then say what goes on.
_LAST_EVENTS: Final = 25
_SUCCEEDED: Final = "SUCCEEDED"
_MAP_RUN: Final = ("MapRunStarted", "MapRunRedriven")
_MAP_RUN_OVER: Final = ("MapRunSucceeded", "MapRunFailed", "MapRunAborted")


@dataclass(slots=True, kw_only=True)
class Owner:
    """An execution that has objects, with all executions that work or worked on its bag.

    Attributes:
        is_known: whether its id is the ARN of an execution.
        is_live: one of the executions runs, or may be redriven right now.
        has_map_run: whether a Distributed Map is under way: what its children have made is in no
            history of theirs that is read here.
        ended: when the last of the executions ended.
        texts: of what may be needed, all text that may hold paths.
    """

    execution_id: str
    is_known: bool = True
    is_live: bool = False
    has_map_run: bool = False
    ended: datetime | None = None
    texts: list[bytes] = field(default_factory=list)

    @property
    def status(self) -> str:
        """What it is, for people."""
        if not self.is_known:
            return "unknown"
        if self.is_live:
            return "live"
        return "finished" if self.ended else "forgotten"


def find_owners(
    cloud: Cloud, place: Place, ids: Iterable[str], *, now: datetime, keep: timedelta
) -> dict[str, Owner]:
    """Return the owners by their ids, with all that keeps objects of theirs alive.

    Args:
        cloud: where to ask.
        place: where the state is.
        ids: the executions that have objects.
        now: the time.
        keep: how long after its end the final state of an execution is kept.
    """
    owners = {each: Owner(execution_id=each, is_known=machine_of(each) is not None) for each in ids}
    executions = Executions(cloud.states)
    machines = sorted({found for each in owners if (found := machine_of(each))})
    for machine in machines:
        for listed in executions.of_machine(machine):
            if listed.stopped is None or listed.stopped >= now - keep:
                _add(owners, executions, executions.describe(listed.arn))
            elif listed.arn in owners:
                _note_end(owners[listed.arn], listed.stopped)
    for owner in owners.values():
        owner.texts += _open_callbacks(cloud, place, owner.execution_id)
    return owners


def live_owners(cloud: Cloud, machine_arns: Iterable[str]) -> set[str]:
    """Return the owners of the executions that run right now."""
    executions = Executions(cloud.states)
    return {
        owner_of(executions.describe(listed.arn))
        for machine in machine_arns
        for status in RUNNING
        for listed in executions.of_machine(machine, status)
    }


def _add(owners: dict[str, Owner], executions: Executions, execution: Execution) -> None:
    """Note what an execution keeps alive."""
    name = owner_of(execution)
    owner = owners.setdefault(name, Owner(execution_id=name))
    owner.is_live = owner.is_live or execution.is_running
    if execution.stopped is not None:
        _note_end(owner, execution.stopped)
    told = (execution.input, execution.output, execution.cause)
    owner.texts += [encode(document) for document in told if document is not None]
    if execution.status != _SUCCEEDED:
        events = list(executions.events(execution.arn))
        owner.texts += _needed(events, execution.arn)
        owner.has_map_run = owner.has_map_run or _is_mapping(events)


def _note_end(owner: Owner, ended: datetime) -> None:
    owner.ended = max(owner.ended or ended, ended)


def _needed(events: list[Event], arn: str) -> Iterator[bytes]:
    """Yield the text of all events since the first state that has not been left was entered."""
    entered = [step.first_event for step in steps_of(events, arn) if step.left is None]
    last = events[-1]["id"] if events else 0
    first = min([*entered, last - _LAST_EVENTS])
    for event in events:
        if event["id"] >= first:
            yield from _texts(event)


def _texts(value: Json) -> Iterator[bytes]:
    """Yield each text in what Step Functions tells."""
    if isinstance(value, str):
        yield value.encode(errors="surrogatepass")
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)


def _is_mapping(events: Iterable[Event]) -> bool:
    kinds = [event["type"] for event in events]
    started = sum(kind in _MAP_RUN for kind in kinds)
    return started > sum(kind in _MAP_RUN_OVER for kind in kinds)


def _open_callbacks(cloud: Cloud, place: Place, execution_id: str) -> Iterator[bytes]:
    for callback in callbacks_of(cloud, place, execution_id):
        if callback.status in (WAITING, ANSWERED):
            yield encode(callback.describe())
