"""Which elements of two lists stand for each other."""

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Final

# The matcher looks at all pairs of equal elements, and again for each run that it finds: the cube
# of the length of two lists that share little but one element.
_MOST_PAIRS: Final = 5_000


def runs(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[tuple[int, int, int, int]]:
    """Yield the runs that differ: where each begins and ends in the one list, and in the other."""
    first = _alike(old, new)
    last = _alike(old[first:][::-1], new[first:][::-1])
    olds, news = old[first : len(old) - last], new[first : len(new) - last]
    counts = Counter(olds)
    if sum(counts[element] for element in news) > _MOST_PAIRS:
        yield first, first + len(olds), first, first + len(news)
        return
    for tag, i, j, k, m in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        if tag != "equal":
            yield first + i, first + j, first + k, first + m


def _alike(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    """Return with how many equal elements two lists begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
