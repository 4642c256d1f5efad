"""The executions that work on a workflow's state, and which of them are settled.

A workflow is the execution that began a state, whose id the objects are kept under, with all
executions that went on from it: those that continued it, resumed it, or restored one of its
snapshots. Each of these leaves a mark beside the state before it reads any of it. An execution is
settled when it ended longer ago than the retention. When all executions of a workflow are settled,
nothing of it is needed any more.
"""

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from universal_sync_core.errors import InvalidRequestError, MissingObjectError
from universal_sync_core.retention.inventory import Inventory
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.keys import execution_prefix
from universal_sync_core.storage.runtime import Runtime
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import Json, decode, encode

MEMBERS_FOLDER: Final = "executions/"
# This mark exists while the state of the workflow is being deleted.
_CLOSED: Final = "closed.json"
_DIGITS: Final = 32
_MARK: Final = re.compile(rf"([0-9a-f]{{{_DIGITS}}})\.(began|settled)\.json")

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
_EXECUTION: Final = re.compile(r"(arn:[^:]+:states:[^:]*:[^:]*:)execution:([^:]+):[^:]+")

Step: TypeAlias = Literal["began", "settled"]


@dataclass(frozen=True, slots=True)
class Members:
    """The executions that work on a workflow's state, by the digests of their ARNs.

    Attributes:
        began: those that went on with it, without the one that began it.
        settled: those that ended longer ago than the retention.
        is_closed: whether no other execution may go on with the state.
    """

    began: frozenset[str] = field(default_factory=frozenset)
    settled: frozenset[str] = field(default_factory=frozenset)
    is_closed: bool = False

    def unsettled(self, owner: str) -> frozenset[str]:
        """Return those that may still need the state, including the one that began it."""
        return (self.began | {digest_of(owner)}) - self.settled

    @classmethod
    def named(cls, keys: Iterable[str], folder: str) -> "Members":
        """Return the members whose marks are directly in a folder; other keys are ignored.

        Workers may write into every folder called `packs/`, below this one as well.
        """
        names = {key.removeprefix(folder) for key in keys}
        found = [match.groups() for name in names if (match := _MARK.fullmatch(name))]
        began, settled = (
            frozenset(digest for digest, step in found if step == wanted)
            for wanted in ("began", "settled")
        )
        return cls(began, settled, _CLOSED in names)


def members_of(used: Runtime, inventory: Inventory, owner: str) -> Members:
    """Return the members of a workflow by the marks beside its state."""
    folder = members_prefix(used.settings, owner)
    found = inventory.objects(used.settings.bucket or "", folder)
    return Members.named((stored.location.key for stored in found), folder)


def member_named(used: Runtime, owner: str, digest: str) -> str | None:
    """Return the ARN of a member by its digest, or None if it has left no mark."""
    if digest == digest_of(owner):
        return owner
    location = mark(used.settings, owner, digest, "began")
    with suppress(MissingObjectError):
        return marked_execution(used.read(location))
    return None


def machine_of(execution_id: str) -> str | None:
    """Return the ARN of the state machine of an execution, or None if the id is not an ARN."""
    match = _EXECUTION.fullmatch(execution_id)
    return f"{match[1]}stateMachine:{match[2]}" if match else None


def digest_of(execution_arn: str) -> str:
    """Return the digest that stands for an execution in the names of marks and records."""
    return hashlib.sha256(execution_arn.encode()).hexdigest()[:_DIGITS]


def mark(settings: Settings, owner: str, digest: str, step: Step) -> Location:
    """Return the place of the mark of a member."""
    return _location(settings, owner, f"{digest}.{step}.json")


def closed(settings: Settings, owner: str) -> Location:
    """Return the place of the mark of a state that is being deleted."""
    return _location(settings, owner, _CLOSED)


def marked_execution(body: bytes) -> str | None:
    """Return the ARN in a mark, or None if there is none."""
    document: Json = decode(body)
    arn = document.get("execution_arn") if type(document) is dict else None
    return arn if type(arn) is str else None


def leave_mark(used: Runtime, owner: str, execution_arn: str, step: Step) -> None:
    """Leave a mark that an execution has begun to work on a state, or is settled."""
    body = encode({"execution_arn": execution_arn})
    location = mark(used.settings, owner, digest_of(execution_arn), step)
    used.create(location, body)


def begin_work(path: str, owner: str, execution_arn: str, *, field: str) -> None:
    """Leave a mark that an execution goes on with the state of another, so that the state is kept.

    This call and a deletion may run at the same time: each first leaves its own mark, and then
    looks for the other's. A deletion that has ended has left nothing, so the object is looked for
    that was read before.

    Args:
        path: the path of that object, which named the state.
        owner: the execution that began the state.
        execution_arn: the execution that goes on with it.
        field: the path of the field that has the path.

    Raises:
        InvalidRequestError: the state is being deleted.
        MissingObjectError: it has been deleted meanwhile.
    """
    used = runtime.current()
    leave_mark(used, owner, execution_arn, "began")
    if used.exists(closed(used.settings, owner)):
        message = (
            f"{field}: this workflow ended longer ago than the stack's retention, and its state is"
            " being deleted. The bucket keeps its versions for another 30 days"
        )
        raise InvalidRequestError(message, field=field)
    if not used.exists(Location.parse(path)):
        raise MissingObjectError("no such object", path=path)


def require_begun(owner: str, execution_arn: str) -> None:
    """Raise MissingObjectError without the mark that an execution goes on with another's state."""
    used = runtime.current()
    location = mark(used.settings, owner, digest_of(execution_arn), "began")
    used.read(location)


def has_begun(owner: str, execution_arn: str) -> bool:
    """Tell whether an execution has left the mark that it goes on with another's state."""
    with suppress(MissingObjectError, InvalidRequestError):  # which an id without keys raises
        require_begun(owner, execution_arn)
        return True
    return False


def members_prefix(settings: Settings, owner: str) -> str:
    """Return the prefix of the marks of a workflow."""
    return f"{execution_prefix(settings, owner)}{MEMBERS_FOLDER}"


def _location(settings: Settings, owner: str, name: str) -> Location:
    return Location(settings.bucket or "", f"{members_prefix(settings, owner)}{name}")
