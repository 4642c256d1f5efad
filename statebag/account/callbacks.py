"""Callbacks as they lie in S3, without their tokens.

A callback belongs to the execution in whose folder it lies, and its id has the digest of its token.
A record that says otherwise, or that cannot be read, is shown as such, and cannot be answered.
"""

import hashlib
import itertools
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from statebag.account.aws import Cloud
from statebag.account.places import Place
from statebag.errors import NotFoundError, RefusedError
from universal_sync_core.errors import MissingObjectError, StoredDataError
from universal_sync_core.retention.inventory import Stored
from universal_sync_core.storage.keys import execution_prefix
from universal_sync_core.storage.store import read_record
from universal_sync_core.values.codec import Json, JsonObject, decode

_FOLDER: Final = "callbacks/"
_DELIVERED: Final = ".delivered.json"
_EXPIRED: Final = ".expired.json"
_RECORD: Final = re.compile(r"([0-9a-f]{64})\.json")
# What shows who made an answer, and is nothing of it.
_MADE_BY: Final = {"made_by", "seal"}
_SHORTEST_PREFIX: Final = 4

WAITING: Final = "waiting"
ANSWERED: Final = "answered"
DELIVERED: Final = "delivered"
EXPIRED: Final = "expired"
UNREADABLE: Final = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One callback that an execution requested.

    Attributes:
        status: `waiting`; `answered` where Step Functions has not taken the answer yet, which then
            has to be sent again; `delivered`; `expired` where it came too late; or `unreadable`
            where the record is not of this callback.
        prompt: what is asked; a pointer where it is large.
        answer: the first answer that Step Functions did not refuse.
    """

    callback_id: str
    execution_id: str
    status: str
    kind: str = ""
    requested: str = ""
    revision: Json = None
    prompt: Json = None
    answer: Json = None

    def describe(self) -> JsonObject:
        """Return it as JSON."""
        return {
            "callback_id": self.callback_id,
            "execution_id": self.execution_id,
            "callback_type": self.kind,
            "status": self.status,
            "requested_at": self.requested,
            "state_revision": self.revision,
            "prompt": self.prompt,
            "answer": self.answer,
        }


def callbacks_of(cloud: Cloud, place: Place, execution_id: str) -> list[Callback]:
    """Return the callbacks that an execution requested, oldest first; reads those objects."""
    names = _objects_of(cloud, place, execution_id)
    found = [
        _read(cloud, execution_id, match[1], names)
        for name in names
        if (match := _RECORD.fullmatch(name))
    ]
    return sorted(found, key=lambda callback: callback.requested)


def open_callbacks(cloud: Cloud, place: Place, execution_id: str) -> Iterator[bytes]:
    """Yield the records, as they are stored, of callbacks whose answer was not delivered."""
    names = _objects_of(cloud, place, execution_id)
    for name, stored in names.items():
        callback = name.partition(".")[0]
        if f"{callback}{_DELIVERED}" not in names:
            with suppress(MissingObjectError):  # another deletion was faster
                yield read_record(cloud.store, stored.location)


def find(callbacks: list[Callback], start: str) -> Callback:
    """Return the callback whose id begins with `start`.

    Raises:
        NotFoundError: there is none, or `start` is too short.
        RefusedError: there are several.
    """
    matching = [each for each in callbacks if each.callback_id.startswith(start)]
    if not matching or len(start) < _SHORTEST_PREFIX:
        hint = "`statebag callbacks list ARN --all` lists them; the first characters are enough."
        raise NotFoundError(f"this execution has no callback {start}", hint=hint)
    if len(matching) > 1:
        hint = "Give more characters of its id."
        raise RefusedError(f"{len(matching)} callbacks begin with {start}", hint=hint)
    return matching[0]


def _objects_of(cloud: Cloud, place: Place, execution_id: str) -> dict[str, Stored]:
    """Return the objects of the callbacks of an execution, by their names."""
    prefix = f"{execution_prefix(place.settings, execution_id)}{_FOLDER}"
    objects = cloud.inventory.objects(place.bucket, prefix)
    return {each.location.key.removeprefix(prefix): each for each in objects}


def _answer_of(name: str, names: dict[str, Stored]) -> Stored | None:
    """Return the claimed answer; each before it was refused, as its own mark says."""
    for number in itertools.count(1):
        suffix = "" if number == 1 else f"-{number}"
        answer = names.get(f"{name}.answer{suffix}.json")
        if answer is None or f"{name}.refused{suffix}.json" not in names:
            return answer
    return None


def _read(cloud: Cloud, execution_id: str, name: str, names: dict[str, Stored]) -> Callback:
    record = _document(cloud, names[f"{name}.json"])
    if not _is_own(record, execution_id, name):
        return Callback(callback_id=name, execution_id=execution_id, status=UNREADABLE)
    answer = _answer_of(name, names)
    given = _document(cloud, answer) if answer else {}
    shown = {key: value for key, value in given.items() if key not in _MADE_BY}
    return Callback(
        callback_id=record["callback_id"],
        execution_id=execution_id,
        kind=record["callback_type"],
        status=_status(cloud, name, names, is_answered=answer is not None),
        requested=record["requested_at"],
        revision=record.get("state_revision"),
        prompt=record.get("prompt"),
        answer=shown or None,
    )


def _status(cloud: Cloud, name: str, names: dict[str, Stored], *, is_answered: bool) -> str:
    if f"{name}{_DELIVERED}" in names:
        return DELIVERED
    expired = names.get(f"{name}{_EXPIRED}")
    if expired is None:
        return ANSWERED if is_answered else WAITING
    tries = _document(cloud, expired).get("tries")
    is_tried_again = type(tries) is int and f"{name}.token-{tries + 1}.json" in names
    return WAITING if is_tried_again else EXPIRED


def _is_own(record: JsonObject, execution_id: str, name: str) -> bool:
    """Tell whether a record is of the callback and the execution that it lies under."""
    fields = ("task_token", "callback_id", "callback_type", "requested_at")
    texts = [record.get(field) for field in fields]
    if not all(isinstance(text, str) for text in texts):
        return False
    digest = hashlib.sha256(str(texts[0]).encode(errors="surrogatepass")).hexdigest()
    of_wait, dash, of_token = str(texts[1]).partition("-")
    is_of_token = digest.startswith(of_token) if dash else digest == name
    return is_of_token and of_wait == name and record.get("execution_id") == execution_id


def _document(cloud: Cloud, stored: Stored) -> JsonObject:
    """Return what an object says, or nothing if it is not a JSON object or is gone."""
    try:
        found = decode(read_record(cloud.store, stored.location), path=str(stored.location))
    except StoredDataError:
        return {}
    return found if type(found) is dict else {}
