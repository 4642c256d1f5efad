"""A bag for code that is not a Lambda handler: open it, read, change, commit.

state = open_bag(event["state_data"])
documents = state.read("current_state.documents")
state.merge({"current_state": {"summary": summarise(documents)}})
bag = state.commit()
"""

from collections.abc import Mapping
from threading import Lock
from typing import Any, overload

from universal_sync_core.bag.fields import STATE, unwrap
from universal_sync_core.bag.state_paths import REMOVED_PATHS, removed_keys
from universal_sync_core.bag.unit_of_work import Context, Encode, unit_of_work, with_encode
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.ingestion.ingest import ingest_delta
from universal_sync_core.lazy.backing import BagMap
from universal_sync_core.lazy.in_place import Watches
from universal_sync_core.lazy.needs import Needs, needs_of
from universal_sync_core.merge.merge import merge_delta
from universal_sync_core.pipe.bookkeeping import record_progress
from universal_sync_core.pipe.flatten import flatten
from universal_sync_core.pipe.offload import offload
from universal_sync_core.values.codec import Json, JsonObject, decode, encode
from universal_sync_core.values.paths import Paths, parse_path, render_path
from universal_sync_core.worker.state import SYNC_ACTIONS, ModelT, State, kind_of, reading_of


class OpenBag(State[ModelT]):
    """A state that results can be merged into, also from several threads; reading it shows them."""

    def __init__(self, bag: JsonObject, needs: Needs | None, context: Context) -> None:
        """Open a bag without changing it; use `open_bag` for this."""
        kind = kind_of(bag)
        self._context = {"action": SYNC_ACTIONS[kind], **context}
        self._sealed = self._bag = bag
        self._delta: JsonObject | None = None
        self._watch = Watches().next()
        self._merging = Lock()
        owner = context.get("execution_id") or bag.get("execution_id")
        reading = reading_of(owner, self._watch)
        super().__init__(kind, reading, BagMap(bag), needs)

    def merge(self, result: Json) -> None:
        """Merge a result as the workflow would merge a worker's.

        It counts as it is now: you may change it afterwards, and merge it again.

        Args:
            result: anything that a worker may return.

        Raises:
            InvalidRequestError, PointerNotAllowedError: the result is not acceptable.
            StoredDataError: an object that the merge needs is missing or damaged.
            StoreUnavailableError, StoreThrottledError: S3 did not answer; a retry may succeed.
        """
        with unit_of_work(self._context, self._bag) as unit:
            flat = flatten(result, unit)  # its iterators may merge as well
            with self._merging:
                delta = decode(encode(ingest_delta(flat, self._bag, unit)))
                merged = merge_delta(self._bag, delta, unit)
                unit.objects.flush()
                kept = [render_path(keys, STATE) for keys in unit.keep_inline]
                self._context["keep_inline"] = kept
                self._watch.forget(result)
                self._delta = (self._delta or {}) | delta
                self._look_at(merged)

    def __delitem__(self, path: str) -> None:
        """Remove a key of `current_state`, as a result with `removed_paths` does.

        Args:
            path: such as `current_state.report.draft`.

        Raises:
            KeyError: there is no such key.
            InvalidRequestError: the path does not lead to a key in `current_state`.
        """
        removed_keys([path], "path")
        first, *steps = parse_path(path, field="path")
        if first != STATE or not steps:
            message = f"only keys of {STATE} can be removed: begin the path with {STATE}"
            raise InvalidRequestError(message, field="path")
        found: Json = self[STATE]
        for step in steps[:-1]:
            found = found[step] if isinstance(found, Mapping) else {}
        if not isinstance(found, Mapping) or steps[-1] not in found:
            raise KeyError(path)
        self.merge({REMOVED_PATHS: [path]})

    def commit(self) -> JsonObject:
        """Return the bag with all that was merged, within its bound, as one step of the workflow.

        If nothing was merged, it is the bag that was opened.

        Raises:
            StateTooLargeError: the control fields alone pass the bound.
            StoreUnavailableError, StoreThrottledError: S3 did not answer; a retry may succeed.
        """
        with self._merging:
            self._watch.warn()
            if self._delta is None:
                return self._sealed
            with unit_of_work(self._context, self._bag) as unit:
                moved_on = record_progress(self._bag, self._sealed, self._delta, unit)
                committed = offload(moved_on, unit)
            self._sealed = committed
            self._delta = None
            self._look_at(self._sealed)
            return self._sealed

    def _look_at(self, bag: JsonObject) -> None:
        self._bag = bag
        self._entries = BagMap(bag)
        self._shown = {}
        self._models = []


@overload
def open_bag(
    bag: JsonObject,
    *,
    needs: Paths | None = None,
    model: type[ModelT],
    at: str = STATE,
    context: Context | None = None,
    encode: Encode | None = None,
) -> OpenBag[ModelT]: ...
@overload
def open_bag(
    bag: JsonObject,
    *,
    needs: Paths | None = None,
    context: Context | None = None,
    encode: Encode | None = None,
) -> OpenBag[Any]: ...
def open_bag(  # noqa: PLR0913 - options, each with a default
    bag: JsonObject,
    *,
    needs: Paths | None = None,
    model: type[ModelT] | None = None,
    at: str = STATE,
    context: Context | None = None,
    encode: Encode | None = None,
) -> OpenBag[Any]:
    """Return a bag to read, change and commit, for instance in a container or a notebook.

    Args:
        bag: the value under `state_data` in a state of the workflow; it is not changed.
        needs: paths that may be touched, as for `state_task`; None for everything.
        model: type to validate the part at `at` against; `.model` is the instance, a new one after
            each merge.
        at: path of that part.
        context: may carry `execution_id`, `action`, `merge_strategy`, `keep_inline` and `encode`.
        encode: as in `state_task`: converts a value that is not accepted directly to JSON.

    Raises:
        InvalidRequestError: `bag` is not a JSON object, a path is not valid, or the state does not
            fit the model.
    """
    opened = unwrap(bag)
    if not isinstance(opened, dict):
        raise InvalidRequestError("a bag must be a JSON object", field="state_data")
    state: OpenBag[Any] = OpenBag(opened, needs_of(needs, model, at), with_encode(context, encode))
    if model is not None:
        state.validate(model, at)
    return state
