"""Values that stand at several places of a YAML text: an edit of one changes them all."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeAlias

from statebag.machines.text.edits import Edit, apply
from statebag.machines.text.source import Source

_Span: TypeAlias = tuple[int, int]


def edited(source: Source, edits: Iterable[Edit]) -> str:
    """Return the text of a source with edits made; what several places ask for is done once."""
    return apply(source.text, dict.fromkeys(edits))


def edited_throughout(source: Source, edits_of: Callable[[Source], Iterable[Edit]]) -> str:
    """Return the text of a source with the edits made that it and each text inside it ask for."""
    inner = (
        Edit(place.start, place.end, place.write(edited_throughout(each, edits_of)))
        for each in source.inner
        if (place := each.place)
    )
    return edited(source, [*edits_of(source), *inner])


def half_wanted(source: Source, edits: Iterable[Edit]) -> Edit | None:
    """Return an edit of a repeated value that not each of its places asks for, or None."""
    places = _places(source)
    asked = Counter(edits) if places else Counter()
    for edit, times in asked.items():
        around = [span for span in places if span[0] <= edit.start < span[1] >= edit.end]
        if around and places[min(around, key=lambda span: span[1] - span[0])] != times:
            return edit
    return None


def _places(source: Source) -> dict[_Span, int]:
    """Return the spans of the values that stand at several places, with how many these are."""
    spans = Counter(
        (found.start, found.end)
        for machine in source.machines
        for node in machine.walk()
        for found in (node, *node.taken)
    )
    return {span: count for span, count in spans.items() if count > 1}
