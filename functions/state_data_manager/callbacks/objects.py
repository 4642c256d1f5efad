"""The objects of a callback in S3. Each is created once and checked strictly when it is read.

    callbacks/<name>.json             the token, and the question
    callbacks/<name>.token-2.json     the token of the second try of the wait, and so on
    callbacks/<name>.answer.json      the claim: the answer to send
    callbacks/<name>.<mark>.json      how far the delivery got, see `delivery`

Step Functions makes a new token each time that it tries a state again. `<name>` is the SHA-256 of
the wait if the state says which wait it is, so that each try finds the callback of the first;
otherwise it is the SHA-256 of the token. The callback's id contains the digest of its first token,
so nobody can guess the id, and nobody can make a record for the token of another. The objects after
a record are sealed: their HMAC by the first token shows that somebody who knows the token made
them. This module ignores any other object under these names.
"""

import hashlib
import hmac
import itertools
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    MissingObjectError,
    UnreadableObjectError,
)
from universal_sync_core.limits import STEP_FUNCTIONS_TOKEN_CHARS
from universal_sync_core.storage import runtime
from universal_sync_core.storage.keys import execution_prefix
from universal_sync_core.storage.store import Location
from universal_sync_core.values import codec
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.validation import ModelT, validate_json

# The type of an operator's hold: nobody is asked, and the answer is not merged.
HOLD: Final = "hold"
_SEAL: Final = "seal"
_MADE_BY: Final = "made_by"
_TOKEN_DIGITS: Final = 32


def _moment(text: str) -> str:
    """Return a time in ISO 8601 after checking that one can calculate with it."""
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
    callback_type: Literal["human", "async", "hold"]
    execution_id: str
    prompt: Any
    state_revision: int | None
    task_token: str = Field(min_length=1, max_length=STEP_FUNCTIONS_TOKEN_CHARS, repr=False)
    requested_at: Annotated[str, AfterValidator(_moment)]
    job: str | None = None

    def told(self) -> JsonObject:
        """Return the content of the record, without `job` if it does not wait for one."""
        return self.model_dump(exclude={"job"} if self.job is None else None)


def id_of(token: str, wait: bytes | None = None) -> str:
    """Return the id of the callback that a task token answers.

    Args:
        token: the token of the first try of the wait.
        wait: what distinguishes it from every other wait of its execution, if known.
    """
    digest = hashlib.sha256(token.encode()).hexdigest()
    if wait is None:
        return digest
    return f"{hashlib.sha256(wait).hexdigest()}-{digest[:_TOKEN_DIGITS]}"


def _name_of(callback_id: str) -> str:
    return callback_id.partition("-")[0]


def _is_of(token: str, callback_id: str) -> bool:
    """Tell whether a callback's id was made from a token."""
    name, dash, digits = callback_id.partition("-")
    digest = hashlib.sha256(token.encode()).hexdigest()
    return digest.startswith(digits) if dash else digest == name


def write_record(record: Record) -> bool:
    """Store a record, and return False if it was stored before."""
    location = _location(record.execution_id, f"{_name_of(record.callback_id)}.json")
    return create(location, record.told())


def read_record(execution_id: str, callback_id: str) -> Record:
    """Return the record of a callback that this execution requested.

    Raises:
        InvalidRequestError: there is no such callback.
        MalformedPointerError: the object is not a record, or belongs to another token or execution.
        UnreadableObjectError: it is not JSON.
    """
    record = read_like(execution_id, callback_id)
    if record.callback_id != callback_id:
        raise _no_such_callback()
    return record


def read_like(execution_id: str, callback_id: str) -> Record:
    """Return the record of a callback's wait, with the errors of `read_record`."""
    location = _location(execution_id, f"{_name_of(callback_id)}.json")
    try:
        record = read_as(Record, location, "record", "is not a callback record")
    except MissingObjectError as error:
        raise _no_such_callback() from error
    is_same_wait = _name_of(record.callback_id) == _name_of(callback_id)
    if not is_same_wait or not _is_of(record.task_token, record.callback_id):
        message = "the callback record belongs to another task token than its name says"
        raise MalformedPointerError(message, path=str(location))
    if record.execution_id != execution_id:
        message = "the callback record belongs to another execution than its folder"
        raise MalformedPointerError(message, path=str(location))
    return record


def _no_such_callback() -> InvalidRequestError:
    message = "callback_id: this execution did not request such a callback"
    return InvalidRequestError(message, field="callback_id")


class Marks:
    """The marks of one callback: what was done about it, and by whom.

    Attributes:
        tries: the number of tries of the wait that `tokens` has yielded so far.
    """

    def __init__(self, record: Record) -> None:
        """Act for one submission, whose marks differ from those of all others."""
        self._record = record
        self._made_by = uuid.uuid4().hex
        self.tries = 1

    def claim(self, name: str, content: JsonObject) -> tuple[JsonObject | None, bool]:
        """Make a mark unless it exists; return its content, and whether this submission made it.

        If the reply to a request was lost, the retry finds that the mark is its own. The content is
        None if the mark was not made by somebody who knows the token.
        """
        own = {**content, _MADE_BY: self._made_by}
        location = self._at(name)
        if create(location, own | {_SEAL: self._seal(name, own)}):
            return content, True
        there = self._opened(name)
        is_own = there is not None and there[_MADE_BY] == self._made_by
        return _content(there), is_own

    def read(self, name: str) -> JsonObject | None:
        """Return the content of a mark, or None if nobody who knows the token made one."""
        return _content(self._opened(name))

    def number_of(self, token: str) -> int:
        """Return to which try of the wait a token belongs; a new token is stored."""
        number = 1
        kept: JsonObject | None = {"task_token": self._record.task_token}
        while kept is None or kept.get("task_token") != token:
            number += 1
            kept, _ = self.claim(_token_mark(number), {"task_token": token})
        return number

    def tokens(self) -> Iterator[str]:
        """Yield the tokens of all tries of the wait in order; each is read when it is asked for.

        Step Functions ends a try before it begins the next, so only the last token counts.
        """
        yield self._record.task_token
        for number in itertools.count(2):
            kept = self.read(_token_mark(number))
            if kept is None:
                return
            self.tries = number
            yield kept["task_token"]

    def is_tried_again_after(self, tries: int) -> bool:
        """Tell whether the wait has been tried more often than `tries`."""
        return self.read(_token_mark(tries + 1)) is not None

    def _opened(self, name: str) -> JsonObject | None:
        try:
            document = read(self._at(name))
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
        return _location(
            self._record.execution_id, f"{_name_of(self._record.callback_id)}.{name}.json"
        )


def _token_mark(number: int) -> str:
    return f"token-{number}"


def _content(mark: JsonObject | None) -> JsonObject | None:
    return mark and {key: value for key, value in mark.items() if key != _MADE_BY}


def _location(execution_id: str, name: str) -> Location:
    settings = runtime.current().settings
    if settings.bucket is None:
        raise InvalidRequestError("a callback needs the setting STATE_BUCKET")
    prefix = execution_prefix(settings, execution_id)
    return Location(settings.bucket, f"{prefix}callbacks/{name}")


def create(location: Location, content: JsonObject) -> bool:
    """Create an object, and return False if it exists already."""
    process = runtime.current()
    process.usage.count_request()
    return process.create(location, codec.encode(content))


def read(location: Location) -> Json:
    """Return the JSON of an object; raise MissingObjectError if there is none."""
    process = runtime.current()
    process.usage.count_request()
    return codec.decode(process.read(location), path=str(location))


def read_as(model: type[ModelT], location: Location, name: str, fault: str) -> ModelT:
    """Return an object in the form of a model.

    Args:
        model: the form.
        location: of the object.
        name: what the paths of a message begin with.
        fault: what a message says of an object of another form.

    Raises:
        MissingObjectError: there is no object.
        UnreadableObjectError: it is not JSON.
        MalformedPointerError: it has another form.
    """
    document = read(location)
    try:
        return validate_json(model, document, name)
    except InvalidRequestError as error:
        message = f"the object {fault} ({error})"
        raise MalformedPointerError(message, path=str(location)) from None
