"""Python values as JSON: what a worker may return besides plain dicts and lists.

A value with exactly one meaning in JSON is accepted. The caller's own `encode` may convert any
other; without it the value is refused, and the message says where it is and what to write instead.
"""

import json
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from io import IOBase
from types import TracebackType
from typing import Final, TypeAlias

from universal_sync_core.bag.unit_of_work import UnitOfWork, apart
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.ingestion.asynchronous import drained
from universal_sync_core.ingestion.models import dumped, is_model
from universal_sync_core.ingestion.scalars import key_text, kind_of, scalar, time_text, unwrapped
from universal_sync_core.ingestion.suggestions import suggestion_for
from universal_sync_core.lazy.views import View, passed_on
from universal_sync_core.limits import KIB
from universal_sync_core.values.codec import Json, JsonObject, encode, plain_encoding, reread
from universal_sync_core.values.paths import MAX_DEPTH, Place
from universal_sync_core.values.pointer import Pointer

Ingest: TypeAlias = Callable[[Json, UnitOfWork], Json]

# How much of a list is held while it is being made: some hundred pages, sent in parallel.
_HELD_BYTES: Final = 8 * KIB * KIB
_RESULT: Final = Place("result")
# The standard library's mocks, and the same as a package.
_MOCKS: Final = ("unittest.mock", "mock.mock")


def as_json(value: Json, unit: UnitOfWork, ingest: Ingest) -> tuple[Json, bytes]:
    """Return a value as JSON, and its encoding.

    These are accepted: views of a state, iterators, tuples, mappings, enumerations, subclasses of
    strings and numbers, times with their offset, UUIDs, dataclasses, pydantic models, and proxies
    of any of these. Those that stand for a string are accepted as keys too. A view becomes the
    pointer that it reads. An iterator becomes a list, or if that is longer than a page, a pointer
    to the list, which is stored while it is made.

    Args:
        value: the value that a caller sent.
        unit: stores long iterators; its `encode` converts values that are not accepted directly.
        ingest: checks and escapes an element of a stored list for the bag.

    Raises:
        InvalidRequestError: JSON cannot represent a part of it; the message names the place.
    """
    encoded = plain_encoding(value)
    if encoded is not None:
        return value, encoded
    with apart():  # iterators, mappings, models and `encode` may call this package themselves
        try:
            return _Conversion(unit, ingest).converted(value, _RESULT)
        except InvalidRequestError as error:
            error.__traceback__ = _of_callers(error.__traceback__)
            raise


def _of_callers(trace: TracebackType | None) -> TracebackType | None:
    """Return a trace without the frames of this module that it begins with.

    There are thousands where values are nested, and Lambda answers them all: with over 256 KiB of
    them Step Functions would fail with `States.DataLimitExceeded`, and not with the refusal.
    """
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace


class _Conversion:
    """The conversion of one value."""

    def __init__(self, unit: UnitOfWork, ingest: Ingest) -> None:
        self._unit = unit
        self._ingest = ingest
        # Containers that are being converted, by identity: one that is met again contains itself.
        self._open: dict[int, Place] = {}

    def encoded(self, value: Json, place: Place) -> tuple[Json, bytes]:
        encoded = plain_encoding(value)
        return self.converted(value, place) if encoded is None else (value, encoded)

    def converted(self, value: Json, place: Place) -> tuple[Json, bytes]:
        settled = self._json(value, place)
        return settled, encode(settled)

    def _json(self, value: Json, place: Place) -> Json:
        value = unwrapped(value)
        if isinstance(value, Enum):
            return self._json(value.value, place)
        if value is None or issubclass(type(value), bool | str | int | float):  # a mock is none
            return scalar(value, place)
        if isinstance(value, View):
            return passed_on(value)
        if isinstance(value, date):
            return time_text(value, place)
        if _is_a(value, "uuid.UUID"):
            return str(value)
        return self._members(value, place)

    def _members(self, value: Json, place: Place) -> Json:
        """Convert a container, unless it contains itself."""
        if id(value) in self._open:
            outer = self._open[id(value)]
            message = (
                f"contains itself: it is the same {kind_of(value)} as {outer}; use an id instead"
            )
            raise place.refusal(message)
        if place.depth >= MAX_DEPTH:
            raise place.refusal(f"nested too deeply; at most {MAX_DEPTH:,} levels are allowed")
        self._open[id(value)] = place
        try:
            return self._opened(value, place)
        finally:
            del self._open[id(value)]

    def _opened(self, value: Json, place: Place) -> Json:
        if type(value).__module__ in _MOCKS:  # a mock says that it is anything, and is empty
            return self._json(self._by_caller(value, place), place.inside)
        if isinstance(value, Mapping):
            return self._object(value.items(), place)
        if isinstance(value, list | tuple):
            return self._array(value, place)
        if isinstance(value, Iterator | AsyncIterator) and not isinstance(value, IOBase):
            return self._iterated(value, place)
        if is_dataclass(value) and not isinstance(value, type) and not is_model(value):
            return self._object(_fields_of(value, place), place)
        dump = self._dumped if is_model(value) else self._by_caller
        return self._json(dump(value, place), place.inside)

    def _array(self, value: Json, place: Place) -> Json:
        if self._unit.as_lambda and isinstance(value, tuple) and hasattr(value, "_asdict"):
            return self._object(value._asdict().items(), place)
        return [self._json(item, place.at(n)) for n, item in enumerate(value)]

    def _object(self, pairs: Iterable[tuple[object, Json]], place: Place) -> JsonObject:
        converted: JsonObject = {}
        for key, item in pairs:
            is_text = self._unit.as_lambda and (key is None or isinstance(key, int | float))
            name = key_text(json.dumps(key) if is_text else key, place)
            if name in converted:
                raise place.at(name).refusal("two of its keys are the same string")
            converted[name] = self._json(item, place.at(name))
        return converted

    def _iterated(self, items: Iterator[Json] | AsyncIterator[Json], place: Place) -> Json:
        if isinstance(items, Iterator):
            return self._listed(items, place)
        with closing(drained(items)) as drawn:
            return self._listed(drawn, place)

    def _listed(self, items: Iterator[Json], place: Place) -> Json:
        """Return the list of an iterator's items, or a pointer to it if it is over a page.

        Each item counts as it is when it is yielded, whatever becomes of it afterwards.
        """
        held: list[Json] = []
        size = 0
        pointer: Pointer | None = None
        for position, item in enumerate(_to_the_end(items, place)):
            settled, encoded = self.encoded(item, place.at(position))
            is_senders = settled is item and type(item) in (dict, list)
            held.append(reread(encoded) if is_senders else settled)
            size += len(encoded)
            if size > _HELD_BYTES:
                pointer = self._extended(pointer, held)
                self._unit.objects.flush()
                held, size = [], 0
        if pointer is None and size <= self._unit.settings.page_bytes:
            return held
        return self._extended(pointer, held).render()

    def _extended(self, pointer: Pointer | None, items: list[Json]) -> Pointer:
        ingested = [self._ingest(item, self._unit) for item in items]
        pages = self._unit.pages
        return pages.store(ingested) if pointer is None else pages.extend(pointer, ingested)

    def _dumped(self, model: Json, place: Place) -> Json:
        """Return the JSON form that a pydantic model gives itself."""
        try:
            return dumped(model, lambda part: self._json(part, place.inside))
        except (ValueError, TypeError, RecursionError):
            kind = kind_of(model)
        # Outside the handler, so that pydantic's error, which may contain values, is not chained.
        message = (
            f"{kind}.model_dump(mode='json') failed: a field has no JSON form, is a number that is"
            " not finite, is a generator that yields null, for which pydantic also writes such a"
            " number (use a list), has two keys or aliases that are the same string, or is nested"
            " over 250 levels, which pydantic does not write"
        )
        raise place.refusal(message)

    def _by_caller(self, value: Json, place: Place) -> Json:
        """Return what the caller's `encode` makes of a value that is not accepted directly."""
        convert = self._unit.encode
        failure: TypeError | None = None
        if convert is not None:
            try:
                return convert(value)
            except TypeError as error:  # as the `default` of json.dumps raises it
                failure = error
        message = f"JSON has no {kind_of(value)}; {suggestion_for(value)}"
        raise place.refusal(message) from failure


def _to_the_end(items: Json, place: Place) -> Iterator[Json]:
    """Yield all items, and refuse what a generator returns besides, since it would be lost."""
    returned = yield from items
    if returned is not None and isinstance(items, Generator):  # not what map or zip go through
        message = (
            f"this generator also returns a value of type {kind_of(returned)}, which a list has no"
            " place for: yield it, or return an object with the generator in one of its fields"
        )
        raise place.refusal(message)


def _fields_of(instance: Json, place: Place) -> list[tuple[str, Json]]:
    names = [each.name for each in fields(instance)]
    unset = next((name for name in names if not hasattr(instance, name)), None)
    if unset is not None:
        message = f"this field of {kind_of(instance)} has no value: set it, or give it a default"
        raise place.at(unset).refusal(message)
    return [(name, getattr(instance, name)) for name in names]


def _is_a(value: object, name: str) -> bool:
    return any(f"{kind.__module__}.{kind.__qualname__}" == name for kind in type(value).__mro__)
