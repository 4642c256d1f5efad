"""State that children of Distributed Maps keep under their own ids.

Each child is an execution whose id does not name its parent. Step Functions tells which execution
ran the map, but only for 90 days after the child's end, while the parent may run for a year. So
children with state are noted beside their parent's state, and their state is deleted together with
it.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from universal_sync_core.errors import MalformedPointerError
from universal_sync_core.limits import STEP_FUNCTIONS_EXECUTION_SECONDS
from universal_sync_core.retention.inventory import Inventory, Stored
from universal_sync_core.retention.members import digest_of, machine_of, members_prefix
from universal_sync_core.retention.terms import MOST_ASKED, Executions, Terms
from universal_sync_core.storage.keys import execution_prefix, items_prefix
from universal_sync_core.storage.parallel import in_parallel
from universal_sync_core.storage.runtime import Runtime
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import Json, decode, encode

_LIST: Final = ".children.json"
_LIST_NAME: Final = re.compile(r"[0-9a-f]{32}\.children\.json")
_CHILDREN: Final = "execution_arns"
# How many children are listed between two checks of the time that is left.
_LISTED_AT_ONCE: Final = 500
# Children of a map may also be of the type EXPRESS.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
_CHILD: Final = re.compile(
    r"(arn:[^:]+:states:[^:]*:[^:]*:)(?:execution|express):([^:/]+)/[^:]+(?::[^:]+){1,2}"
)
# If children are older than this, their parent has ended.
_LONGEST: Final = timedelta(seconds=STEP_FUNCTIONS_EXECUTION_SECONDS)


def parents_machine(execution_id: str) -> str | None:
    """Return the state machine whose Distributed Map started an execution, or None."""
    match = _CHILD.fullmatch(execution_id)
    return f"{match[1]}stateMachine:{match[2]}" if match else None


@dataclass(frozen=True, slots=True)
class Children:
    """Notes children with state beside their parents, and finds that state."""

    _used: Runtime
    _inventory: Inventory
    _executions: Executions
    _terms: Terms

    @property
    def _bucket(self) -> str:
        return self._used.settings.bucket or ""

    def batches(self, owner: str, marks: Iterable[Stored]) -> Iterator[tuple[Stored, list[Stored]]]:
        """Yield the objects of a workflow's children, and of their children, some at a time.

        Args:
            owner: the workflow.
            marks: the objects beside its state.

        Yields:
            The object that lists some children, and everything that these have stored.
        """
        for listed in self._lists(owner, marks):
            children = self._read(listed.location)
            yield listed, [each for child in children for each in self._stored_by(child)]

    def _stored_by(self, child: str) -> Iterator[Stored]:
        for stored in self._objects_under(child):
            for listed in self._lists(child, [stored]):
                for each in self._read(listed.location):
                    yield from self._stored_by(each)
            yield stored
        yield from self._inventory.objects(self._bucket, items_prefix(self._used.settings, child))

    def note(
        self, owners: Sequence[str], recorded: Collection[str], has_time: Callable[[], bool]
    ) -> list[str]:
        """Note children with state beside their parents, and return those without a known parent.

        Args:
            owners: all executions with state.
            recorded: the digests of all executions whose end is recorded.
            has_time: whether there is time to ask about another.

        Returns:
            Children whose parents can no longer be found, and that are so old that these have
            ended.
        """
        unnoted = {
            each
            for each in owners
            if parents_machine(each) in self._terms.machines and digest_of(each) not in recorded
        }
        if not unnoted:
            return []
        unnoted -= self._noted(owners)
        alone: list[str] = []
        # A set of strings has another order in each process, so nobody is always passed over.
        while unnoted and len(alone) < MOST_ASKED and has_time():
            child = unnoted.pop()
            if next(self._objects_under(child), None) is None:  # deleted meanwhile
                continue
            run = self._executions.map_run_of(child)
            if run is None:
                alone.append(child)
                continue
            siblings = {child, *unnoted.intersection(run.children())}
            unnoted -= siblings
            self._note(run.parent, sorted(siblings))
        return [child for child in alone if has_time() and self._is_of_another_age(child)]

    def _noted(self, owners: Iterable[str]) -> set[str]:
        """Return the children that are noted anywhere; a child may be a parent as well."""
        parents = [
            each
            for each in owners
            if not {machine_of(each), parents_machine(each)}.isdisjoint(self._terms.machines)
        ]
        found = in_parallel(lambda parent: list(self._noted_at(parent)), parents)
        return {child for children in found for child in children}

    def _noted_at(self, parent: str) -> Iterator[str]:
        prefix = members_prefix(self._used.settings, parent)
        for listed in self._lists(parent, self._inventory.objects(self._bucket, prefix)):
            yield from self._read(listed.location)

    def _lists(self, parent: str, found: Iterable[Stored]) -> Iterator[Stored]:
        """Yield the lists of a parent's children, which are directly beside its marks.

        Workers may write into every folder called `packs/`, below that one as well.
        """
        prefix = members_prefix(self._used.settings, parent)
        for stored in found:
            if _LIST_NAME.fullmatch(stored.location.key.removeprefix(prefix)):
                yield stored

    def _read(self, location: Location) -> list[str]:
        document: Json = decode(self._used.read(location), path=str(location))
        children: Json = document.get(_CHILDREN) if type(document) is dict else None
        if type(children) is not list or not all(type(each) is str for each in children):
            raise MalformedPointerError("the object is not a list of children", path=str(location))
        return children

    def _note(self, parent: str, children: list[str]) -> None:
        for at in range(0, len(children), _LISTED_AT_ONCE):
            body = encode({_CHILDREN: children[at : at + _LISTED_AT_ONCE]})
            name = f"{digest_of(body.decode())}{_LIST}"
            key = f"{members_prefix(self._used.settings, parent)}{name}"
            self._used.create(Location(self._bucket, key), body)

    def _is_of_another_age(self, child: str) -> bool:
        before = self._terms.now - _LONGEST
        return all(each.modified < before for each in self._objects_under(child))

    def _objects_under(self, child: str) -> Iterator[Stored]:
        prefix = execution_prefix(self._used.settings, child)
        return self._inventory.objects(self._bucket, prefix)
