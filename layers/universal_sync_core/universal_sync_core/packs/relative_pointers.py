"""Pointers into their own pack: without a path where they are stored, since it has no name yet.

In a pack, such a pointer says how far before its document its value begins.
"""

import re
from typing import Final

from universal_sync_core.errors import MalformedPointerError
from universal_sync_core.values.address import PATH, Address, name_of
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.pointer import MARK, RANGE, is_range

# A rendered pointer continues like this after its kind.
_IN_JSON: Final = rb'"__s3_path":"[^"]*%s","__range":\[(\d+),'


def absolute(value: Json, within: Address) -> Json:
    """Return a value with the pointers into its own pack in the form that a bag has.

    In a pack, such a pointer has no path, and its range counts back from its document.

    Args:
        value: a document that was just decoded; it is changed in place.
        within: the place of the document.

    Raises:
        MalformedPointerError: a pointer in it leads out of the pack, or past the document.
    """
    stack = [value] if within.start else []  # there is nothing before the first document
    while stack:
        part = stack.pop()
        if type(part) is list:
            stack += part
        elif type(part) is dict:
            if part.get(MARK) is True and PATH not in part:
                _make_absolute(part, within)
            else:
                stack += part.values()
    return value


def _make_absolute(form: JsonObject, within: Address) -> None:
    back: Json = form.get(RANGE)
    if not is_range(back) or not back[1] <= back[0] <= within.start:
        raise MalformedPointerError("a pointer leads out of its pack", path=within.path)
    place = {PATH: within.path, RANGE: [within.start - back[0], back[1]]}
    parts = list(form.items())
    form.clear()
    for key, part in parts:  # in the order of a rendered pointer
        form.update(place if key == RANGE else {key: part})
    name = name_of(within.path)
    if name is not None:
        name.await_path(form)


def relative(body: bytes, stand_in: str, here: int) -> bytes:
    """Return a document with the pointers into its own pack in the form that is stored.

    This is the other direction of `absolute`, on JSON: no user's string has a match that ends in
    quotes.

    Args:
        body: JSON, with pointers in the form of `Pointer.render`.
        stand_in: the stand-in for the digest of the pack.
        here: the position at which the document will begin.
    """

    def back(found: re.Match[bytes]) -> bytes:
        return b'"%s":[%d,' % (RANGE.encode(), here - int(found[1]))

    return re.sub(_IN_JSON % stand_in.encode(), back, body)
