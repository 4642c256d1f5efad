"""A reader of bags and objects by docs/formats.md, which shares no code with the product.

It believes nothing: a pointer that leads nowhere, a digest, a size or a count that is wrong, or a
page that is none is a `BrokenStateError`.
"""

import base64
import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, TypeAlias
from urllib.parse import quote

import zstandard

Fetch: TypeAlias = Callable[[str], tuple[bytes, str | None] | None]

FORMS: Final = (
    "value",
    "list",
    "map",
    "index",
    "archive",
    "sample",
    "summary",
    "overflow",
    "whole current_state",
    "packed",
    "escape",
    "zstd",
)
# Pack, start, length and digest.
_At: TypeAlias = tuple[str, int, int, str]
_FRAME: Final = b"\x28\xb5\x2f\xfd"
_MARK: Final = "__s3_offloaded"
_PACKED: Final = {"__gzip_base64", "__size_bytes"}
_ESCAPE: Final = "__escaped:"
_ESCAPED: Final = (_MARK, "__gzip_base64")
_SAMPLED: Final = ("chunk_results", "failed_segments", "distributed_outputs")


class BrokenStateError(Exception):
    """The stored state is not what the formats say."""


class Reader:
    """Reads the state of one execution.

    Attributes:
        forms: how often each stored form was met.
    """

    def __init__(self, fetch: Fetch, place: str, execution_id: str, forms: Counter[str]) -> None:
        self._fetch = fetch
        self.folder = f"s3://{place}v1/{quote(execution_id, safe='')}/packs/"
        self._documents: dict[_At, Any] = {}
        self.forms = forms

    def bag(self, bag: dict[str, Any]) -> dict[str, Any]:
        """Return what a bag stands for."""
        fields = dict(bag)
        overflow = self._form(fields, "state_s3_path", "state_s3_path")
        if overflow is not None:
            self.forms["overflow"] += 1
            own = {name: value for name, value in fields.items() if name != "state_s3_path"}
            fields = self._raw_map(overflow) | own
        if self.is_pointer(fields.get("current_state")):
            self.forms["whole current_state"] += 1
        fields = self._with_whole_fields(fields)
        whole = {self._key(name): self.value(value) for name, value in fields.items()}
        self._require_current_copies(fields.get("current_state"), whole.get("current_state"))
        return whole

    def _require_current_copies(self, value: Any, whole: Any) -> None:
        """Refuse copies beside pointers that are not what the pointers lead to."""
        if not isinstance(value, dict) or not isinstance(whole, dict):
            return
        is_pointer = self.is_pointer(value)
        for key, item in value.items():
            if not is_pointer:
                self._require_current_copies(item, whole.get(self._key(key)))
            elif not key.startswith("__") and not _is_part(item, whole.get(key)):
                raise BrokenStateError(f"a copy beside a pointer is old: {key}")

    def _with_whole_fields(self, fields: dict[str, Any]) -> dict[str, Any]:
        for name in _SAMPLED:
            whole = self._form(fields, f"{name}_s3_path", name)
            if whole is not None:
                self.forms["sample"] += 1
                fields[name] = fields.pop(f"{name}_s3_path")
        whole = self._form(fields, "scheduling_metadata_s3_path", "scheduling_metadata")
        if whole is not None:
            self.forms["summary"] += 1
            fields["scheduling_metadata"] = fields.pop("scheduling_metadata_s3_path")
            del fields["scheduling_summary"]
        archive = self._form(fields, "state_history_archive", "state_history")
        if archive is not None:
            self.forms["archive"] += 1
            older = self._raw_list(fields.pop("state_history_archive"))
            fields["state_history"] = [*older, *fields.get("state_history", [])]
        return fields

    def _form(self, fields: dict[str, Any], name: str, stands_for: str) -> Any:
        value: Any = fields.get(name)
        known = self.is_pointer(value) and value.get("of_field") == stands_for
        return value if known else None

    @staticmethod
    def is_pointer(value: Any) -> bool:
        """Tell whether a value of a bag is a pointer."""
        return isinstance(value, dict) and value.get(_MARK) is True

    def value(self, value: Any) -> Any:
        """Return what a value of a bag or an object stands for."""
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, dict):
            return value
        if self.is_pointer(value):
            return self._pointed(value)
        if value.keys() == _PACKED:
            self.forms["packed"] += 1
            return self.value(self._unpacked(value))
        return {self._key(key): self.value(item) for key, item in value.items()}

    def answer(self, answer: Any) -> Any:
        """Return what an answer of a worker or a person stands for: inline it is not escaped."""
        if isinstance(answer, list):
            return [self.answer(item) for item in answer]
        if not isinstance(answer, dict):
            return answer
        if (self.is_pointer(answer) and "__s3_path" in answer) or answer.keys() == _PACKED:
            return self.value(answer)
        return {key: self.answer(item) for key, item in answer.items()}

    def kept(self, path: str) -> dict[str, Any]:
        """Return what the bag stands for that a snapshot or a failure record keeps."""
        document = self.document(path)
        if "failure_record" in document:
            document = self.document(document["snapshot_s3_path"])
        return self.bag(document["state_data"])

    def document(self, path: str) -> Any:
        """Return what a pack was written for, such as a snapshot, a record or a branch's bag."""
        body = self._pack(path)
        if hashlib.sha256(body).hexdigest() != path[-64:]:
            raise BrokenStateError(f"another digest is at {path}")
        *_, last = self._lines(body)
        return self._placed(json.loads(last), (path, body.rstrip(b"\n").rfind(b"\n") + 1, 0, ""))

    def _lines(self, body: bytes) -> list[bytes]:
        """Return the documents of a whole pack."""
        if body.startswith(_FRAME):
            with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True) as lines:
                body = lines.read()
        return body.splitlines()

    def _at(self, at: _At) -> Any:
        """Return the document at a range of a pack."""
        path, start, length, digest = at
        if at not in self._documents:
            part = self._pack(path)[start : start + length]
            if hashlib.sha256(part).hexdigest() != digest:
                raise BrokenStateError(f"another digest is at {at}")
            self._documents[at] = self._placed(json.loads(self._plain(part)), at)
        elif self._fetch(path) is None:
            raise BrokenStateError(f"nothing is at {path}")
        return self._documents[at]

    def _placed(self, value: Any, at: _At) -> Any:
        """Return a document in which a pointer into its own pack has the path of that."""
        if isinstance(value, list):
            return [self._placed(item, at) for item in value]
        if not isinstance(value, dict):
            return value
        if at[1] and value.get(_MARK) is True and "__s3_path" not in value:
            back, length = value["__range"]
            if not 0 < length <= back <= at[1]:
                raise BrokenStateError(f"a pointer out of its pack is at {at}")
            return {**value, "__s3_path": at[0], "__range": [at[1] - back, length]}
        return {key: self._placed(item, at) for key, item in value.items()}

    def _pointed(self, pointer: dict[str, Any]) -> Any:
        kind = pointer["__kind"]
        self.forms[kind] += 1
        if kind == "list":
            return [self.value(item) for item in self._raw_list(pointer)]
        if kind == "map":
            entries = self._raw_map(pointer)
            return {self._key(key): self.value(item) for key, item in entries.items()}
        if kind != "value" or "__count" in pointer:
            raise BrokenStateError(f"a pointer of the kind {kind}")
        return self.value(self._at(self._place_of(pointer)))

    def _place_of(self, pointer: dict[str, Any]) -> _At:
        if pointer.get("__v") != 1:
            raise BrokenStateError("a pointer of another version")
        start, length = pointer["__range"]
        return pointer["__s3_path"], start, length, pointer["__sha256"]

    def _require_own(self, path: str) -> None:
        if not path.startswith(self.folder) or len(path) != len(self.folder) + 64:
            raise BrokenStateError(f"a pointer to {path}")

    def _raw_list(self, pointer: dict[str, Any]) -> list[Any]:
        pages = self._pages(pointer)
        return [item for page in pages for item in page["items"]]

    def _raw_map(self, pointer: dict[str, Any]) -> dict[str, Any]:
        pages = self._pages(pointer)
        entries = {key: item for page in pages for key, item in page["items"].items()}
        if len(pages) == 1 and "order" not in pages[0]:
            return entries
        placed = [
            pair
            for page in pages
            for pair in zip(page["order"], sorted(page["items"]), strict=True)
        ]
        if sorted(place for place, _ in placed) != list(range(len(placed))):
            raise BrokenStateError("the order of a map is none")
        return {key: entries[key] for _, key in sorted(placed)}

    def _pages(self, pointer: dict[str, Any]) -> list[dict[str, Any]]:
        pages = self._leaves(self._place_of(pointer), pointer["__kind"], None)
        if sum(len(page["items"]) for page in pages) != pointer["__count"]:
            raise BrokenStateError("a pointer counts what is not there")
        return pages

    def _leaves(self, at: _At, kind: str, height: int | None) -> list[dict[str, Any]]:
        node = self._at(at)
        if node["__page"] != 1 or node["kind"] != kind or height not in (None, node["height"]):
            raise BrokenStateError(f"no page of a {kind} is at {at}")
        if not node["height"]:
            return [node]
        self.forms["index"] += 1
        leaves: list[dict[str, Any]] = []
        for pack, start, length, digest, count, *_ in node["children"]:
            path = (pack if len(pack) > 64 else self.folder + pack) if pack else at[0]
            child = (path, start if pack else at[1] - start, length, digest)
            below = self._leaves(child, kind, node["height"] - 1)
            if sum(len(page["items"]) for page in below) != count:
                raise BrokenStateError(f"an index counts what is not there: {at}")
            leaves += below
        return leaves

    def _pack(self, path: str) -> bytes:
        self._require_own(path)
        stored = self._fetch(path)
        if stored is None:
            raise BrokenStateError(f"nothing is at {path}")
        return stored[0]

    def _plain(self, part: bytes) -> bytes:
        if not part.startswith(_FRAME):
            return part
        self.forms["zstd"] += 1
        return zstandard.ZstdDecompressor().decompress(part, max_output_size=2**28)

    @staticmethod
    def _unpacked(value: dict[str, Any]) -> Any:
        body = gzip.decompress(base64.b64decode(value["__gzip_base64"], validate=True))
        if len(body) != value["__size_bytes"]:
            raise BrokenStateError("a compressed value of another size")
        return json.loads(body)

    def _key(self, key: str) -> str:
        rest = key
        while rest.startswith(_ESCAPE):
            rest = rest.removeprefix(_ESCAPE)
        if rest == key or rest not in _ESCAPED:
            return key
        self.forms["escape"] += 1
        return key.removeprefix(_ESCAPE)


def _is_part(copy: Any, whole: Any) -> bool:
    """Tell whether a copy is a value, or an object with some of its keys."""
    if isinstance(copy, dict) and isinstance(whole, dict):
        return all(key in whole and _is_part(item, whole[key]) for key, item in copy.items())
    return json.dumps(copy) == json.dumps(whole)
