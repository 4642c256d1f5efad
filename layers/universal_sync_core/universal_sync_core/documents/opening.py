"""A document in which each value is as plain as its readers need it."""

from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.documents.members import members, with_members
from universal_sync_core.documents.pointers import contents, pointer_at, pointers_of
from universal_sync_core.documents.words import Need
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.paths import Step
from universal_sync_core.values.pointer import may_hold_marks


def opened(document: Json, need: Need, unit: UnitOfWork) -> Json:
    """Return a document without pointers where its readers need containers or plain values.

    Every other pointer stays; so does each object in which nothing changes.

    Args:
        document: it stays as it is.
        need: of the document.
        unit: through which pointers are read.

    Raises:
        InvalidRequestError: keys stand beside a pointer.
        PointerNotAllowedError: a pointer leads out of the allowed places.
        StoredDataError, StateTooLargeError: what a pointer leads to cannot be read.
    """
    return _Opening(unit).opened(document, need)


class _Opening:
    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self._pages = unit.pages

    def opened(self, document: Json, need: Need, steps: tuple[Step, ...] = ()) -> Json:
        if not may_hold_marks(encode(document)):
            return document
        found = list(pointers_of(document, self._pages, steps))
        for _, pointer in found:
            self._unit.objects.require_allowed(pointer.path)
        plain = [pointer for at, pointer in found if need.at(at[len(steps) :]).is_plain]
        self._pages.load([pointer.render() for pointer in plain])
        return self._filled(document, need, steps)

    def _filled(self, value: Json, need: Need, steps: tuple[Step, ...]) -> Json:
        if need.is_free:
            return value
        pointer = pointer_at(value, steps, self._pages)
        if pointer is not None:
            if need.is_plain:
                return self._pages.resolve(pointer.render(), unescape=True)
            return self.opened(contents(pointer, self._pages), need, steps)
        changed = {
            step: filled
            for step, item in members(value)
            if (filled := self._filled(item, need.below(step), (*steps, step))) is not item
        }
        return with_members(value, changed)
