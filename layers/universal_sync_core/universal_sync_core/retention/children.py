"""State that children of Distributed Maps keep under ids of their own.

Each child is an execution with an id that names no parent. Step Functions tells which execution
ran its map, for as long as it knows the child: 90 days after the child's end, while the parent may
run for a year. So it is noted beside the parent's state whose children have state, and what they
stored is deleted with the state of their parent.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
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
_CHILDREN: Final = "execution_arns"
# Each is asked for what it has stored, between two looks at the time that is left.
_LISTED_AT_ONCE: Final = 500
# Those of a map may be of the type EXPRESS, too.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
_CHILD: Final = re.compile(
    r"(arn:[^:]+:states:[^:]*:[^:]*:)(?:execution|express):([^:/]+)/[^:]+(?::[^:]+){1,2}"
)
# A parent whose children are so old has ended.
_LONGEST: Final = timedelta(seconds=STEP_FUNCTIONS_EXECUTION_SECONDS)


def parents_machine(execution_id: str) -> str | None:
    """Return the state machine whose Distributed Map started an execution, or None of any other."""
    match = _CHILD.fullmatch(execution_id)
    return f"{match[1]}stateMachine:{match[2]}" if match else None


class Children:
    """Notes whose children have state of their own, and finds that state."""

    def __init__(
        self, used: Runtime, inventory: Inventory, executions: Executions, terms: Terms
    ) -> None:
        """Look where the settings say."""
        self._used = used
        self._bucket = used.settings.bucket or ""
        self._inventory = inventory
        self._executions = executions
        self._terms = terms

    def batches(self, marks: Iterable[Stored]) -> Iterator[tuple[Stored, list[Stored]]]:
        """Yield what the children of a workflow stored, and theirs in turn, some at a time.

        Args:
            marks: what lies beside the state of the workflow.

        Yields:
            The object that lists some children, and all that these have stored.
        """
        for listed in filter(_is_list, marks):
            children = self._read(listed.location)
            yield listed, [each for child in children for each in self._stored_by(child)]

    def _stored_by(self, child: str) -> Iterator[Stored]:
        for stored in self._objects_under(child):
            if _is_list(stored):
                for each in self._read(stored.location):
                    yield from self._stored_by(each)
            yield stored
        yield from self._inventory.objects(self._bucket, items_prefix(self._used.settings, child))

    def note(
        self, owners: Sequence[str], recorded: Collection[str], has_time: Callable[[], bool]
    ) -> list[str]:
        """Note children with state beside their parents, and return those of nobody known.

        Args:
            owners: everybody who has state.
            recorded: what all whose end is recorded are called.
            has_time: whether there is time to ask about another.

        Returns:
            Children whose parents nobody can tell any more, and that are so old that these have
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
        # A set of texts has another order in each process: nobody is passed over for ever.
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
        """Return the children that are noted anywhere; one may be a parent as well."""
        parents = [
            each
            for each in owners
            if not {machine_of(each), parents_machine(each)}.isdisjoint(self._terms.machines)
        ]
        found = in_parallel(lambda parent: list(self._noted_at(parent)), parents)
        return {child for children in found for child in children}

    def _noted_at(self, parent: str) -> Iterator[str]:
        prefix = members_prefix(self._used.settings, parent)
        for listed in filter(_is_list, self._inventory.objects(self._bucket, prefix)):
            yield from self._read(listed.location)

    def _read(self, location: Location) -> list[str]:
        body = self._used.retry.execute(lambda: self._used.store.get(location)).body
        document: Json = decode(body, path=str(location))
        children: Json = document.get(_CHILDREN) if type(document) is dict else None
        if type(children) is not list or not all(type(each) is str for each in children):
            raise MalformedPointerError("this is no list of children", path=str(location))
        return children

    def _note(self, parent: str, children: list[str]) -> None:
        for at in range(0, len(children), _LISTED_AT_ONCE):
            body = encode({_CHILDREN: children[at : at + _LISTED_AT_ONCE]})
            name = f"{digest_of(body.decode())}{_LIST}"
            key = f"{members_prefix(self._used.settings, parent)}{name}"
            self._put(Location(self._bucket, key), body)

    def _put(self, location: Location, body: bytes) -> None:
        self._used.retry.execute(lambda: self._used.store.put(location, body))

    def _is_of_another_age(self, child: str) -> bool:
        before = self._terms.now - _LONGEST
        return all(each.modified < before for each in self._objects_under(child))

    def _objects_under(self, child: str) -> Iterator[Stored]:
        prefix = execution_prefix(self._used.settings, child)
        return self._inventory.objects(self._bucket, prefix)


def _is_list(stored: Stored) -> bool:
    return stored.location.key.endswith(_LIST)
