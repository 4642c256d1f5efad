"""Opening a document: each value becomes as plain as its readers need it."""

from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.documents.members import members, with_members
from universal_sync_core.documents.pointers import contents, pointer_at, pointers_of
from universal_sync_core.documents.words import Need
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.paths import Step
from universal_sync_core.values.pointer import may_hold_marks


def opened(document: Json, need: Need, unit: UnitOfWork, steps: tuple[Step, ...] = ()) -> Json:
    """Return a document with values instead of pointers wherever its readers need them in place.

    Every other pointer stays, and objects without a change stay the same.

    Args:
        document: the document, or a part of it; it is not changed.
        need: what its readers need.
        unit: the unit of work that reads pointers.
        steps: the path of the part, for errors.

    Raises:
        InvalidRequestError: there are extra keys beside a pointer.
        PointerNotAllowedError: a pointer leads out of the allowed places.
        StoredDataError, StateTooLargeError: the value of a pointer cannot be read.
    """
    if not may_hold_marks(encode(document)):
        return document
    found = list(pointers_of(document, unit.pages, steps))
    for _, pointer in found:
        unit.objects.require_allowed(pointer.path)
    plain = [pointer for at, pointer in found if need.at(at[len(steps) :]).is_plain]
    unit.pages.load_behind(plain)
    return _filled(document, need, unit, steps)


def _filled(value: Json, need: Need, unit: UnitOfWork, steps: tuple[Step, ...]) -> Json:
    if need.is_free:
        return value
    pointer = pointer_at(value, steps, unit.pages)
    if pointer is not None:
        if need.is_plain:
            return unit.pages.whole(pointer, unescape=True)
        return opened(contents(pointer, unit.pages), need, unit, steps)
    changed = {
        step: filled
        for step, item in members(value)
        if (filled := _filled(item, need.below(step), unit, (*steps, step))) is not item
    }
    return with_members(value, changed)
