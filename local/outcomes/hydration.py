"""Pointers replaced by values, as the function of a stack would read them."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from ..errors import MockedError

_ALLOWED = "STATE_ALLOWED_PREFIXES"
_WORDS = ("open", "list", "plain")
# What a worker answers inline.
_ANSWER_BYTES = 60 * 1024


def hydrate(settings: Mapping[str, str], s3: Any, bag: Mapping[str, Any]) -> dict[str, Any]:
    """Return a bag with its pointers replaced by their values.

    Args:
        settings: those of the stack, as its function has them in the environment.
        s3: client of the S3 that its bucket is in.
        bag: the bag.
    """
    # The rest of this package needs no more of the core than its limits, and starts without it.
    from universal_sync_core import hydrate_state  # noqa: PLC0415

    with _reading(settings, s3):
        return hydrate_state(dict(bag))


def hydrate_document(settings: Mapping[str, str], s3: Any, document: Any, machine: str) -> Any:
    """Return any value with its pointers replaced by their values.

    Args:
        settings: those of the stack.
        s3: client of the S3 that its bucket is in.
        document: the value.
        machine: name of the state machine whose executions the pointers are of.
    """
    from universal_sync_core import hydrate  # noqa: PLC0415 - as above

    places = ",".join(_of_machine(s3, settings, machine))
    with _reading({**settings, _ALLOWED: places}, s3):
        return hydrate(document)


def offload_document(
    settings: Mapping[str, str], s3: Any, document: Any, custom: Mapping[str, Any]
) -> Any:
    """Return a value as the decorator `large_payloads` answers it.

    Args:
        settings: those of the stack.
        s3: client of the S3 that its bucket is in.
        document: the value.
        custom: of the client context: the `execution_id` and the words.
    """
    from universal_sync_core import offload  # noqa: PLC0415 - as above

    words = {name: custom[name] for name in _WORDS if name in custom}
    with _reading(settings, s3):
        at_most = custom.get("at_most", _ANSWER_BYTES)
        return offload(document, {"execution_id": custom["execution_id"]}, at_most=at_most, **words)


@contextmanager
def as_function() -> Iterator[None]:
    """Fail as a function does that meets an error of the core: by the error's name."""
    from universal_sync_core.errors import StateSyncError  # noqa: PLC0415 - as above

    try:
        yield
    except StateSyncError as error:
        raise MockedError(type(error).__name__, str(error)) from error


def custom_of(client_context: str | None) -> Mapping[str, Any]:
    """Return what a client context has for the function: its `custom`."""
    decoded = json.loads(base64.b64decode(client_context)) if client_context else {}
    custom: Mapping[str, Any] = decoded.get("custom", {})
    return custom


@contextmanager
def _reading(settings: Mapping[str, str], s3: Any) -> Iterator[None]:
    from universal_sync_core.settings import Settings  # noqa: PLC0415 - as above
    from universal_sync_core.storage import runtime  # noqa: PLC0415
    from universal_sync_core.storage.s3_store import S3Store  # noqa: PLC0415

    with runtime.use(settings=Settings.from_env(settings), store=S3Store(client=s3)):
        yield


def _of_machine(s3: Any, settings: Mapping[str, str], machine: str) -> Iterator[str]:
    """Yield the prefixes of everything that executions of a machine and their children stored."""
    bucket, place = settings["STATE_BUCKET"], f"{settings.get('STATE_PREFIX', '')}v1/"
    own = re.compile(rf".*:(execution|express):{re.escape(machine)}[:/]")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=place, Delimiter="/")
    for page in pages:
        for found in page.get("CommonPrefixes", ()):
            owner = unquote(found["Prefix"].removeprefix(place))
            if own.match(owner):
                yield f"s3://{bucket}/{found['Prefix']}"
