"""The state as a worker sees it: the bag's own shape, however its fields are stored."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeAlias

from universal_sync_core.bag.fields import (
    BRANCH,
    CONTROL_FIELDS_NEVER_OFFLOAD,
    ITEMS_PER_BATCH,
    READ_BY_MACHINE,
    is_branch,
)
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.lazy.backing import BagMap, InlineMap, MapBacking
from universal_sync_core.lazy.in_place import Watch
from universal_sync_core.lazy.needs import WHOLE, Needs, below, from_start, range_of
from universal_sync_core.lazy.reading import Reading
from universal_sync_core.lazy.views import ListView, MapView, plain
from universal_sync_core.packs.objects import Objects
from universal_sync_core.storage import runtime
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.paths import Range, Step, parse_selection
from universal_sync_core.values.pointer import recognise
from universal_sync_core.worker.models import validated

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    ModelT = TypeVar("ModelT", default=Any)  # to a type checker, `State` is `State[Any]`
else:
    from typing import TypeVar

    ModelT = TypeVar("ModelT")  # has no default before Python 3.13
Kind: TypeAlias = Literal["segment", "branch", "item"]

ITEM: Final = "item"
# The action that merges a result. The result of a single item is not merged.
SYNC_ACTIONS: Final[Mapping[Kind, str]] = {"segment": "sync", "branch": "sync_branch"}
_OF_ITEM: Final = ("execution_id", ITEM, "index", ITEMS_PER_BATCH)
# These are inline in every bag, or are the work of a branch: no worker has to ask for them.
_ALWAYS_NEEDED: Final = CONTROL_FIELDS_NEVER_OFFLOAD | READ_BY_MACHINE | {BRANCH}
_REQUIRED: Final = object()


class State(MapView, Generic[ModelT]):
    """The bag of a segment or branch, or an item of a Distributed Map, as a worker reads it.

    It is a Mapping of the bag's fields, and nothing is read before it is touched. Without needs,
    objects and arrays are views. With needs, the values that were asked for are plain, and touching
    anything else raises InvalidRequestError.

    Attributes:
        kind: `segment`, `branch` or `item`. An item has the plain fields `item`, `index`,
            `items_per_batch` and `execution_id`; `item` is a list if a batch has more than one
            item.
    """

    def __init__(
        self, kind: Kind, reading: Reading, entries: MapBacking, needs: Needs | None = None
    ) -> None:
        """Show the fields of a state.

        Args:
            kind: the kind of the task.
            reading: reads the fields.
            entries: where the fields are stored.
            needs: paths that may be touched besides control fields; None for everything.
        """
        if needs is not None:
            needs = dict.fromkeys(_ALWAYS_NEEDED, WHOLE) | needs
        super().__init__(reading, entries, needs)
        self.kind: Kind = kind
        self._modelled: tuple[type[ModelT], str] | None = None
        self._models: list[ModelT] = []

    @property
    def model(self) -> ModelT:
        """The validated part of the state, if a model was given."""
        if self._modelled is None:
            raise InvalidRequestError("no model was given for this part of the state")
        if not self._models:
            self.validate(*self._modelled)
        return self._models[0]

    def read(self, path: str, default: Json = _REQUIRED) -> Json:
        """Return the whole value at a path as plain dicts and lists.

        Args:
            path: such as `current_state.report.sections[3]`, or `state_history[-20:]`.
            default: the value to return if the path leads nowhere.

        Raises:
            KeyError: the path leads nowhere, and there is no default.
            InvalidRequestError: the path is not valid, or not among the needs.
        """
        found: Json = self
        needs, steps = self._needs, parse_selection(path, field="path")
        try:
            for depth, step in enumerate(steps):
                ranged = range_of(needs)
                needs = below(needs, step, steps[:depth]) if ranged else _below(needs, found, step)
                found = found if ranged else _step(found, step)
        except LookupError:
            if default is _REQUIRED:
                raise KeyError(path) from None
            return default
        return plain(found)

    def fetch(self) -> None:
        """Read everything that is needed now, in parallel, instead of when it is touched."""
        places = list(self.needed())
        values = self._reading.plain_all([stored for _, _, stored in places])
        for (view, step, stored), value in zip(places, values, strict=True):
            view.keep(step, value, stored)

    def validate(self, model: type[ModelT], at: str) -> None:
        """Validate the part of the state at a path; `model` then returns it.

        Raises:
            InvalidRequestError: the part is missing or does not fit the model; the message names
                each wrong path.
        """
        self._modelled = (model, at)
        self._models = [validated(model, self.read(at, None), at)]

    def __repr__(self) -> str:
        """Return only the kind: a state may end up in a log, and its content must not."""
        return f"<State of a {self.kind}>"


def bag_state(
    bag: JsonObject, needs: Needs | None, execution_id: Json, watch: Watch | None = None
) -> State[Any]:
    """Return what a worker sees of a bag.

    Args:
        bag: the bag; it is not changed.
        needs: paths that may be touched, as `needs_of` returns them; None for everything.
        execution_id: whose objects may be read.
        watch: notices values that the worker changes in place.
    """
    return State(kind_of(bag), reading_of(execution_id, watch), BagMap(bag), needs)


def item_state(event: Mapping[str, Json], watch: Watch | None = None) -> State[Any]:
    """Return what a worker sees of an event with an item. If the item is a pointer, it is read.

    An inline item is the user's data throughout: no part of it is taken for a pointer.
    """
    fields = {name: event[name] for name in _OF_ITEM if name in event}
    reading = reading_of(fields.get("execution_id"), watch)
    state: State[Any] = State(ITEM, reading, InlineMap(fields))
    for name, value in fields.items():
        is_stored = name == ITEM and recognise(value) is not None
        state.keep(name, reading.plain(value) if is_stored else value)
    return state


def kind_of(bag: JsonObject) -> Kind:
    """Return whether the worker of a bag runs a branch or a segment."""
    return "branch" if is_branch(bag) else "segment"


def reading_of(execution_id: Json, watch: Watch | None = None) -> Reading:
    """Return the reader of an execution's objects."""
    objects = Objects(runtime.current(), None)
    objects.belong_to(execution_id)  # if the id is not a string, nothing may be read
    return Reading(objects, watch)


def _below(needs: Needs | None, found: Json, step: Step | Range) -> Needs | None:
    """Return the needs below a step from a value, or None if everything there may be touched."""
    if isinstance(found, ListView) and isinstance(step, int):
        needs, step = from_start(needs, len(found)), range(len(found))[step]
    return (needs or {}).get(step) or None


def _step(found: Json, step: Step | Range) -> Json:
    if isinstance(step, str) and isinstance(found, dict | MapView):
        return found[step]
    if isinstance(step, int) and isinstance(found, list | ListView):
        return found[step]
    if isinstance(step, Range) and isinstance(found, list | ListView):
        return found[slice(*step)]
    raise LookupError(step)
