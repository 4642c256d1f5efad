"""What a stored document, or any text, refers to: the paths of objects of state, and executions.

Whatever looks like the path of an object is a reference, wherever it stands.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from statebag.budgets import budget_of, expanded
from universal_sync_core.bag.fields import CHAIN
from universal_sync_core.errors import StateTooLargeError, StoredDataError
from universal_sync_core.packs.relative_pointers import absolute
from universal_sync_core.pages.page_format import is_node, parse_node
from universal_sync_core.storage.keys import LAYOUT
from universal_sync_core.values.address import Address, digest_in
from universal_sync_core.values.budget import Budget
from universal_sync_core.values.codec import Json, decode, encode
from universal_sync_core.values.compression import is_compressed
from universal_sync_core.values.pointer import COMPRESSED_MARK, Pointer, pointers_inline

# Every snapshot begins like this; the core alone writes them.
SNAPSHOT_BEGINNING: Final = b'{"snapshot_id":'
# A path is searched from its end, which is easily told: searching for its beginning would look
# through the rest of the text for each `s3://` that leads nowhere.
_ENDING: Final = re.compile(rb"/packs/[0-9a-f]{64}")
# JSON may write a slash so, as some languages do; JSON in a string of JSON has more backslashes.
_SLASH: Final = re.compile(rb"(?<!\\)\\++(?:/|u002[fF])")
_PACKED: Final = COMPRESSED_MARK.encode()
_SCHEME: Final = b"s3://"
# A bucket's name, and a key of 1,024 bytes as it may stand in JSON: `\\u00fc` is two of them.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_LONGEST_PATH: Final = 5 + 63 + 3 * 1024
_LAYOUT: Final = LAYOUT.encode()
_EXECUTION_ARN: Final = re.compile(
    rb"arn:[\w-]{1,30}:states:[\w-]{1,30}:\d{12}:execution:[\w.~%+-]{1,80}:[^\"\\\s#]{1,100}"
)


def paths_in(text: bytes) -> Iterator[str]:
    """Yield everything in a text, or in JSON, that looks like the path of an object of state."""
    if b"\\" in text:
        text = _SLASH.sub(b"/", text)
    for ending in _ENDING.finditer(text):
        start = text.rfind(_SCHEME, max(0, ending.start() - _LONGEST_PATH), ending.start())
        path = _plain(text[start : ending.end()]) if start >= 0 else None
        if path is not None and digest_in(path) is not None:
            yield path


def executions_in(text: bytes) -> Iterator[str]:
    """Yield the ARNs of executions that stand in a text."""
    for found in _EXECUTION_ARN.finditer(text):
        yield found[0].decode()


def paths_within(text: bytes) -> Iterator[str]:
    """Yield the paths in a text as `paths_in`, and those in compressed values where it is JSON."""
    yield from paths_in(text)
    if _PACKED in text:
        try:
            packed = [encode(each) for each in _packed_values(decode(text), budget_of())]
        except (StoredDataError, StateTooLargeError):  # then nobody can follow what it packs
            return
        for each in packed:
            yield from paths_in(each)


def references_in(body: bytes, at: Address, budget: Budget) -> Iterator[Address | str]:
    """Yield what a stored document refers to: documents, and paths of whole packs.

    Args:
        body: its JSON.
        at: where it is.
        budget: what may be unfolded.

    Raises:
        StoredDataError: it is not a document of this version.
        StateTooLargeError: it unfolds to more than the budget.
    """
    document = budget.decode(body, at.path)
    texts = [(body, _pointers(document))]
    if _PACKED in body:
        packed = _packed_values(document, budget)
        texts += [(encode(value), _pointers(value)) for value in packed]
    for text, pointers in texts:
        named = Counter(paths_in(text))
        named.subtract(pointer.path for pointer in pointers)
        yield from (pointer.at for pointer in pointers)
        yield from (+named).keys()
    inside = absolute(document, at)  # and then those that lead into its own pack
    yield from (pointer.at for pointer in _pointers(inside))
    if is_node(inside):
        yield from (child.at for child in parse_node(inside, at).children)


def _pointers(value: Json) -> list[Pointer]:
    return list(pointers_inline(value))


def chain_in(body: bytes) -> Json:
    """Return the executions that a snapshot says have worked on its bag, as the bag has them."""
    bag = decode(body).get("state_data") if body.startswith(SNAPSHOT_BEGINNING) else None
    return bag.get(CHAIN) if type(bag) is dict else None


def _plain(found: bytes) -> str | None:
    """Return a path that stands in a text, or in JSON with escapes, as it is meant."""
    *_, layout, _, _, _ = (b"", *found.rsplit(b"/", 4))
    if not layout.endswith(_LAYOUT) or b'"' in found or b"\n" in found:
        return None
    try:
        text = found.decode()
        plain = json.loads(f'"{text}"') if "\\" in text else text
    except ValueError:  # no UTF-8, or no escape of JSON
        return None
    return str(plain)


def _packed_values(value: Json, budget: Budget) -> Iterator[Json]:
    if is_compressed(value):
        yield expanded(value, budget)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _packed_values(item, budget)
    elif isinstance(value, list):
        for item in value:
            yield from _packed_values(item, budget)
