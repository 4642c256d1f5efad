"""The names of what a workflow stores: which key is whose, and made of what."""

import hashlib
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

from universal_sync_core.pointer import digest_in
from universal_sync_core.settings import Settings

LAYOUT: Final = "v1"
# Where the state machine's ResultWriter writes.
RESULTS_FOLDER: Final = "distributed/"
STATE_FOLDER: Final = "sha256/"


@lru_cache(maxsize=64)
def execution_prefix(settings: Settings, execution_id: str) -> str:
    """Return what every key of an execution starts with."""
    return f"{settings.prefix}{LAYOUT}/{quote(execution_id, safe='')}/"


def content_key(settings: Settings, execution_id: str, stored: bytes) -> str:
    """Return the key of an object with these stored bytes."""
    digest = hashlib.sha256(stored).hexdigest()
    return f"{execution_prefix(settings, execution_id)}{STATE_FOLDER}{digest}"


def execution_in(path: str) -> str | None:
    """Return the execution whose content-addressed object a path names, or None."""
    if digest_in(path) is None:
        return None
    return unquote(path.rsplit("/", 3)[1])
