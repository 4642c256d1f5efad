"""Which elements of two lists stand for each other."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Final, TypeAlias

Run: TypeAlias = tuple[int, int, int, int]

# The matcher looks at all pairs of equal elements, and again for each run that it finds: the cube
# of the length of two lists that share little but one element.
_MOST_PAIRS: Final = 5_000


def runs(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[Run]:
    """Yield the runs that differ: where each begins and ends in the one list, and in the other.

    What is once in each list, and in the same order, is found first, in little more time than it
    takes to read them.
    """
    first = _alike(old, new)
    last = _alike(old[first:][::-1], new[first:][::-1])
    olds, news = old[first : len(old) - last], new[first : len(new) - last]
    i = k = 0
    for place, other in [*_anchors(olds, news), (len(olds), len(news))]:
        for run in _matched(olds[i:place], news[k:other]):
            yield first + i + run[0], first + i + run[1], first + k + run[2], first + k + run[3]
        i, k = place + 1, other + 1


def _alike(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    """Return with how many equal elements two lists begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def _anchors(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int]]:
    """Return the places of elements that are once in each of two lists, in one order in both."""
    before, after = Counter(old), Counter(new)
    places = {element: k for k, element in enumerate(new) if after[element] == 1}
    once = [(i, places[e]) for i, e in enumerate(old) if before[e] == 1 and e in places]
    # The longest row that grows: by its length, where a row ends, and what comes before each end.
    ends, last, previous = list[int](), list[int](), list[int]()
    for number, (_, k) in enumerate(once):
        length = bisect_left(ends, k)
        ends[length : length + 1], last[length : length + 1] = [k], [number]
        previous.append(last[length - 1] if length else -1)
    anchors, number = list[tuple[int, int]](), last[-1] if last else -1
    while number >= 0:
        anchors.append(once[number])
        number = previous[number]
    return anchors[::-1]


def _matched(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[Run]:
    """Yield the runs that differ of what is between two anchors."""
    counts = Counter(old)
    if sum(counts[element] for element in new) > _MOST_PAIRS:
        yield 0, len(old), 0, len(new)
    elif old or new:
        for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag != "equal":
                yield i, j, k, m
