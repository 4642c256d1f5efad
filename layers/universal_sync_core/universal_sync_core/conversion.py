"""Values of Python to JSON: what a worker may return in the place of plain dicts and lists."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Final, TypeAlias

from universal_sync_core.awaiting import drained
from universal_sync_core.call import Call
from universal_sync_core.codec import KIB, Json, checked_encoding
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.pointer import Pointer
from universal_sync_core.views import View, passed_on

Admit: TypeAlias = Callable[[Json, Call], Json]

_RESULT: Final = "result"
# What is held of a list that is still being made; some hundred pages, sent side by side.
_HELD_BYTES: Final = 8 * KIB * KIB


def as_json(value: Json, call: Call, admit: Admit) -> tuple[Json, bytes]:
    """Return a value as JSON, and its encoding.

    Views of a state, iterators, tuples and pydantic models stand for JSON. A view becomes the
    pointer it is read through. An iterator is a list, and where that is more than a page a pointer
    to it, stored as it is made.

    Args:
        value: what a caller sent.
        call: through which long iterators are stored.
        admit: returns an element of a stored list as it may stand in the bag.

    Raises:
        InvalidRequestError: JSON cannot carry a part of it; its place is named.
    """
    encoded = _encoding(value)
    if encoded is not None:
        return value, encoded
    settled = _settled(value, call, admit)
    return settled, checked_encoding(settled, _RESULT)


def _encoding(value: Json) -> bytes | None:
    """Return the encoding of a value, or None where it is no JSON as it is."""
    try:
        return checked_encoding(value, _RESULT)
    except InvalidRequestError:
        return None


def _settled(value: Json, call: Call, admit: Admit) -> Json:
    if isinstance(value, View):
        return passed_on(value)
    if isinstance(value, Mapping):
        return {key: _settled(item, call, admit) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_settled(item, call, admit) for item in value]
    if isinstance(value, Iterator | AsyncIterator):
        return _listed(value if isinstance(value, Iterator) else drained(value), call, admit)
    for kind in (str, int, float):
        if isinstance(value, kind) and type(value) is not bool:
            return value if type(value) is kind else kind(value)
    dump = getattr(value, "model_dump", None)
    return value if dump is None else dump(mode="json", by_alias=True)


def _listed(items: Iterator[Json], call: Call, admit: Admit) -> Json:
    """Return the list that an iterator gives, or a pointer to it where it is more than a page."""
    held: list[Json] = []
    size = 0
    pointer: Pointer | None = None
    for item in items:
        settled, encoded = as_json(item, call, admit)
        held.append(settled)
        size += len(encoded)
        if size > _HELD_BYTES:
            pointer = _extended(pointer, held, call, admit)
            call.objects.flush()
            held, size = [], 0
    if pointer is None and size <= call.settings.page_bytes:
        return held
    return _extended(pointer, held, call, admit).render()


def _extended(pointer: Pointer | None, items: list[Json], call: Call, admit: Admit) -> Pointer:
    admitted = [admit(item, call) for item in items]
    return call.pages.store(admitted) if pointer is None else call.pages.extend(pointer, admitted)
