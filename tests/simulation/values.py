"""Values drawn for a workflow: small keys that meet again, sizes on both sides of each threshold.

A key says what kind of value it has, so that branches meet on values of one kind.
"""

from random import Random
from typing import Any, Final

# As the events of the actions carry it; a name counts in the bag and in `current_state`.
STRATEGIES: Final[dict[str, Any]] = {
    "tags": "set_union",
    "log": "dedupe_append",
    "feed": "append",
    "items": {"strategy": "merge_by_key", "key": "id"},
}
# What another release of a worker says of some of them.
_OTHER_STRATEGIES: Final[tuple[dict[str, Any], ...]] = (
    {"rows": "append"},
    {"rows": "set_union", "tags": "append"},
    {"tags": "replace"},
    {"log": "append", "feed": "dedupe_append"},
    {"items": "append"},
    {"items": {"strategy": "merge_by_key", "key": "count"}},
    {"chunk_results": {"strategy": "merge_by_key", "key": "row"}},
)
TIMES: Final = (
    5,
    1_700_000_000,
    1_700_000_000.5,
    1_700_000_000_001,
    "2023-11-14t22:13:22z",
    "20231114",
    "2023-11-14T22:13:20Z",
    "2023-11-15T00:13:21+02:00",
    "2026-01-01",
    "no time",
)
LOOKALIKES: Final[tuple[Any, ...]] = (
    {"__s3_offloaded": True, "__v": 1, "note": "a user's"},
    {"__s3_offloaded": False},
    {"__escaped:__s3_offloaded": 1},
    {"__gzip_base64": "no", "__kind": "mine"},
    {"__escaped:__escaped:__gzip_base64": [1, {"__s3_offloaded": "x"}]},
)
_WORDS: Final = ("alpha", "beta", "gämma", "δ", "emoji 🙂", "", 'quote " and \\', "line\nbreak")
_NUMBERS: Final = (0, 1, -1, 3, 1.0, 1.5, 2**31, 2**53 + 1, 2**64 + 1, 1e300, -0.25)
_LONG: Final = (40, 120, 350, 900, 2_500, 6_000)


def other_strategies(draw: Random) -> dict[str, Any]:
    """Return strategies that differ from the usual ones now and then; most often none."""
    return draw.choice(_OTHER_STRATEGIES) if draw.random() < 0.15 else {}


def text(draw: Random) -> str:
    """Return a text, of which many differ in nothing but their middle."""
    if draw.random() < 0.5:
        return draw.choice(_WORDS)
    size = draw.choice(_LONG)
    return f"{draw.choice(_WORDS)} {draw.randrange(40)} ".ljust(size, draw.choice("xyü"))


def scalar(draw: Random) -> Any:
    """Return a text, a number, true, false or null."""
    kind = draw.random()
    if kind < 0.45:
        return text(draw)
    if kind < 0.85:
        return draw.choice(_NUMBERS) if draw.random() < 0.5 else draw.randrange(1_000)
    return draw.choice((None, True, False))


def rows(draw: Random) -> list[Any]:
    """Return a list: of scalars, or of short objects."""
    count = draw.choice((0, 1, 2, 5, 12, 40))
    if draw.random() < 0.5:
        return [scalar(draw) for _ in range(min(count, 12))]
    return [{"row": number, "of": draw.randrange(5)} for number in range(count)]


def growing(draw: Random) -> Any:
    """Return what a list grows by: a list, one element, or null."""
    return rows(draw) if draw.random() < 0.85 else scalar(draw)


def tags(draw: Random) -> list[Any]:
    """Return a list in which nothing is twice."""
    return [f"tag {number}" for number in draw.sample(range(40), draw.randrange(6))]


def items(draw: Random, depth: int = 1) -> list[Any]:
    """Return objects with different ids."""
    return [
        {"id": number, **mapping(draw, depth, few=True)}
        for number in draw.sample(range(12), draw.randrange(4))
    ]


def mapping(draw: Random, depth: int = 2, *, few: bool = False) -> dict[str, Any]:
    """Return an object whose keys say the kind of their values."""
    made: dict[str, Any] = {}
    for _ in range(draw.randrange(1, 3 if few else 5)):
        key = draw.choice(tuple(_OF_KEY))
        if depth or key not in ("report", "wide"):
            made[key] = of_key(key, draw, depth - 1)
    if draw.random() < 0.25:
        made["updated_at"] = draw.choice(TIMES)
    return made


def wide(draw: Random) -> dict[str, Any]:
    """Return an object of some dozens of keys."""
    first = draw.randrange(60)
    return {f"k{number}": f"{number} {draw.choice(_WORDS)}" for number in range(first, first + 30)}


def anything(draw: Random, depth: int = 2) -> Any:
    """Return any JSON value, data that resembles a pointer included."""
    kind = draw.random()
    if kind < 0.4 or not depth:
        return scalar(draw)
    if kind < 0.5:
        return draw.choice(LOOKALIKES)
    if kind < 0.75:
        return [anything(draw, depth - 1) for _ in range(draw.randrange(5))]
    keys = draw.sample(("a", "b", "é", "", "a.b", "[0]", "__escaped:x"), draw.randrange(5))
    return {key: anything(draw, depth - 1) for key in keys}


_OF_KEY: Final[dict[str, Any]] = {
    "count": lambda draw, _: draw.randrange(9),
    "text": lambda draw, _: text(draw),
    "rows": lambda draw, _: rows(draw),
    "report": mapping,
    "wide": lambda draw, _: wide(draw),
    "tags": lambda draw, _: tags(draw),
    "log": lambda draw, _: growing(draw),
    "feed": lambda draw, _: growing(draw),
    "items": lambda draw, depth: items(draw, max(depth, 0)),
    "flag": lambda draw, _: draw.choice((True, False, None)),
}


def of_key(key: str, draw: Random, depth: int = 1) -> Any:
    """Return a value of the kind that `key` has."""
    return _OF_KEY[key](draw, max(depth, 0))


def entry(draw: Random) -> Any:
    """Return an entry of the history; equal ones come again."""
    if draw.random() < 0.1:
        return scalar(draw)
    made: dict[str, Any] = {"did": draw.choice(_WORDS), "n": draw.randrange(400)}
    if draw.random() < 0.6:
        made["timestamp"] = draw.choice((1, 2, 3, *TIMES))
    if draw.random() < 0.1:
        made["detail"] = text(draw)
    return made
