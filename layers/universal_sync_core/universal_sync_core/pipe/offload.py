"""The last step: it offloads large values to S3, until the bag is within its bound to the byte.

The order is fixed: old history, large fields, a large `current_state`, pointer bloat, and then the
largest values until the bag is within its bound.
"""

import logging
from typing import Final

from universal_sync_core.bag.fields import (
    ARCHIVE,
    BRANCHES,
    CHAIN,
    CONTROL_FIELDS_NEVER_OFFLOAD,
    HISTORY,
    OVERFLOW,
    READ_BY_MACHINE,
    SPOKEN_FOR,
    STATE,
    in_role,
    overflow_of,
    without_samples,
)
from universal_sync_core.bag.unit_of_work import Context, UnitOfWork, unit_of_work
from universal_sync_core.errors import InvalidRequestError, StateTooLargeError
from universal_sync_core.limits import KIB
from universal_sync_core.merge.history import archive_older
from universal_sync_core.pipe.keep_inline import beside_pointers, without_copies
from universal_sync_core.pipe.pointer_bloat import is_to_be_sampled, without_bloat
from universal_sync_core.previews.showing import with_previews
from universal_sync_core.storage.parallel import MAX_REQUESTS_AT_ONCE
from universal_sync_core.values.codec import (
    Json,
    JsonObject,
    measure,
    require_exact,
    require_json,
)
from universal_sync_core.values.compression import (
    MAX_EXPANDED_BYTES,
    compress,
    holds_compressed,
    is_open,
)
from universal_sync_core.values.pointer import has_mark
from universal_sync_core.values.portable import is_portable
from universal_sync_core.values.sizes import FieldSizes

logger = logging.getLogger(__name__)

SIZE: Final = "payload_size_kb"
# Room for the field with the size, which is written last and not measured.
_RESERVE_BYTES: Final = 40
# This action keeps a value in the bag as gzip+base64 if it fits there.
PACKING_ACTION: Final = "update_and_compress"
# Offloading a value smaller than its pointer saves nothing.
_POINTER_BYTES: Final = 500
# What a bag cannot do without.
STAYING: Final = CONTROL_FIELDS_NEVER_OFFLOAD | READ_BY_MACHINE | {BRANCHES}
# More parts than this are offloaded together behind one pointer, since an object for each would
# cost more requests than it saves. It is twice the number of requests at once.
_MAX_LEAVING_ALONE: Final = 2 * MAX_REQUESTS_AT_ONCE
_KEPT_AT_ANY_SIZE: Final = STAYING | {STATE, HISTORY}
# Fields with a form of their own, and who works on the bag, stay when others leave together.
_KEPT_FROM_OVERFLOW: Final = (_KEPT_AT_ANY_SIZE | {ARCHIVE, CHAIN, *SPOKEN_FOR}) - {OVERFLOW}


def optimize_and_offload(state: JsonObject, context: Context | None = None) -> JsonObject:
    """Return the bag within its bound, with pointers to the values that went to S3.

    Args:
        state: the bag after merging; it is not changed.
        context: may carry `execution_id` and `keep_inline`.

    Returns:
        A bag of at most three quarters of `MAX_PAYLOAD_KB` in the UTF-8 bytes of its JSON, which
        hydrates to the same values, with `payload_size_kb` set.

    Raises:
        StateTooLargeError: the control fields alone pass the bound.
        InvalidRequestError: JSON cannot represent a part of the bag; or something has to be
            offloaded, and there is no bucket or execution.
        StoreUnavailableError, StoreThrottledError: S3 did not store it; a retry is safe and may
            succeed.
    """
    with unit_of_work(context, state) as unit:
        return offload(state, unit)


def offload(bag: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return the bag within its bound, as `optimize_and_offload` does."""
    unit.objects.belong_to(bag.get("execution_id"))
    return _Optimizer(unit).optimize(bag)


class _Optimizer:
    """Makes one bag fit."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self._limits = unit.settings
        # Only S3 keeps what some JSON library on the way would alter; without it, all has to stay.
        self._keeps_all = not unit.objects.can_write
        self._state = FieldSizes()
        self._bag = FieldSizes(STATE, self._state)

    def optimize(self, bag: JsonObject) -> JsonObject:
        self._require_json(bag)
        bag = self._open_branches(bag)
        bag = self._archive_history(bag)
        bag = self._offload_large_fields(bag)
        bag = without_bloat(bag, self._unit)
        bag = self._fit(self._shown(bag))
        own = self._bag.of_field(bag, SIZE)[0] + len(SIZE) + 4 if SIZE in bag else 0
        return bag | {SIZE: round((self._size(bag) - own) / KIB, 1)}

    def _require_json(self, bag: JsonObject) -> None:
        """Raise InvalidRequestError if a part is not JSON; what is encoded for it is remembered."""
        require_exact(bag, "state_data")
        try:
            self._bag.of(bag)
        except InvalidRequestError:
            require_json(bag, "state_data")  # whose message has the path in the bag
            raise

    def _open_branches(self, bag: JsonObject) -> JsonObject:
        """Return the bag with its branches as an inline list, which the state machine maps over."""
        branches = self._unit.pages.list_of(bag[BRANCHES]) if BRANCHES in bag else None
        return bag if branches is None else _with(bag, BRANCHES, branches)

    def _archive_history(self, bag: JsonObject) -> JsonObject:
        history = bag.get(HISTORY)
        if type(history) is not list:
            return bag
        size, portable = self._bag.of_field(bag, HISTORY)
        room = self._limits.field_offload_bytes if portable or self._keeps_all else 0
        if size <= room and len(history) <= self._limits.history_max_entries:
            return bag
        return archive_older(bag, self._unit, keep_bytes=room)

    def _offload_large_fields(self, bag: JsonObject) -> JsonObject:
        """Offload fields of the bag and of `current_state` that are over the field threshold."""
        if self._is_small(self._bag.of(bag)):
            return bag
        if is_open(bag.get(STATE)):
            bag = _with(bag, STATE, self._smaller_state(bag[STATE]))
        if BRANCHES in bag and not self._is_small(self._bag.of_field(bag, BRANCHES)):
            bag = self._smaller_branches(bag)
        names = [
            name
            for name in bag
            if name not in _KEPT_AT_ANY_SIZE and not is_to_be_sampled(bag, name, self._unit)
        ]
        return self._without_large(bag, names, self._bag)

    def _smaller_state(self, state: JsonObject) -> Json:
        if not self._is_small(self._state.of_largest(state)):
            state = self._without_large(state, list(state), self._state)
        size, portable = self._state.of(state)
        is_within = size <= self._limits.state_offload_bytes
        stays = is_within and (portable or self._names_may_stay(state))
        return state if stays else self._offloaded(state)

    def _smaller_branches(self, bag: JsonObject) -> JsonObject:
        """Return the bag with pointers in place of branches that are larger than a pointer."""
        if type(bag.get(BRANCHES)) is not list:
            return bag
        branches = [
            branch if size <= _POINTER_BYTES and portable else self._offloaded(branch)
            for branch in bag[BRANCHES]
            for size, portable in (measure(branch),)
        ]
        return bag | {BRANCHES: branches}

    def _without_large(self, fields: JsonObject, names: list[str], sizes: FieldSizes) -> JsonObject:
        large = [name for name in names if not self._is_small(sizes.of_field(fields, name))]
        return fields | {name: self._offloaded(fields[name]) for name in large} if large else fields

    def _is_small(self, measured: tuple[int, bool]) -> bool:
        """Tell whether a part is within the field threshold, and every JSON library keeps it."""
        size, portable = measured
        return size <= self._limits.field_offload_bytes and (portable or self._keeps_all)

    def _fit(self, bag: JsonObject) -> JsonObject:
        """Offload more values, largest first, until the bag is within its bound."""
        if self._fits(bag):
            return bag
        logger.warning(
            "state bag over its bound, offloading the largest fields",
            extra={"bag_bytes": self._size(bag), "bound_bytes": self._limits.bound_bytes},
        )
        steps = (self._smaller_branches, self._without_largest, self._overflowed)
        last = (self._without_largest, self._whole_state, self._bare_state)
        for step in (self._without_largest, *steps, *last):
            bag = step(bag)
            if self._fits(bag):
                return bag
        raise StateTooLargeError(
            "the control fields alone pass the bound",
            size=self._size(bag),
            limit=self._limits.bound_bytes,
        )

    def _without_largest(self, bag: JsonObject) -> JsonObject:
        """Return the bag with its largest parts offloaded, or unchanged if that is not enough."""
        over = self._size(bag) + _RESERVE_BYTES - self._limits.bound_bytes
        leaving: list[tuple[str, str | None]] = []
        for size, field, key in self._largest_first(bag):
            if over <= 0:
                break
            leaving.append((field, key))
            over -= size - _POINTER_BYTES
        if over > 0 or len(leaving) > _MAX_LEAVING_ALONE:
            return bag
        for field, key in leaving:
            bag = self._with_one_less(bag, field, key)
        return self._shown(bag)

    def _shown(self, bag: JsonObject) -> JsonObject:
        """Return the bag with copies and previews beside the pointers of `current_state`."""
        if STATE not in bag:
            return bag
        bag = _with(bag, STATE, beside_pointers(bag[STATE], self._unit))
        return with_previews(bag, self._unit)

    def _largest_first(self, bag: JsonObject) -> list[tuple[int, str, str | None]]:
        """Return sizes and names of what may be offloaded: fields, and keys of `current_state`."""
        fields = {name: value for name, value in bag.items() if name not in STAYING}
        state = fields.pop(STATE) if is_open(fields.get(STATE)) else {}
        parts: list[tuple[int, str, str | None]] = [
            (self._bag.of_field(bag, name)[0], name, None)
            for name, value in fields.items()
            if not has_mark(value)
        ]
        parts += [
            (self._state.of_field(state, key)[0], STATE, key)
            for key, value in state.items()
            if not has_mark(value)
        ]
        leaving = [part for part in parts if part[0] > _POINTER_BYTES]
        return sorted(leaving, key=lambda part: -part[0])

    def _with_one_less(self, bag: JsonObject, field: str, key: str | None) -> JsonObject:
        if key is not None:
            state = bag[STATE] | {key: self._offloaded(bag[STATE][key])}
            return bag | {STATE: state}
        if field == HISTORY and type(bag[field]) is list:
            return archive_older(bag, self._unit, keep_bytes=0)
        plain = without_samples(bag, {field})
        return _with(plain, field, self._offloaded(plain[field])) if field in plain else plain

    def _overflowed(self, bag: JsonObject) -> JsonObject:
        """Return the bag with all its smaller fields behind one pointer."""
        plain = without_samples(bag)
        staying = {name: plain[name] for name in plain if name in _KEPT_FROM_OVERFLOW}
        leaving = {name: plain[name] for name in plain if name not in staying}
        known = overflow_of(bag)
        if known is not None:
            leaving.pop(OVERFLOW)
        if not leaving:
            return bag
        overflow = (
            self._unit.pages.put_keys(known, leaving) if known else self._unit.pages.store(leaving)
        )
        return staying | {OVERFLOW: in_role(overflow, OVERFLOW)}

    def _whole_state(self, bag: JsonObject) -> JsonObject:
        if not is_open(bag.get(STATE)):
            return bag
        return self._shown(bag | {STATE: self._offloaded(bag[STATE])})

    def _bare_state(self, bag: JsonObject) -> JsonObject:
        """Return the bag without copies beside pointers; the whole values are in S3."""
        return _with(bag, STATE, without_copies(bag[STATE])) if STATE in bag else bag

    def _offloaded(self, value: Json) -> Json:
        if has_mark(value):
            return value
        packs = self._unit.action == PACKING_ACTION and not holds_compressed(value)
        if packs and measure(value)[0] <= MAX_EXPANDED_BYTES:
            self._unit.objects.settle(value)
            compressed = compress(value)
            if measure(compressed)[0] <= self._limits.field_offload_bytes:
                return compressed
        return self._unit.pages.store(value).render()

    def _names_may_stay(self, fields: JsonObject) -> bool:
        return self._keeps_all or is_portable(list(fields))

    def _fits(self, bag: JsonObject) -> bool:
        size, portable = self._bag.of(bag)
        is_within = size + _RESERVE_BYTES <= self._limits.bound_bytes
        return is_within and (portable or self._names_may_stay(bag))

    def _size(self, bag: JsonObject) -> int:
        return self._bag.of(bag)[0]


def _with(fields: JsonObject, name: str, value: Json) -> JsonObject:
    return fields if fields.get(name) is value else fields | {name: value}
