"""The objects of a callback in S3. Each is created once, and read strictly.

    callbacks/<id>.json             the token, and what is asked
    callbacks/<id>.answer.json      the claim: the answer that is sent
    callbacks/<id>.<mark>.json      how far it got; the module `delivery` says which marks there are

`<id>` is the SHA-256 of the task token, so a record cannot be made for another's token. What
follows a record is sealed: its HMAC, by the token, shows that somebody who knows the token made
it. Anything else that lies under these names is not there for this module.
"""

import hashlib
import hmac
import uuid
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from universal_sync_core import codec, workspace
from universal_sync_core.codec import Json, JsonObject
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    MissingObjectError,
    UnreadableObjectError,
)
from universal_sync_core.keys import execution_prefix
from universal_sync_core.store import Location
from universal_sync_core.validation import validate_json

# https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
TOKEN_MAX_CHARS: Final = 2_048
_SEAL: Final = "seal"
_MADE_BY: Final = "made_by"


def _moment(text: str) -> str:
    """Return a time in ISO 8601 that can be reckoned with, as it is."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time has no offset")
    try:
        _ = moment + timedelta(days=1)
    except OverflowError as error:
        raise ValueError("the time is out of range") from error
    return text


class Record(BaseModel):
    """A callback that was requested."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True
    )

    callback_id: str
    callback_type: Literal["human", "async"]
    execution_id: str
    prompt: Any
    state_revision: int | None
    task_token: str = Field(min_length=1, max_length=TOKEN_MAX_CHARS, repr=False)
    requested_at: Annotated[str, AfterValidator(_moment)]


def id_of(token: str) -> str:
    """Return the id of the callback that a task token answers."""
    return hashlib.sha256(token.encode()).hexdigest()


def write_record(record: Record) -> bool:
    """Keep a record; return False where it was kept before."""
    location = _location(record.execution_id, f"{record.callback_id}.json")
    return _create(location, record.model_dump())


def read_record(execution_id: str, callback_id: str) -> Record:
    """Return the record of a callback that this execution requested.

    Raises:
        InvalidRequestError: there is none.
        MalformedPointerError: what is there is no record, or that of another token or execution.
        UnreadableObjectError: it is not JSON.
    """
    location = _location(execution_id, f"{callback_id}.json")
    try:
        document = _read(location)
    except MissingObjectError as error:
        message = "callback_id: this execution requested no such callback"
        raise InvalidRequestError(message, field="callback_id") from error
    try:
        record = validate_json(Record, document, "record")
    except InvalidRequestError as error:
        message = f"this is not a callback record ({error})"
        raise MalformedPointerError(message, path=str(location)) from None
    if not callback_id == record.callback_id == id_of(record.task_token):
        message = "the callback record is of another task token than its name says"
        raise MalformedPointerError(message, path=str(location))
    if record.execution_id != execution_id:
        message = "the callback record is of another execution than its folder"
        raise MalformedPointerError(message, path=str(location))
    return record


class Marks:
    """What was done about one callback, and by whom."""

    def __init__(self, record: Record) -> None:
        """Speak for one submission: its marks are told from those of all others."""
        self._record = record
        self._made_by = uuid.uuid4().hex

    def claim(self, name: str, content: JsonObject) -> tuple[JsonObject | None, bool]:
        """Make a mark, unless it is there; return what it says, and whether it is one's own.

        One whose reply was lost is found to be one's own when it is tried again. None is said by
        what lies there and was made by nobody who knows the token.
        """
        own = {**content, _MADE_BY: self._made_by}
        location = self._at(name)
        if _create(location, own | {_SEAL: self._seal(name, own)}):
            return content, True
        there = self._opened(name)
        is_own = there is not None and there[_MADE_BY] == self._made_by
        return _content(there), is_own

    def read(self, name: str) -> JsonObject | None:
        """Return what a mark says, or None where nobody who knows the token made one."""
        return _content(self._opened(name))

    def _opened(self, name: str) -> JsonObject | None:
        try:
            document = _read(self._at(name))
        except (MissingObjectError, UnreadableObjectError):
            return None
        if type(document) is not dict or type(document.get(_SEAL)) is not str:
            return None
        content = {key: value for key, value in document.items() if key != _SEAL}
        seal = self._seal(name, content)
        is_genuine = hmac.compare_digest(seal.encode(), document[_SEAL].encode(errors="replace"))
        return content if is_genuine and _MADE_BY in content else None

    def _seal(self, name: str, content: JsonObject) -> str:
        text = f"{self._record.execution_id}\n{name}\n".encode() + codec.canonical(content)
        return hmac.digest(self._record.task_token.encode(), text, "sha256").hex()

    def _at(self, name: str) -> Location:
        return _location(self._record.execution_id, f"{self._record.callback_id}.{name}.json")


def _content(mark: JsonObject | None) -> JsonObject | None:
    return mark and {key: value for key, value in mark.items() if key != _MADE_BY}


def _location(execution_id: str, name: str) -> Location:
    settings = workspace.current().settings
    if settings.bucket is None:
        raise InvalidRequestError("a callback needs the setting STATE_BUCKET")
    prefix = execution_prefix(settings, execution_id)
    return Location(settings.bucket, f"{prefix}callbacks/{name}")


def _create(location: Location, content: JsonObject) -> bool:
    space = workspace.current()
    space.usage.count_request()
    return space.retry.execute(space.store.put, location, codec.encode(content))


def _read(location: Location) -> Json:
    """Return what an object says; MissingObjectError where there is none."""
    space = workspace.current()
    space.usage.count_request()
    stored = space.retry.execute(space.store.get, location)
    return codec.decode(stored.body, path=str(location))
