"""Hostile values, each with what it means: what it has to hydrate to, or that it has to be refused.

Everything is drawn from the random generator that is handed in, so a seed gives one corpus.
"""

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from tests.core.places import place
from tests.hostile.ground import Ground

MARK: Final = "__s3_offloaded"
PACKED: Final = "__gzip_base64"
MIB: Final = 1024 * 1024
# In the middle of every secret of the corpus; capitals and digits, as an access key has them.
CORE: Final = "HOSTILE5ECRET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A value, and what may come of it.

    Attributes:
        kind: which maker made it.
        value: what is sent.
        means: what it hydrates to, where it is taken.
        taken: whether it has to be taken (True), has to be refused (False), or may be either.
        known: whether `means` is known; of some only the bounds are.
    """

    kind: str
    value: Any
    means: Any = None
    taken: bool | None = True
    known: bool = True


Maker = Callable[[Random, Ground], Piece]
MAKERS: Final[dict[str, Maker]] = {}


def maker(make: Maker) -> Maker:
    """Register a maker under its name."""
    MAKERS[make.__name__] = make
    return make


def pointer(
    path: str, *, kind: str = "value", size: Any = 10, length: int = 10, **more: Any
) -> dict[str, Any]:
    """Return an object in the form of a pointer."""
    form = {MARK: True, "__v": 1, "__kind": kind, **place(path, length), "__size_bytes": size}
    return form | more


def packed(encoded: bytes, *, size: int | None = None) -> dict[str, Any]:
    """Return an object in the form of a compressed value."""
    text = base64.b64encode(gzip.compress(encoded, 9, mtime=0)).decode()
    return {PACKED: text, "__size_bytes": len(encoded) if size is None else size}


def plain(value: Any, kind: str) -> Piece:
    """Return a piece that is data, whatever it resembles."""
    return Piece(kind=kind, value=value, means=value)


@maker
def ordinary(random: Random, _: Ground) -> Piece:
    """Values that JSON carries and code stumbles over."""
    return plain(value_of(random, 3), "ordinary")


@maker
def odd_keys(random: Random, _: Ground) -> Piece:
    """Keys that mean something to somebody, or that a message had better not repeat."""
    names = ["__proto__", "constructor", "", "\x00", "a.b", "[0]", "of_field", "__page", "item"]
    names += ["K" * 60_000, "\ud800", "a\udfff" * 900, "\x1b]0;owned\x07" * 900]
    chosen = random.sample(names, random.randint(1, len(names)))
    return plain({name: value_of(random, 1) for name in chosen}, "odd_keys")


@maker
def look_alike(random: Random, ground: Ground) -> Piece:
    """A pointer that is wrong in one part, and so the user's own data."""
    form = pointer(ground.own_path(random))
    wrong: list[dict[str, Any]] = [
        {"__v": True},
        {"__v": "1"},
        {"__kind": "tree"},
        {"__kind": "list"},
        {"__kind": "map", "__count": -1},
        {"__kind": "list", "__count": 1.0},
        {"__count": 3},
        {"__size_bytes": -1},
        {"__size_bytes": "10"},
        {"__s3_path": "s3://"},
        {"__s3_path": ground.own_path(random).upper()},
        {"__s3_path": 7},
        {MARK: "true"},
        {MARK: 1},
        {"mine": 1},
    ]
    return Piece(
        kind="look_alike",
        value=(value := form | random.choice(wrong)),
        means=value,
        taken=None,  # some are so near the form that a refusal is right as well
    )


@maker
def escaped_tower(random: Random, _: Ground) -> Piece:
    """Keys that look escaped, however often."""
    tower = "__escaped:" * random.randint(1, 6)
    value = {tower + random.choice([MARK, PACKED, "x"]): value_of(random, 1), MARK: 1, PACKED: [2]}
    return plain(value, "escaped_tower")


@maker
def deep(random: Random, _: Ground) -> Piece:
    """Many levels: a thousand are legal."""
    levels = random.choice([300, 900, 1_500, 4_900])
    value: Any = 1
    for _level in range(levels):
        value = [value] if random.random() < 0.5 else {"a": value}
    legal = levels < 1_000
    return Piece(kind="deep", value=value, means=value, taken=True if legal else None)


@maker
def wide(random: Random, _: Ground) -> Piece:
    """Very many small parts."""
    count = random.choice([2_000, 20_000])
    lists: Any = [[]] * count
    value = random.choice([lists, {f"k{n}": n for n in range(count)}, list(range(count))])
    return plain(value, "wide")


@maker
def map_run(random: Random, ground: Ground) -> Piece:
    """What a Distributed Map answers, of somebody else."""
    value = {
        "MapRunArn": "arn:aws:states:::mapRun:x",
        "ResultWriterDetails": {"Bucket": ground.bucket, "Key": random.choice(ground.manifests)},
    }
    return plain(value, "map_run")


@maker
def other_execution(random: Random, ground: Ground) -> Piece:
    """Fields that a bag has for itself, in a place where they are data."""
    names = ["execution_id", "state_data", "resume_from", "callback_result", "loop_counter"]
    values: list[Any] = [ground.victim, None, {"execution_id": ground.victim}, -5, [ground.victim]]
    value = {name: random.choice(values) for name in random.sample(names, 2)}
    return plain(value, "other_execution")


@maker
def secret(random: Random, _: Ground) -> Piece:
    """What the operator's command must not show; each form has `CORE` in it."""
    forms: list[Any] = [
        "AKIA" + CORE + "ABC",
        f"eyJ{CORE}.eyJ{CORE}.{CORE}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{CORE}\n{CORE}\n-----END RSA PRIVATE KEY-----",
        f"postgres://user:{CORE}@host/db",
        f"POSTGRES://user:{CORE}@host/db",
        f"Authorization: Bearer {CORE}{CORE}",
        f"ghp_{CORE}{CORE}{CORE[:10]}",
        f"https://host/key?X-Amz-Security-Token={CORE}&x=1",
        f"https://host/cb#access_token={CORE}",
        {"password": CORE},
        {"db_pass": CORE},
        {"PWD": [CORE]},
        {"headers": [{"name": "Authorization", "value": CORE}]},
        {"text": json.dumps({"api_key": CORE})},
        {"p\uff41ssword": CORE},
    ]
    random.shuffle(forms)
    return plain(random.choice([forms, {"in": {"deep": forms}}]), "secret")


def encoded(value: Any) -> bytes:
    """Return the compact JSON of a value."""
    text = json.dumps(value, separators=(",", ":"))
    return text.encode()


_SCALARS: Final[list[Any]] = [
    None,
    True,
    False,
    0,
    -0.0,
    1,
    1.0,
    2**63,
    2**64,
    10**40,
    5e-324,
    1.7976931348623157e308,
    "",
    "\x00",
    "cut \ud83d",
    "\U0001f600 \u202e \x9b",
    "__escaped:",
    "s3://bucket/key",
    "x" * 400,
]


def value_of(random: Random, depth: int) -> Any:
    """Return a value that JSON carries."""
    if depth == 0 or random.random() < 0.3:
        return random.choice(_SCALARS)
    if random.random() < 0.5:
        return [value_of(random, depth - 1) for _ in range(random.randint(0, 4))]
    keys = [*"abc", "updated_at", "timestamp", "id", "\ud800", MARK + " ", "__count"]
    return {random.choice(keys): value_of(random, depth - 1) for _ in range(random.randint(0, 4))}
