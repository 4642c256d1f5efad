"""The keys of everything that a workflow stores: how they are made, and who owns which."""

import hashlib
from contextlib import suppress
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.limits import S3_KEY_BYTES
from universal_sync_core.settings import Settings
from universal_sync_core.values.address import digest_in

LAYOUT: Final = "v1"
# The state machine's ResultWriter writes here.
RESULTS_FOLDER: Final = "distributed/"
# Its ItemReader reads here.
ITEMS_FOLDER: Final = "items/"
# Here jobs are matched with the executions that wait for them.
JOBS_FOLDER: Final = "jobs/"
STATE_FOLDER: Final = "packs/"
_OWNER_DIGITS: Final = 32

# The longest name after the prefix of an execution: a folder, a digest and a callback's mark.
_LONGEST_NAME_BYTES: Final = 128


def execution_prefix(settings: Settings, execution_id: str) -> str:
    """Return the prefix of every key of an execution.

    Raises:
        InvalidRequestError: the id is so long that S3 would refuse the keys.
    """
    prefix = f"{settings.prefix}{LAYOUT}/{_quoted(execution_id)}/"
    size = len(prefix.encode()) + _LONGEST_NAME_BYTES
    if size > S3_KEY_BYTES:
        message = (
            f"execution_id is too long: keys under it have {size:,} bytes, and S3 allows "
            f"{S3_KEY_BYTES:,}. Give the execution a shorter name, or one in ASCII letters;"
            " any other character takes up to 12 bytes"
        )
        raise InvalidRequestError(message, field="execution_id")
    return prefix


@lru_cache(maxsize=64)
def _quoted(execution_id: str) -> str:
    """Return the name of an execution's folder."""
    try:
        quoted = quote(execution_id, safe="")
    except UnicodeEncodeError as error:
        message = "execution_id contains half of a surrogate pair, which a key cannot contain"
        raise InvalidRequestError(message, field="execution_id") from error
    return quoted.replace(".", "%2E") if quoted in (".", "..") else quoted


def places_of_executions(settings: Settings, start: str) -> str:
    """Return the `s3://` prefix of all executions whose ids begin with `start`."""
    return f"s3://{settings.bucket}/{settings.prefix}{LAYOUT}/{quote(start, safe='')}"


def owner_in(settings: Settings, prefix: str) -> str | None:
    """Return the execution whose keys have this prefix, or None if it is the prefix of none.

    A worker may create a folder of any name.
    """
    owner = unquote(prefix.rstrip("/").rsplit("/", 1)[-1])
    with suppress(InvalidRequestError):
        return owner if execution_prefix(settings, owner) == prefix else None
    return None


def content_key(settings: Settings, execution_id: str, stored: bytes) -> str:
    """Return the key of a pack with these bytes."""
    digest = hashlib.sha256(stored).hexdigest()
    return f"{execution_prefix(settings, execution_id)}{STATE_FOLDER}{digest}"


def items_prefix(settings: Settings, execution_id: str) -> str:
    """Return the prefix of the items that an execution stages for its maps.

    Step Functions reads these keys. They have none of the characters that S3 advises against, such
    as the `%` in other keys: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
    """
    owner = hashlib.sha256(execution_id.encode()).hexdigest()[:_OWNER_DIGITS]
    return f"{settings.prefix}{ITEMS_FOLDER}{owner}/"


def results_prefix(settings: Settings, execution_id: str) -> str:
    """Return the `s3://` prefix of the results of Distributed Maps that an execution ran."""
    name = execution_id.rsplit(":", 1)[-1]
    return f"s3://{settings.bucket}/{settings.prefix}{RESULTS_FOLDER}{name}/"


def execution_in(path: str) -> str | None:
    """Return the execution that owns the pack at a path, or None."""
    if digest_in(path) is None:
        return None
    return unquote(path.rsplit("/", 3)[1])
