"""Executions whose end was not recorded: EventBridge delivers events on a best-effort basis.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-delivery-level.html
"""

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from universal_sync_core.errors import StateSyncError
from universal_sync_core.retention.children import Children
from universal_sync_core.retention.ended import RecordName, ended_prefix
from universal_sync_core.retention.inventory import Inventory
from universal_sync_core.retention.members import (
    digest_of,
    machine_of,
    member_named,
    members_of,
)
from universal_sync_core.retention.standing import Standing
from universal_sync_core.retention.terms import MOST_ASKED, Executions, Outcome, Terms
from universal_sync_core.storage.keys import LAYOUT, execution_prefix, owner_in
from universal_sync_core.storage.runtime import Runtime

_ENDED: Final = frozenset({Standing.RECENT, Standing.OVER, Standing.FORGOTTEN})


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """Finds ends without a record, and records them."""

    _used: Runtime
    _inventory: Inventory
    _executions: Executions
    _terms: Terms
    _children: Children
    _outcome: Outcome

    def record(self, doubtful: Mapping[str, str], has_time: Callable[[], bool]) -> None:
        """Record ends that have no record yet, and note their executions in the outcome.

        Args:
            doubtful: executions that may have ended, besides those with stored state; each with the
                owner of the state that it works on.
            has_time: whether there is time to ask about another.
        """
        recorded = self._recorded()
        owners = list(self._owners())
        alone = self._children.note(owners, recorded, has_time)
        found = [
            (arn, owner)
            for arn, owner in {**{each: each for each in owners}, **doubtful}.items()
            if machine_of(arn) in self._terms.machines and digest_of(arn) not in recorded
        ]
        found += [(child, child) for child in alone]
        random.shuffle(found)  # there may be more than one run can ask about
        asked = itertools.takewhile(lambda _: has_time(), found[:MOST_ASKED])
        for arn, owner in asked:
            try:
                self._record(arn, owner, recorded)
            except StateSyncError as error:  # of one execution: the others are recorded
                self._outcome.note_failure(arn, error)

    def _recorded(self) -> set[str]:
        """Return the digests of all executions with a record."""
        prefix = ended_prefix(self._used.settings)
        stored = self._inventory.objects(self._used.settings.bucket or "", prefix)
        names = (RecordName.in_key(each.location.key) for each in stored)
        return {name.digest for name in names if name is not None}

    def _owners(self) -> Iterator[str]:
        settings = self._used.settings
        layout = f"{settings.prefix}{LAYOUT}/"
        for folder in self._inventory.folders(settings.bucket or "", layout):
            owner = owner_in(settings, folder)
            if owner is not None:
                yield owner

    def _record(self, arn: str, owner: str, recorded: set[str]) -> None:
        """Record the end of an execution, or of those that its state waits for."""
        for each in self._may_need(arn, owner):
            if digest_of(each) not in recorded and self._has_ended(each):
                self._executions.record(each, owner)
                recorded.add(digest_of(each))
                self._outcome.recorded.append(each)

    def _has_ended(self, arn: str) -> bool:
        return self._executions.standing(arn, self._terms.since) in _ENDED

    def _may_need(self, arn: str, owner: str) -> list[str]:
        """Return the executions that may still need a state, if there is any.

        That is the execution itself, or, if it began the state and is settled, those that went on.
        """
        settings = self._used.settings
        stored = self._inventory.objects(settings.bucket or "", execution_prefix(settings, owner))
        if next(stored, None) is None:  # deleted meanwhile
            return []
        members = members_of(self._used, self._inventory, owner)
        if digest_of(arn) not in members.settled:
            return [arn]
        others = members.unsettled(owner) if arn == owner else ()
        named = (member_named(self._used, owner, digest) for digest in others)
        return [each for each in named if each and machine_of(each) in self._terms.machines]
