"""What differs between two states, as lines for people and as JSON."""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Final

from statebag.output.masking import Masking, masked_path
from statebag.output.rendering import bytes_text, preview
from statebag.output.terminal import BAD, DIM, GOOD, NAME, Styled, styled
from statebag.paths import Steps
from statebag.state.differences import Change
from statebag.state.equality import opened
from statebag.state.tree import Part, Place
from universal_sync_core.values.codec import JsonObject, encode

Tell = Callable[[Styled], None]

_SIGNS: Final = {
    "added": ("+ ", GOOD),
    "removed": ("- ", BAD),
    "changed": ("~ ", NAME),
}
# Larger values are told of, not shown.
_SHOWN_BYTES: Final = 1024
_SHOWN_OF_RUN: Final = 5


def tell_changes(changes: Iterable[Change], mask: Masking, tell: Tell) -> None:
    """Tell the changes, of a long run of elements that came or went only the first."""
    for run, alike in groupby(changes, _run):
        group = list(alike)
        shown = group if run is None or len(group) <= _SHOWN_OF_RUN else group[:_SHOWN_OF_RUN]
        for change in shown:
            tell(_line(change, mask))
        if len(shown) < len(group):
            rest = f"  … {len(group) - len(shown):,} more elements {group[0].kind}"
            tell(styled((rest, DIM)))


def described(change: Change, mask: Masking) -> JsonObject:
    """Return a change as JSON; of a large value, or one in S3, what it is."""
    told: JsonObject = {"path": masked_path(change.steps, mask), "change": change.kind}
    for name, part in (("old", change.old), ("new", change.new)):
        if part is None:
            continue
        value = opened(part.value)
        if part.place is not Place.S3 and len(encode(value)) <= _SHOWN_BYTES:
            told[name] = mask.masked(value, part.steps)
        else:
            told[f"{name}_part"] = part.describe() | {"path": told["path"]}
    return told


def _run(change: Change) -> tuple[str, Steps] | None:
    """Return what elements of one list that came or went together share."""
    is_element = change.kind != "changed" and change.steps and isinstance(change.steps[-1], int)
    return (change.kind, change.steps[:-1]) if is_element else None


def _line(change: Change, mask: Masking) -> Styled:
    sides = [_content(part, mask) for part in (change.old, change.new) if part is not None]
    between = [(" → ", DIM)] if len(sides) > 1 else []
    path = (f"{masked_path(change.steps, mask)}  ", NAME)
    return styled(_SIGNS[change.kind], path, sides[0], *between, *sides[1:])


def _content(part: Part, mask: Masking) -> tuple[str, str]:
    if part.place is Place.S3 or part.count is not None:
        amount = f" of {part.count:,}" if part.count is not None else ""
        where = " in S3" if part.place is Place.S3 else ""
        return f"{part.kind}{amount}, {bytes_text(part.size)}{where}", DIM
    return preview(mask.beginning(opened(part.value), part.steps)), ""
