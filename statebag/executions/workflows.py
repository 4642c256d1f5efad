"""Which workflows may still go on, judging by all executions that Step Functions lists.

A workflow is the execution that began a bag, whose id its objects are kept under, with all that
worked on that bag since: what continued it, resumed it, or was started from one of its objects.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from statebag.account.aws import Cloud
from statebag.account.deployment import calls_manager
from statebag.errors import NotFoundError
from statebag.executions.executions import (
    SUCCEEDED,
    Event,
    Execution,
    Executions,
    Listed,
    machine_of,
)
from statebag.executions.timeline import steps_of
from statebag.state.references import executions_in, paths_within
from universal_sync_core.errors import StoredDataError
from universal_sync_core.retention.members import digest_of
from universal_sync_core.retention.standing import Standing, standing_of_all
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.storage.parallel import in_parallel
from universal_sync_core.values.codec import Json, encode

# Between two states none is open; the last events then say what goes on.
_LAST_EVENTS: Final = 25
_UNDER_WAY: Final = "RUNNING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An execution that runs or ended lately.

    Attributes:
        workflows: ids of the workflows that it works on: its own, and each that its input names.
        paths: of objects that it may need.
    """

    is_running: bool
    workflows: frozenset[str]
    paths: frozenset[str]


class Observer:
    """Looks at the executions, and looks again for what has begun since.

    A workflow that was once seen to run, or to have ended lately, stays so.
    """

    def __init__(
        self,
        cloud: Cloud,
        ids: Collection[str],
        *,
        since: datetime,
        ends: Mapping[str, datetime] | None = None,
        members_of: Callable[[Collection[str]], Mapping[str, Collection[str]]] = lambda _: {},
    ) -> None:
        """Ask through `cloud`; nothing is asked yet.

        Args:
            cloud: the account and region that are looked at.
            ids: of the executions that have objects.
            since: what ended after that has ended lately.
            ends: when executions ended, as they are recorded, by their digests.
            members_of: returns the executions that went on with some states, by who began them.
        """
        self._cloud = cloud
        self._executions = Executions(cloud.states)
        self._owning = {found for each in ids if (found := machine_of(each))}
        self._since = since
        self._ends = ends or {}
        self._members_of = members_of
        self._members: dict[str, Collection[str]] = {}
        self._concerned: dict[str, bool] = {}
        self._visible: set[str] = set()
        self._stopped: dict[str, datetime | None] = {}
        self._standing: dict[str, Standing] = {}
        self._paths: set[str] = set()
        # Those that run, with the workflows whose objects they may need.
        self._needs: dict[str, frozenset[str]] = {}

    def look(self, owners: Collection[str] = ()) -> None:
        """Ask Step Functions for all executions, the first time, and then for those that are new.

        Every state machine is looked at that owns objects, or calls the manager.

        Args:
            owners: workflows of which it asks again who went on with their state.
        """
        self._members.update(self._members_of(owners))
        looked_at = frozenset(self._visible)
        self._visible = set()
        for machine in self._machines():
            if self._look_at(machine, is_known=machine in looked_at):
                self._visible.add(machine)

    def standing(self, execution_id: str) -> Standing:
        """Return whether a workflow may go on, by what was seen so far of all who work on it."""
        members = self._members.get(execution_id, ())
        return standing_of_all(map(self._standing_alone, (execution_id, *members)))

    def _standing_alone(self, execution_id: str) -> Standing:
        machine = machine_of(execution_id)
        if execution_id in self._standing:
            return self._standing[execution_id]
        if machine is None:
            return Standing.FOREIGN
        if machine not in self._visible:
            return Standing.UNSEEN
        ended = self._ends.get(digest_of(execution_id))
        is_over = execution_id in self._stopped or (ended is not None and ended < self._since)
        return Standing.OVER if is_over else Standing.FORGOTTEN

    def is_seen(self, execution_id: str) -> bool:
        """Tell whether the state machine of an execution could be looked at."""
        return self.standing(execution_id) not in {Standing.UNSEEN, Standing.FOREIGN}

    def is_visible(self, execution_id: str) -> bool:
        """Tell whether the state machine of an execution could be looked at, whoever shares it."""
        return machine_of(execution_id) in self._visible

    def needing(self, workflows: Collection[str]) -> set[str]:
        """Return the executions that run and may need objects of one of these workflows."""
        return {arn for arn, needed in self._needs.items() if not needed.isdisjoint(workflows)}

    @property
    def paths(self) -> frozenset[str]:
        """The paths of objects that executions may need which run or ended lately."""
        return frozenset(self._paths)

    def _machines(self) -> Iterator[str]:
        """Yield the machines of this account and region whose executions may matter."""
        for machine in self._executions.machines():
            if machine not in self._owning and machine not in self._concerned:
                self._concerned[machine] = calls_manager(self._cloud, machine)
            if machine in self._owning or self._concerned[machine]:
                yield machine

    def _look_at(self, machine: str, *, is_known: bool) -> bool:
        """Note a machine's executions; return whether it could be looked at.

        They come newest first: of a machine that is known, a page without anything new is the last.
        """
        try:
            for page in self._executions.pages_of(machine):
                if not self._note(page) and is_known:
                    break
            for page in self._executions.pages_of(machine, _UNDER_WAY):
                self._note(page)
        except NotFoundError:  # deleted meanwhile
            return False
        return True

    def _is_new(self, listed: Listed) -> bool:
        """Tell whether an execution was not seen before, or has been redriven or ended since."""
        return self._stopped.get(listed.arn, listed) != listed.stopped

    def _note(self, page: list[Listed]) -> bool:
        """Note what is new in a page; return whether anything was."""
        found = [each for each in page if self._is_new(each)]
        lately = [each for each in found if each.stopped is None or each.stopped >= self._since]
        arns = [each.arn for each in lately]
        for arn, seen in zip(arns, in_parallel(self._seen, arns), strict=True):
            if seen.is_running:
                owners = (execution_in(path) for path in seen.paths)
                self._needs[arn] = seen.workflows | frozenset(filter(None, owners))
            standing = Standing.RUNNING if seen.is_running else Standing.RECENT
            for workflow in seen.workflows:
                if self._standing.get(workflow) is not Standing.RUNNING:
                    self._standing[workflow] = standing
            self._paths |= seen.paths
        self._stopped.update((each.arn, each.stopped) for each in found)
        return bool(found)

    def _seen(self, arn: str) -> Seen:
        execution = self._executions.describe(arn)
        told = (execution.input, execution.output, execution.cause)
        texts = [encode(document) for document in told if document is not None]
        if execution.status != SUCCEEDED:
            texts += _needed(list(self._executions.events(arn)), arn)
        return Seen(
            is_running=execution.is_running,
            workflows=frozenset(_workflows_of(execution)),
            paths=frozenset(path for text in texts for path in paths_within(text)),
        )


def _workflows_of(execution: Execution) -> Iterator[str]:
    """Yield the workflows that an execution works on: its own, and those that its input names."""
    yield execution.arn
    given = encode(execution.input)
    yield from executions_in(given)
    for path in paths_within(given):
        owner = execution_in(path)
        if owner is not None:
            yield owner


def _needed(events: list[Event], arn: str) -> Iterator[bytes]:
    """Yield the text of all events since the first state that has not been left was entered."""
    last = events[-1]["id"] if events else 0
    try:
        entered = [step.first_event for step in steps_of(events, arn) if step.left is None]
    except StoredDataError:  # a history that cannot be followed is looked through
        entered = [0]
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
