"""The pointer in a bag to a value in S3, and the escape for data that resembles one.

docs/formats.md describes the form; `parse` and `Pointer.render` are its two directions.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from universal_sync_core.errors import MalformedPointerError
from universal_sync_core.values.address import PATH, Address, digest_in, name_of, settled
from universal_sync_core.values.codec import INLINE, Json, JsonObject

Kind: TypeAlias = Literal["value", "list", "map"]

MARK: Final = "__s3_offloaded"
COMPRESSED_MARK: Final = "__gzip_base64"
VERSION: Final = 1
# Some JSON libraries mix up larger whole numbers. https://www.rfc-editor.org/rfc/rfc8259
_TOO_LARGE: Final = 2**53
RANGE: Final = "__range"
_SHA256: Final = "__sha256"
_PREVIEW: Final = "__preview"
_OF_PLACE: Final = {PATH, RANGE, _SHA256}
_RESERVED: Final = {MARK, "__v", "__kind", *_OF_PLACE, "__size_bytes", "__count", _PREVIEW}
_DIGEST: Final = re.compile("[0-9a-f]{64}")

_ESCAPE: Final = "__escaped:"
_MARKS: Final = rf"(?:{MARK}|{COMPRESSED_MARK})"
_NEEDS_ESCAPE: Final = re.compile(rf"(?:{_ESCAPE})*{_MARKS}")
_IS_ESCAPED: Final = re.compile(rf"(?:{_ESCAPE})+{_MARKS}")
# JSON may write any character of a key as an escape; those in our keys are all below U+0100.
_LETTER_IN_JSON: Final = b"\\u00"
_BACKSLASH: Final = ord("\\")
_MARK_IN_JSON: Final = MARK.encode()
_COMPRESSED_MARK_IN_JSON: Final = COMPRESSED_MARK.encode()
# A mark has an underscore after these. A page begins with them too, and may have no other.
_BEGINNING: Final = len('{"__')


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """A reference to a value in S3.

    Attributes:
        kind: `list` and `map` lead to pages, `value` to a document with the value itself.
        at: the place of its document, or of the root of its pages.
        size: bytes of the value as JSON, including the values that it points to.
        count: elements of the list or map; None for a value.
        beside: copies of parts of the value, readable in place (`keep_inline`).
        preview: what the value looks like, for readers without S3; None if nobody asked for it.
    """

    kind: Kind
    at: Address
    size: int
    count: int | None = None
    beside: JsonObject = field(default_factory=dict)
    preview: Json = None

    @property
    def path(self) -> str:
        """The `s3://` path of the pack."""
        return self.at.path

    def render(self) -> JsonObject:
        """Return the pointer in the form that a bag has.

        If its pack is still being written, its path is filled in once it is known.
        """
        at = settled(self.at)
        form: JsonObject = {
            MARK: True,
            "__v": VERSION,
            "__kind": self.kind,
            PATH: at.path,
            RANGE: [at.start, at.length],
            _SHA256: at.digest,
            "__size_bytes": self.size,
        }
        if self.count is not None:
            form["__count"] = self.count
        if self.preview is not None:
            form[_PREVIEW] = self.preview
        form |= {key: value for key, value in self.beside.items() if key not in _RESERVED}
        name = name_of(at.path)
        if name is not None:
            name.await_path(form)
        return form

    def with_beside(self, beside: JsonObject) -> "Pointer":
        """Return the same pointer with other copies beside it."""
        return replace(self, beside=beside)

    def with_preview(self, preview: Json) -> "Pointer":
        """Return the same pointer with another preview beside it, or with none."""
        return replace(self, preview=preview)


def parse(value: Json) -> Pointer | None:
    """Return a value of a bag or a page as a pointer, or None if it is not one.

    Raises:
        MalformedPointerError: it has the mark of a pointer, but is not one of this version. It
            cannot be data, since data that resembles a pointer is escaped on its way in.
    """
    if type(value) is not dict or value.get(MARK) is not True:  # `has_mark`, without a call
        return None
    pointer = recognise(value)
    if pointer is None:
        path: Json = value.get(PATH)
        known = type(path) is str and digest_in(path) is not None
        message = f"the pointer is not of version {VERSION}; a later release may have made it"
        raise MalformedPointerError(message, path=path if known else INLINE)
    return pointer


def has_mark(value: Json) -> bool:
    """Tell whether a value has the mark of a pointer; `parse` tells whether it is one."""
    return type(value) is dict and value.get(MARK) is True


def recognise(value: Json) -> Pointer | None:
    """Return a value from outside as a pointer, or None if it is not one."""
    if not has_mark(value):
        return None
    kind: Json = value.get("__kind")
    path, digest = value.get(PATH), value.get(_SHA256)
    count: Json = value.get("__count")
    well_formed = (
        is_whole(value.get("__v"))
        and value["__v"] == VERSION
        and isinstance(path, str)
        and digest_in(path) is not None
        and is_range(value.get(RANGE))
        and is_digest(digest)
        and is_whole(value.get("__size_bytes"))
        and (is_whole(count) if kind in ("list", "map") else kind == "value" and count is None)
    )
    beside = {key: item for key, item in value.items() if key not in _RESERVED}
    if not well_formed or (kind == "value" and ("__count" in value or beside)):
        return None
    start, length = value[RANGE]
    at = Address(str(path), start, length, str(digest))
    size, preview = value["__size_bytes"], value.get(_PREVIEW)
    return Pointer(kind=kind, at=at, size=size, count=count, beside=beside, preview=preview)


def pointers_inline(value: Json) -> Iterator[Pointer]:
    """Yield each pointer in a value, except those in compressed values."""
    stack = [value]
    while stack:
        part = stack.pop()
        if type(part) is list:
            stack += part
        elif type(part) is dict:
            pointer = recognise(part)
            if pointer is None:
                stack += part.values()
            else:
                yield pointer


def is_whole(value: Json) -> bool:
    """Tell whether `value` is a number of bytes or elements that every JSON library can carry."""
    return type(value) is int and 0 <= value < _TOO_LARGE


def is_range(value: Json) -> bool:
    """Tell whether `value` is a range of a pack: where it begins, and how many bytes."""
    return (
        type(value) is list
        and len(value) == 2  # noqa: PLR2004 - a start and a length
        and all(map(is_whole, value))
        and value[1] > 0
    )


def is_digest(value: Json) -> bool:
    """Tell whether `value` is a SHA-256 in hex."""
    return type(value) is str and _DIGEST.fullmatch(value) is not None


def kind_of(value: Json) -> Kind:
    """Return whether a value is a list, a map or neither, inline or in S3."""
    if type(value) is not dict:
        return "list" if type(value) is list else "value"
    pointer = parse(value)
    return "map" if pointer is None else pointer.kind


def is_map(value: Json) -> bool:
    """Tell whether `value` is a JSON object, inline or in S3."""
    return kind_of(value) == "map"


def is_list(value: Json) -> bool:
    """Tell whether `value` is a JSON array, inline or in S3."""
    return kind_of(value) == "list"


def length(value: Json) -> int | None:
    """Return the number of elements of a list, inline or in S3, or None for anything else."""
    pointer = parse(value)
    if pointer is not None:
        return pointer.count if pointer.kind == "list" else None
    return len(value) if type(value) is list else None


def weight_of(value: Json) -> int | None:
    """Return the bytes of a pointer's value as JSON, or None for anything else."""
    pointer = parse(value)
    return None if pointer is None else pointer.size


def is_one_place(left: Json, right: Json) -> bool | None:
    """Tell whether two pointers lead to the same place; None if one of the values is not one."""
    ours, theirs = parse(left), parse(right)
    return None if ours is None or theirs is None else ours.at == theirs.at


def may_hold_marks(encoded: bytes) -> bool:
    """Tell cheaply whether a JSON document may hold a pointer or something like one."""
    # A search for one byte is many times faster than a search for several. Of several, `find` is
    # faster than `in`.
    if encoded.find(b"_", _BEGINNING) >= 0 and (
        encoded.find(_MARK_IN_JSON) >= 0 or encoded.find(_COMPRESSED_MARK_IN_JSON) >= 0
    ):
        return True
    return _BACKSLASH in encoded and encoded.find(_LETTER_IN_JSON) >= 0


def escape(value: Json, is_ours: Callable[[JsonObject], bool]) -> Json:
    """Return `value` with every key renamed that makes data resemble a stored form.

    Args:
        value: data on its way into the bag.
        is_ours: tells whether a dict is a genuine stored form, which stays unchanged.
    """
    if type(value) is list:
        return [escape(item, is_ours) for item in value]
    if type(value) is not dict or is_ours(value):
        return value
    return {escape_key(key): escape(item, is_ours) for key, item in value.items()}


def escape_key(key: str) -> str:
    """Return the form that a user's key has in the bag."""
    return _ESCAPE + key if _NEEDS_ESCAPE.fullmatch(key) else key


def unescape(value: Json) -> Json:
    """Return a stored value with its keys as before `escape`; pointers stay unchanged."""
    if type(value) is list:
        return [unescape(item) for item in value]
    if type(value) is not dict or parse(value) is not None:
        return value
    return {unescape_key(key): unescape(item) for key, item in value.items()}


def without_previews(value: Json) -> Json:
    """Return a value without previews beside the pointers in it."""
    if type(value) is list:
        return [without_previews(item) for item in value]
    if type(value) is not dict:
        return value
    pointer = recognise(value)
    if pointer is not None:
        return value if pointer.preview is None else pointer.with_preview(None).render()
    return {key: without_previews(item) for key, item in value.items()}


def unescape_key(key: str) -> str:
    """Return the key as it was before `escape`."""
    return key.removeprefix(_ESCAPE) if _IS_ESCAPED.fullmatch(key) else key
