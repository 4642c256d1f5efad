"""Trees whose documents are changed before they are stored, and all who read them."""

import copy
import hashlib
import json
from collections.abc import Callable
from typing import Any

from tests.core.bags import CONTEXT, EXECUTION, call, fresh
from tests.core.places import alone, documents_of, row
from universal_sync_core import hydrate_state, open_bag, read_list, universal_sync_core
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, StoredObject
from universal_sync_core.values.pointer import Pointer

TINY = {"page_bytes": 200, "index_bytes": 400}
LIST = [f"row {number:03} " + "x" * 20 for number in range(60)]
MAP = {f"key {number * 7 % 60:02}": number for number in range(60)}
Documents = dict[str, Any]


def tree_of(value: Any, *, marked: bool = False) -> tuple[Pointer, Documents]:
    """Return the pointer to a value in pages, and its documents by path."""
    store = MemoryStore()
    with fresh(store, **TINY), call() as opened:
        pointer = opened.pages.store(value, marked=marked)
    documents: Documents = {}
    for at, document in documents_of(store).items():
        for child in document.get("children", []):
            child[:4] = [child[3], 0, 1, child[3]]
        documents[pointer.path[:-64] + at.digest] = document
    return pointer, documents


TREES = {
    "list": tree_of(LIST),
    "marked": tree_of(LIST, marked=True),
    "map": tree_of(MAP),
    "page of a list": tree_of(LIST[:3]),
    "page of a map": tree_of(dict(list(MAP.items())[:3])),
}


def stored(documents: Documents, pointer: Pointer) -> tuple[MemoryStore, Pointer]:
    """Return a store with the documents under the digests that they now have, and the pointer.

    A parent is stored after its children, and refers to what they have become.
    """
    store = MemoryStore()
    renamed: dict[str, list[Any]] = {}
    folder = pointer.path[:-64]
    order = sorted(documents, key=lambda path: height_of(documents[path]))
    for path in order:
        document = copy.deepcopy(documents[path])
        if isinstance(document, dict) and isinstance(document.get("children"), list):
            for each in document["children"]:
                _rename(each, renamed)
        body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
        digest = hashlib.sha256(body).hexdigest()
        renamed[path[-64:]] = row(folder + digest, len(body))
        store.objects[Location.parse(folder + digest)] = StoredObject(body)
    root = Pointer(
        kind=pointer.kind,
        at=alone(folder + renamed[pointer.at.digest][0], renamed[pointer.at.digest][2]),
        size=pointer.size,
        count=pointer.count,
    )
    return store, root


def _rename(each: Any, renamed: dict[str, list[Any]]) -> None:
    """Let a row lead to what its child has become, as far as it is not spoiled."""
    if isinstance(each, list) and len(each) > 3 and isinstance(each[3], str):
        for column, new in enumerate(renamed.get(each[3], [])):
            if each[column] == [each[3], 0, 1, each[3]][column]:
                each[column] = new


def height_of(document: Any) -> int:
    height = document.get("height") if isinstance(document, dict) else 0
    return height if isinstance(height, int) else 0


def bag_with(root: Pointer) -> dict[str, Any]:
    return {"execution_id": EXECUTION, "value": root.render()}


def touched(view: Any) -> Any:
    return list(view) if not hasattr(view, "items") else dict(view.items())


def whole(root: Pointer) -> Any:
    with call() as opened:
        if root.kind == "map":
            return opened.pages.entries(root)
        return read_list(root.render(), 0, root.count or 0, CONTEXT)


def merged(root: Pointer) -> Any:
    """Return the value after nothing was merged into it."""
    empty: Any = {} if root.kind == "map" else []
    appending = {"merge_strategy": {"part": "append"} if root.kind == "list" else None}
    bag = {"execution_id": EXECUTION, "current_state": {"part": root.render()}}
    after = universal_sync_core(bag, {"current_state": {"part": empty}}, CONTEXT | appending)
    return hydrate_state(after)["current_state"]["part"]


READERS: dict[str, Callable[[Pointer], Any]] = {
    "hydrated": lambda root: hydrate_state(bag_with(root))["value"],
    "merged into": merged,
    "plain in a worker": lambda root: open_bag(bag_with(root))["value"].plain(),
    "touched in a worker": lambda root: touched(open_bag(bag_with(root))["value"]),
    "whole": whole,
}


def index(documents: Documents) -> Any:
    """Return the root, which is the highest."""
    return max(documents.values(), key=height_of)


def page(documents: Documents) -> Any:
    """Return the first page."""
    return next(each for each in documents.values() if not each["height"])


def set_row(column: int, value: Any) -> Callable[[Documents], None]:
    def change(documents: Documents) -> None:
        index(documents)["children"][0][column] = value

    return change


def set_field(found: Callable[[Documents], Any], name: str, value: Any) -> Callable[..., None]:
    def change(documents: Documents) -> None:
        found(documents)[name] = value

    return change


def lacking(found: Callable[[Documents], Any], name: str) -> Callable[[Documents], None]:
    def change(documents: Documents) -> None:
        del found(documents)[name]

    return change


def swapped_rows(documents: Documents) -> None:
    index(documents)["children"].reverse()


def one_item_less(documents: Documents) -> None:
    items = page(documents)["items"]
    items.pop() if isinstance(items, list) else items.popitem()


def leaf_is_index(documents: Documents) -> None:
    leaf = page(documents)
    count = len(leaf["items"])
    leaf.clear()
    child = [*row("0" * 64, 1), count, 1, 1]
    leaf |= {"__page": 1, "kind": "list", "height": 1, "children": [child]}


def same_positions(documents: Documents) -> None:
    leaf = page(documents)
    leaf["order"] = [leaf["order"][0]] * len(leaf["order"])


def far_positions(documents: Documents) -> None:
    leaf = page(documents)
    leaf["order"] = [position + 1_000 for position in leaf["order"]]


def unsorted_keys(documents: Documents) -> None:
    leaf = page(documents)
    leaf["items"] = dict(reversed(leaf["items"].items()))
    leaf["order"].reverse()


def foreign_key(documents: Documents) -> None:
    leaf = page(documents)
    first, *rest = leaf["items"].items()
    leaf["items"] = dict([*rest, ("zzz", first[1])])


ANY, OF_LIST, OF_MAP = ("list", "marked", "map"), ("list", "marked"), ("map",)
WRONG: dict[str, tuple[tuple[str, ...], Callable[[Documents], None]]] = {
    "a count of a thousand million": (ANY, set_row(4, 10**9)),
    "a count past all memory": (ANY, set_row(4, 10**30)),
    "a negative count": (ANY, set_row(4, -5)),
    "a count of none": (ANY, set_row(4, 0)),
    "a boolean count": (ANY, set_row(4, bool(1))),
    "a fraction": (ANY, set_row(4, 3.0)),
    "a count that is a text": (ANY, set_row(4, "3")),
    "a negative size": (ANY, set_row(5, -1)),
    "a weight of another sum": (ANY, set_row(6, 1)),
    "no digest": (ANY, set_row(3, "x")),
    "no pack": (ANY, set_row(0, "x")),
    "a place before the pack": (ANY, set_row(1, -1)),
    "a place of no bytes": (ANY, set_row(2, 0)),
    "a place that is a text": (ANY, set_row(1, "0")),
    "its own pack, and a place past itself": (ANY, set_row(0, "")),
    "a path without a digest": (ANY, set_row(0, "s3://state-bucket/inputs/evil.json")),
    "a digest in capitals": (ANY, set_row(0, "A" * 64)),
    "no row": (ANY, lambda documents: index(documents)["children"].append(7)),
    "no children": (ANY, set_field(index, "children", [])),
    "children that are none": (ANY, set_field(index, "children", {"a": 1})),
    "no height": (ANY, lacking(index, "height")),
    "a height of a text": (ANY, set_field(index, "height", "1")),
    "a boolean height": (ANY, set_field(index, "height", bool(1))),
    "a height past all": (ANY, set_field(index, "height", 10**6)),
    "one level more": (ANY, lambda documents: index(documents).update(height=9)),
    "another kind": (ANY, set_field(index, "kind", "tree")),
    "a kind that is a list": (ANY, set_field(index, "kind", ["list"])),
    "another version": (ANY, set_field(index, "__page", 2)),
    "a version that is true": (ANY, set_field(index, "__page", bool(1))),
    "a field that nobody knows": (ANY, set_field(index, "more", 1)),
    "a field in a page that nobody knows": (ANY, set_field(page, "more", 1)),
    "a page without items": (ANY, lacking(page, "items")),
    "a page whose items are a text": (ANY, set_field(page, "items", "abc")),
    "an element less than is said": (ANY, one_item_less),
    "a page of another kind": (ANY, lambda documents: page(documents).update(kind="tree")),
    "an index object in the place of a page": (OF_LIST, leaf_is_index),
    "marks in an index object": (("list",), set_field(index, "marks", "AAAA")),
    "marks where there are none": (("list",), set_field(page, "marks", "")),
    "no marks where there are": (("marked",), lacking(page, "marks")),
    "other marks": (("marked",), set_field(page, "marks", "AAAA")),
    "marks that are no base64": (("marked",), set_field(page, "marks", "no base64!")),
    "an order in a list": (OF_LIST, set_field(page, "order", [0])),
    "least keys in a list": (OF_LIST, lambda d: index(d)["children"][0].extend(["a", ""])),
    "no order": (OF_MAP, lacking(page, "order")),
    "an order of texts": (OF_MAP, lambda d: page(d).update(order=["0"] * len(page(d)["order"]))),
    "one position for all": (OF_MAP, same_positions),
    "positions past the count": (OF_MAP, far_positions),
    "keys that are not sorted": (OF_MAP, unsorted_keys),
    "a key of another page": (OF_MAP, foreign_key),
    "a position without bounds": (OF_MAP, lambda d: page(d)["order"].__setitem__(-1, 10**30)),
    "pages in another order": (OF_MAP, swapped_rows),
}
