"""Steps of a document beside the bag: it grows, and goes through S3 by actions and by a handler."""

import json
from random import Random
from types import SimpleNamespace
from typing import Any, Final

from tests.core.documents.oracle import is_pointer
from tests.simulation import values
from tests.simulation.comparing import Plain, difference, same
from tests.simulation.containers import Product
from tests.simulation.document_oracle import Words, broken_word, bytes_of, least_bytes
from tests.simulation.moves import drawn_place, filled
from tests.simulation.reader import BrokenStateError
from tests.simulation.steps import step
from tests.simulation.world import Flow, SimulationError, World
from universal_sync_core.errors import StateTooLargeError

_KEYS: Final = ("report", "rows", "wide", "text", "items", "any", "count", "note")
_PATHS: Final = ("report", "report.text", "report.report", "rows", "rows[*].of", "wide.k7", "items")
_PATHS_OF_ELEMENTS: Final = ("items[*].id", "items[*].report", "rows[1]", "any[*]")
_AT_MOST: Final = (700, 700, 1_500, 4_000, 16_000)
_TOO_LARGE: Final = (StateTooLargeError.__name__,)
# Numbers may be written in more than one way.
_SLACK: Final = 64
_HYDRATED: Final = "hydrate (document)"


@step("any", 4)
def write_document(world: World, flow: Flow) -> None:
    """A service answers, and the machine puts that beside what is there."""
    if is_pointer(flow.document) or bytes_of(flow.whole) > 200_000:
        flow.document, flow.whole = {}, {}
    for _ in range(world.draw.randrange(2, 7)):
        key = world.draw.choice(_KEYS)
        is_any = key in ("any", "note")
        value = values.anything(world.draw, 3) if is_any else values.of_key(key, world.draw)
        flow.document = {**flow.document, key: value}
        flow.whole = {**flow.whole, key: value}


@step("any", 4)
def offload_document(world: World, flow: Flow) -> None:
    """A state puts the largest parts into S3, whatever is there already."""
    words = _words(world)
    event = {"action": "offload", "execution_id": flow.owner, "document": flow.document}
    event |= json.loads(json.dumps(words.options))
    for _ in range(2 if world.draw.random() < 0.1 else 1):
        try:
            answer = world.call(event, also=_TOO_LARGE)["document"]
        except StateTooLargeError as error:
            _require_too_large("offload", flow.whole, words, error)
            return
        _require("offload", answer, flow.whole, words, flow)
    flow.document = answer


@step("any", 3)
def hydrate_document(world: World, flow: Flow) -> None:
    """The next state is given the whole document, or what it reads of it."""
    paths = world.draw.sample(_PATHS, 2) if world.draw.random() < 0.5 else None
    event = {"action": "hydrate", "execution_id": flow.owner, "document": flow.document}
    event |= {} if paths is None else {"paths": paths}
    is_cold = world.draw.random() < 0.3
    answer = (
        world.cold(lambda product, given, context: product.handler(given, context), event)
        if is_cold
        else world.call(event, label=_HYDRATED)
    )["document"]
    words = Words(plain=("$",) if paths is None else tuple(paths))
    _require(_HYDRATED, answer, flow.whole, words, flow)
    if paths is not None:
        flow.document = answer


class _Handler:
    """A handler of the user's: it touches some fields and answers what was drawn for it."""

    def __init__(self, world: World, flow: Flow) -> None:
        draw = world.draw
        self._whole = flow.whole
        self._owner = flow.owner
        self._touched = draw.sample(sorted(flow.whole), min(len(flow.whole), draw.randrange(3)))
        self._passed_on = draw.sample(sorted(flow.whole), min(len(flow.whole), draw.randrange(4)))
        self._made = {"summary": values.text(draw), "note": values.anything(draw)}
        kinds = ("everything and more", "some", "the event", "something new", "moved", "moved")
        self._kind = draw.choice(kinds)
        self._moved = _moved(draw, flow.whole)
        self._is_eager = draw.random() < 0.3
        self._is_told_beside = draw.random() < 0.3
        self.words = _words(world)

    @property
    def expected(self) -> Any:
        """What it answers, without limits."""
        return self._answered(self._whole)

    def _answered(self, event: Any) -> Any:
        if self._kind == "everything and more":
            return {**event, **self._made}
        if self._kind == "some":
            return {**{name: event[name] for name in self._passed_on}, **self._made}
        if self._kind == "moved":
            return filled(self._moved, event)
        return event if self._kind == "the event" else self._made

    def work(self, product: Product, event: Any, context: Any) -> Any:
        """Run it in a container, decorated."""
        options: dict[str, Any] = self.words.options
        if self._is_told_beside:
            context._client_context = SimpleNamespace(custom={"execution_id": self._owner})
        else:
            options["execution_id"] = self._owner

        def handle(event: Any, _: Any) -> Any:
            for name in self._touched:
                seen = product.core.plain(event[name])
                World.require_same("large_payloads", {name: seen}, {name: self._whole[name]})
            return self._answered(event)

        return product.core.large_payloads(eager=self._is_eager, **options)(handle)(event, context)


def _moved(draw: Random, whole: Plain) -> Plain:
    """Return what a handler answers that puts parts of its event where others stood."""
    if not whole:
        return {}
    places = [drawn_place(draw, whole, sorted(whole)) for _ in range(5)]
    key, name = draw.sample(_KEYS, 2)
    return {key: places[0], name: [places[1], {"inner": places[2]}], "moved": {key: places[3:]}}


@step("any", 4)
def handle_document(world: World, flow: Flow) -> None:
    """A decorated handler takes the document, and answers what takes its place."""
    handler = _Handler(world, flow)
    expected = handler.expected
    try:
        answer = world.attempt("large_payloads", flow.document, handler.work, _TOO_LARGE)
    except StateTooLargeError as error:
        _require_too_large("large_payloads", expected, handler.words, error)
        return
    _require("large_payloads", answer, expected, handler.words, flow)
    flow.document, flow.whole = answer, expected


def _words(world: World) -> Words:
    """Return words, of which there are none in half of all cases."""
    at_most = world.draw.choice(_AT_MOST)
    if world.draw.random() < 0.5:
        return Words(at_most=at_most)
    several = (*_PATHS, *_PATHS_OF_ELEMENTS)
    drawn = [tuple(world.draw.sample(several, world.draw.randrange(3))) for _ in range(3)]
    return Words(open=drawn[0], list=drawn[1], plain=drawn[2], at_most=at_most)


def _require(label: str, answer: Any, whole: Any, words: Words, flow: Flow) -> None:
    """Raise where a document is too large, is another one, or does not keep the words."""
    size = bytes_of(answer)
    if size > words.at_most + _SLACK:
        raise SimulationError("over the bound", f"{label}: {size} bytes of {words.at_most}")
    _require_whole(label, answer, whole, flow)
    broken = broken_word(answer, whole, words)
    if broken is not None:
        raise SimulationError("broken word", f"{label}: {broken}")


def _require_whole(label: str, document: Any, whole: Any, flow: Flow) -> None:
    try:
        read = flow.reader.answer(document)
    except (BrokenStateError, LookupError, TypeError, ValueError, OSError) as error:
        text = f"{label}: {type(error).__name__}: {error}"
        raise SimulationError("broken state", text) from error
    if not same(read, whole):
        text = difference({"document": read}, {"document": whole}, "document")
        raise SimulationError("another state", f"{label}: {text}")


def require_document(label: str, flow: Flow) -> None:
    """Raise where the document of a workflow is not what it has to be."""
    _require_whole(label, flow.document, flow.whole, flow)


def _require_too_large(label: str, whole: Any, words: Words, error: StateTooLargeError) -> None:
    """Raise where a document was refused that the words let become small enough."""
    if least_bytes(whole, words) <= words.at_most:
        raise SimulationError("wrong error StateTooLargeError", f"{label}: {error}") from error
