"""Opening a document: each value becomes as plain as its readers need it."""

from collections.abc import Mapping

from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.documents.members import members, with_members
from universal_sync_core.documents.pointers import contents, pointer_at, pointers_of
from universal_sync_core.documents.words import Need
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.paths import Steps
from universal_sync_core.values.pointer import Pointer, may_hold_marks


def opened(document: Json, need: Need, unit: UnitOfWork) -> Json:
    """Return a document with values instead of pointers wherever its readers need them in place.

    Every other pointer stays, and objects without a change stay the same. The pointers of one level
    are read side by side, then those in what they lead to.

    Args:
        document: the document; it is not changed.
        need: what its readers need.
        unit: the unit of work that reads pointers.

    Raises:
        InvalidRequestError: there are extra keys beside a pointer.
        PointerNotAllowedError: a pointer leads out of the allowed places.
        StoredDataError, StateTooLargeError: the value of a pointer cannot be read.
    """
    level: dict[Steps, Json] = {(): document}
    behind: dict[Steps, Json] = {}
    while level:
        level = _one_level_down(level, need, unit)
        behind |= level
    return _filled(document, need, (), behind, unit)


def _one_level_down(level: Mapping[Steps, Json], need: Need, unit: UnitOfWork) -> dict[Steps, Json]:
    """Return what is behind pointers to containers that stay; what has to be plain is only read."""
    plain: list[Pointer] = []
    kept: dict[Steps, Pointer] = {}
    for above, value in level.items():
        for steps, pointer in _pointers(value, above, unit):
            of_it = need.at(steps)
            if of_it.is_plain:
                plain.append(pointer)
            elif not of_it.is_free:
                kept[steps] = pointer
    pages = {each.at: each for each in kept.values() if each.kind != "value"}
    unit.pages.load_behind([*plain, *(each for each in kept.values() if each.at not in pages)])
    unit.pages.read_pages(pages.values())
    return {steps: contents(each, unit.pages) for steps, each in kept.items()}


def _pointers(value: Json, steps: Steps, unit: UnitOfWork) -> list[tuple[Steps, Pointer]]:
    """Return the pointers in a value at a path, all of which may be followed."""
    if not may_hold_marks(encode(value)):
        return []
    found = list(pointers_of(value, unit.pages, steps))
    for _, pointer in found:
        unit.objects.require_allowed(pointer.path)
    return found


def _filled(
    value: Json, need: Need, steps: Steps, behind: Mapping[Steps, Json], unit: UnitOfWork
) -> Json:
    if need.is_free:
        return value
    pointer = pointer_at(value, steps, unit.pages)
    if pointer is not None:
        if need.is_plain:
            return unit.pages.whole(pointer, unescape=True)
        inner = behind[steps]
        if need.frees(inner):
            return value
        return _filled(inner, need, steps, behind, unit) if may_hold_marks(encode(inner)) else inner
    changed = {
        step: filled
        for step, item in members(value)
        if (filled := _filled(item, need.below(step), (*steps, step), behind, unit)) is not item
    }
    return with_members(value, changed)
