"""Pointers, pages and compressed values: genuine, somebody else's, forged, or enormous inside."""

from random import Random
from typing import Any

from tests.core.places import row
from tests.hostile.ground import Ground
from tests.hostile.pieces import MIB, PACKED, Piece, encoded, maker, packed, pointer, value_of


@maker
def own_pointer(random: Random, ground: Ground) -> Piece:
    """A genuine pointer of this execution, plain or deep inside."""
    value, stands = random.choice(ground.own)
    wrap = random.randint(0, 2)
    if wrap == 1:
        return Piece(kind="own_pointer", value=[value, value], means=[stands, stands])
    if wrap == 2:
        return Piece(
            kind="own_pointer", value={"in": {"deep": value}}, means={"in": {"deep": stands}}
        )
    return Piece(kind="own_pointer", value=value, means=stands)


@maker
def foreign_pointer(random: Random, ground: Ground) -> Piece:
    """A genuine pointer of somebody else, as it is and in disguise."""
    theirs = random.choice(ground.foreign)
    value = _disguised(random, theirs)
    return Piece(kind="foreign_pointer", value=value, taken=False)


@maker
def foreign_path(random: Random, ground: Ground) -> Piece:
    """A pointer whose path tries to lead out of the own folder."""
    path = ground.foreign[0]["__s3_path"]
    own = ground.own[0][0]["__s3_path"]
    digest = path[-64:]
    bad = [
        own[:-64] + "../../" + path.split("/v1/")[1],
        own[:-64] + "%2e%2e/" + digest,
        path.replace("s3://", "s3://other-"),
        path.replace("/v1/", "/x/v1/"),
        own.replace("/packs/", "/callbacks/")[:-64] + digest,
        path.replace("arn%3A", "ARN%3A"),
        f"s3://{ground.bucket}//v1/{path.split('/v1/')[1]}",
        path + "\x00",
        path + "?versionId=1",
    ]
    value = pointer(random.choice(bad))
    return Piece(kind="foreign_path", value=value, means=value, taken=None)


@maker
def absent_pointer(random: Random, ground: Ground) -> Piece:
    """A pointer of this execution to what was never stored."""
    path = ground.own[0][0]["__s3_path"][:-64] + f"{random.getrandbits(256):064x}"
    form = random.choice([pointer(path), pointer(path, kind="list", __count=3)])
    return Piece(kind="absent_pointer", value=form, taken=False)


@maker
def lying_pointer(random: Random, ground: Ground) -> Piece:
    """A pointer that says something else of its object than is true."""
    value, _ = random.choice(ground.own)
    lies: list[dict[str, Any]] = [
        {"__size_bytes": 0},
        {"__size_bytes": 10**18},
        {"__size_bytes": 10**400},
        {"__kind": "list", "__count": 10**9},
        {"__kind": "map", "__count": 1},
        {"__range": [0, 10**12]},
        {"__range": [10**12, 1]},
        {"__range": [0, 0]},
        {"__range": [1, value["__range"][1]]},
        {"__sha256": "0" * 64},
    ]
    return Piece(kind="lying_pointer", value=value | random.choice(lies), taken=None, known=False)


@maker
def forged_page(random: Random, ground: Ground) -> Piece:
    """A page with the right digest and the wrong content."""
    leaf = ground.put({"__page": 1, "kind": "list", "height": 0, "items": [1, 2]})
    ref = row(*leaf)
    theirs = row(ground.foreign[0]["__s3_path"], 100)[1:]
    bad: list[dict[str, Any]] = [
        {"children": [[*ref, 10**9, 1, 1]]},
        {"children": [[*ref, 10**30, 1, 1]]},
        {"children": [[*ref, 5, 1, 1]]},
        {"children": [[*ref, -5, 1, 1], [*ref, 2, 1, 1]]},
        {"children": [[*ref, True, 1, 1]]},
        {"children": [[f"s3://{ground.bucket}/inputs/evil.json", *ref[1:], 2, 1, 1]]},
        {"children": [[ground.foreign[0]["__s3_path"], *theirs, 2, 1, 1]]},
        {"children": [[*ref, 2, 1, 1, "a", ""]], "kind": "map"},
        {"children": []},
        {"height": 10**6, "children": [[*ref, 2, 1, 1]]},
        {"height": True, "children": [[*ref, 2, 1, 1]]},
        {"height": 0, "items": [1, 2], "marks": "AAAA"},
        {"height": 0, "kind": "map", "items": {"a": 1, "b": 2}, "order": ["x", None]},
        {"height": 0, "kind": "map", "items": {"b": 1, "a": 2}, "order": [7, 7]},
        {"height": 0, "items": {"a": 1}},
    ]
    page: dict[str, Any] = {"__page": 1, "kind": "list", "height": 1} | random.choice(bad)
    count = random.choice([0, 2, 5, 10**9])
    path, length = ground.put(page)
    value = pointer(path, kind=page["kind"], size=10, length=length, __count=count)
    return Piece(kind="forged_page", value=value, taken=None, known=False)


@maker
def forged_place(random: Random, ground: Ground) -> Piece:
    """An index object that names places in packs where nothing of the kind can be."""
    ref = row(*ground.put({"__page": 1, "kind": "list", "height": 0, "items": [1, 2]}))
    place = random.choice(
        [
            ["", *ref[1:]],
            ["", 10**6, *ref[2:]],
            [ref[0], -1, *ref[2:]],
            [*ref[:2], 0, ref[3]],
            [*ref[:2], 10**12, ref[3]],
            [*ref[:3], "no digest"],
        ]
    )
    page = {"__page": 1, "kind": "list", "height": 1, "children": [[*place, 2, 1, 1]]}
    path, length = ground.put(page)
    value = pointer(path, kind="list", size=10, length=length, __count=2)
    return Piece(kind="forged_place", value=value, taken=None, known=False)


@maker
def compressed_value(random: Random, _: Ground) -> Piece:
    """A compressed value that is sound, and stands for what is in it."""
    value = value_of(random, 2)
    return Piece(kind="compressed_value", value=packed(encoded(value)), means=value)


@maker
def unsound_packed(random: Random, _: Ground) -> Piece:
    """What resembles a compressed value and does not unpack is data."""
    sound = packed(b"[1,2,3]")
    wrong: list[dict[str, Any]] = [
        {"__size_bytes": 3},
        {"__size_bytes": 10**9},
        {PACKED: "no base64!"},
        {PACKED: sound[PACKED][:-8]},
        {PACKED: 7},
        {"more": 1},
    ]
    value = sound | random.choice(wrong)
    return Piece(kind="unsound_packed", value=value, means=value, taken=None)


@maker
def packed_foreign(random: Random, ground: Ground) -> Piece:
    """A foreign pointer that hides in a compressed value."""
    theirs = random.choice(ground.foreign)
    value = packed(encoded({"y": _disguised(random, theirs)}))
    return Piece(kind="packed_foreign", value=value, taken=False)


@maker
def packed_packed(random: Random, _: Ground) -> Piece:
    """A compressed value in a compressed value, which nobody makes."""
    inner = packed(encoded(value_of(random, 1)))
    return Piece(kind="packed_packed", value=packed(encoded([inner])), taken=None, known=False)


@maker
def packed_bomb(random: Random, _: Ground) -> Piece:
    """Small outside and enormous inside: by bytes, by nodes, by repetition."""
    size = 15 * MIB
    text = b'"' + b"a" * size + b'"'
    nodes = b"[" + b"[]," * (size // 3) + b"[]]"
    inner = encoded(packed(text))
    many = b"[" + b",".join([inner] * 700) + b"]"
    value = packed(random.choice([nodes, many]))
    shape = random.choice(["one", "many"])
    return Piece(
        kind="packed_bomb", value=value if shape == "one" else [value] * 5, taken=None, known=False
    )


@maker
def repeated_pointer(random: Random, ground: Ground) -> Piece:
    """One's own object in one's own object, a hundred times on each of some levels."""
    return Piece(
        kind="repeated_pointer", value=ground.tower(random.randint(2, 4)), taken=None, known=False
    )


def _disguised(random: Random, value: Any) -> Any:
    shape = random.randint(0, 3)
    return [value, [value], {"a": {"b": value}}, [[], {"c": [value]}]][shape]
