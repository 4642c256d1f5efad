"""Whether two stored values are surely equal, without a read."""

import hashlib
from typing import Final

from statebag.budgets import expanded
from universal_sync_core.packs.frames import to_frame
from universal_sync_core.values.codec import Json, canonical, encode
from universal_sync_core.values.compression import is_compressed
from universal_sync_core.values.pointer import has_mark, recognise

# Comparing two values reads all levels below them. So only this many levels are compared as wholes,
# and what is further down part by part.
COMPARED_LEVELS: Final = 12


def is_same(old: Json, new: Json, *, level: int) -> bool:
    """Tell whether two stored values are surely equal; False says nothing.

    Args:
        old: the one value.
        new: the other value.
        level: how many levels down in the state they are.
    """
    if level >= COMPARED_LEVELS and _are_inline(old, new):
        return False
    before, after = recognise(old), recognise(new)
    if before and after:
        return before.at.digest == after.at.digest
    single = before or after
    if single is not None and single.kind == "value":
        inline = opened(new if before else old)
        return hashlib.sha256(to_frame(encode(inline))).hexdigest() == single.at.digest
    return canonical(old) == canonical(new)


def opened(value: Json) -> Json:
    """Return a value expanded if it is compressed."""
    return expanded(value) if is_compressed(value) else value


def _are_inline(old: Json, new: Json) -> bool:
    """Tell whether both are objects, or both lists, that are not in S3."""
    are_alike = type(old) is type(new) and type(old) in (dict, list)
    return are_alike and not has_mark(old) and not has_mark(new)
