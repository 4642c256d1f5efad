"""The door: what a result brings in is checked here, once, before it meets the bag."""

from universal_sync_core.call import Call
from universal_sync_core.codec import Json, JsonObject
from universal_sync_core.compress import is_sound
from universal_sync_core.conversion import as_json
from universal_sync_core.pointer import escape, may_hold_marks, parse


def admit(value: Json, call: Call) -> Json:
    """Return a value from outside as it may stand in the bag.

    Pointers of this execution are let in; data that only resembles one of our forms is escaped,
    and comes back as it was when the bag is hydrated.

    Raises:
        InvalidRequestError: JSON cannot carry it.
        PointerNotAllowedError: it holds a pointer that leads out of the allowed places.
    """
    value, encoded = as_json(value, call, admit)
    if not may_hold_marks(encoded):
        return value

    def is_ours(part: JsonObject) -> bool:
        pointer = parse(part)
        if pointer is None:
            return is_sound(part)
        call.objects.require_allowed(pointer.path)
        return True

    return escape(value, is_ours)
