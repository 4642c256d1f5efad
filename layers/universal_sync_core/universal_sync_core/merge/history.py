"""The history: the newest entries are in the bag, older ones in an archive of pages, each once."""

from collections.abc import Sequence
from typing import Final

from universal_sync_core.bag.fields import ARCHIVE, HISTORY, HISTORY_ALIAS, archive_of, in_role
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.merge.lists import Lists
from universal_sync_core.values.codec import Json, JsonObject, encode
from universal_sync_core.values.pointer import Pointer
from universal_sync_core.values.timestamps import TIME_FIELDS, time_of

HISTORY_FIELDS: Final = frozenset({HISTORY, HISTORY_ALIAS})

# Kept beside the archive's pointer: the time of its newest entry in microseconds, rounded up. A
# newer entry cannot be in the archive, and needs no read.
_LATEST: Final = "latest"
_NANOSECONDS: Final = 1_000


def new_entries(delta: JsonObject, bag: JsonObject, unit: UnitOfWork) -> list[Json]:
    """Return the history entries of a delta, in order.

    A delta that echoes a bag has its archive too; the bag's own archive is not read for it.
    """
    entries: list[Json] = []
    archive, own = archive_of(delta), archive_of(bag)
    if archive is not None and (own is None or archive.at != own.at):
        entries += unit.pages.elements(archive)
    for name in (HISTORY, HISTORY_ALIAS):
        if name in delta:
            entries += Lists(unit.pages).items(delta[name])
    return entries


def append_entries(bag: JsonObject, entries: Sequence[Json], unit: UnitOfWork) -> JsonObject:
    """Return the bag with the entries appended that its history does not have yet."""
    lists = Lists(unit.pages)
    inline = lists.as_list(unit.pages.opened(bag.get(HISTORY)))
    new = lists.distinct(entries)
    present = lists.present(inline, new)
    archive = archive_of(bag)
    if archive is not None:
        latest = _latest(archive)
        older = [
            encoded
            for encoded, entry in new.items()
            if encoded not in present and not _is_newer(entry, latest, unit)
        ]
        present |= unit.pages.find(archive, older) if older else set()
    added = [entry for encoded, entry in new.items() if encoded not in present]
    return bag | {HISTORY: lists.extend(inline, added)} if added or HISTORY not in bag else bag


def archive_older(bag: JsonObject, unit: UnitOfWork, *, keep_bytes: int) -> JsonObject:
    """Return the bag with older history moved to the archive if it is too long inline.

    With over `HISTORY_MAX_ENTRIES` entries, the oldest go until half of that number is left; with
    over `keep_bytes`, until the rest takes half of them. So the archive grows in batches.
    """
    inline = bag.get(HISTORY)
    if type(inline) is not list:
        return bag
    sizes = [len(encode(entry)) + 1 for entry in inline]
    kept = _kept(sizes, unit.settings.history_max_entries, keep_bytes)
    if kept == len(inline):
        return bag
    archive = archive_of(bag)
    if ARCHIVE in bag and archive is None:  # the user has a field of that name
        return bag | {HISTORY: unit.pages.store(inline, marked=True).render()}
    cut = len(inline) - kept
    return bag | {HISTORY: inline[cut:], ARCHIVE: _extended(archive, inline[:cut], unit)}


def whole_history(bag: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return the bag with its whole history in one field; parts of it may still be pointers."""
    archive = archive_of(bag)
    if archive is None:
        return bag
    whole = [*unit.pages.elements(archive), *Lists(unit.pages).items(bag.get(HISTORY))]
    return _without_archive(bag) | {HISTORY: whole}


def in_one_list(bag: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return the bag with its whole history behind one pointer, so that no archive is needed."""
    archive = archive_of(bag)
    if archive is None:
        return bag
    inline = Lists(unit.pages).items(bag.get(HISTORY))
    whole = unit.pages.extend(archive.with_beside({}), inline)
    return _without_archive(bag) | {HISTORY: whole.render()}


def _without_archive(bag: JsonObject) -> JsonObject:
    return {name: value for name, value in bag.items() if name != ARCHIVE}


def _kept(sizes: Sequence[int], max_entries: int, max_bytes: int) -> int:
    """Return how many of the newest entries stay."""
    count, total = len(sizes), sum(sizes)
    if count > max_entries:
        count = max_entries // 2
        total = sum(sizes[len(sizes) - count :])
    if total > max_bytes:
        while count and total > max_bytes // 2:
            total -= sizes[len(sizes) - count]
            count -= 1
    return count


def _extended(archive: Pointer | None, entries: Sequence[Json], unit: UnitOfWork) -> JsonObject:
    latest = _latest(archive) if archive else None
    told = (_time_of(entry, unit) for entry in entries)
    times = [-(-time // _NANOSECONDS) for time in told if time is not None]
    newest = max([*times, *([latest] if latest is not None else [])], default=None)
    grown = (
        unit.pages.store(list(entries), marked=True)
        if archive is None
        else unit.pages.extend(archive, entries)
    )
    return in_role(grown, HISTORY, **({} if newest is None else {_LATEST: newest}))


def _latest(archive: Pointer) -> int | None:
    told: Json = archive.beside.get(_LATEST)
    return told if type(told) is int else None


def _is_newer(entry: Json, latest: int | None, unit: UnitOfWork) -> bool:
    time = _time_of(entry, unit)
    return time is not None and (latest is None or time > latest * _NANOSECONDS)


def _time_of(entry: Json, unit: UnitOfWork) -> int | None:
    fields = unit.pages.some_of(unit.pages.opened(entry), TIME_FIELDS)
    return None if fields is None else time_of(fields, unit.pages.resolve)
