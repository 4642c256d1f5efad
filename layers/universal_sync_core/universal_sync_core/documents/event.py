"""The event of a handler: a document that is read when it is touched, or before."""

from collections import deque

from universal_sync_core.documents.handed_out import DocumentReading, HandedOut
from universal_sync_core.documents.pointers import pointers_of, to_stored
from universal_sync_core.lazy.views import show
from universal_sync_core.packs.objects import Objects
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.pointer import may_hold_marks


def shown_event(event: Json, objects: Objects, handed: HandedOut, *, eager: bool) -> Json:
    """Return an event as a handler sees it.

    Args:
        event: any JSON value with pointers in it; it is not changed.
        objects: the objects that may be read.
        handed: notes which values came from pointers.
        eager: read everything and return plain dicts and lists, instead of views.

    Raises:
        InvalidRequestError: there are extra keys beside a pointer.
    """
    reading = DocumentReading(objects, handed)
    stored = event
    if may_hold_marks(encode(event)):
        deque(pointers_of(event, reading.pages), maxlen=0)
        stored = to_stored(event)
    return reading.whole(stored) if eager else show(reading, stored, None, ())
