"""Bags that are enormous inside, or wrong, end in a message: in bounded time and memory."""

import base64
import gzip
import hashlib
import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.core.places import place, row
from tests.statebag.cloud import BUCKET, FakeCloud
from tests.statebag.conftest import Run
from tests.statebag.states import RUN, key_prefix, location_of
from universal_sync_core import universal_sync_core
from universal_sync_core.storage.store import Location, StoredObject

MIB = 2**20
# Beside what the tests themselves take. The command's budget is 16 MiB here.
MOST_BYTES = 700 * MIB
BUDGET = "--budget-mb=16"


def packed(body: bytes) -> dict[str, Any]:
    text = base64.b64encode(gzip.compress(body, 9, mtime=0)).decode()
    return {"__gzip_base64": text, "__size_bytes": len(body)}


def stored(cloud: FakeCloud, value: Any, encoding: str | None = None) -> tuple[str, int]:
    """Return the path of a pack with one document, and the bytes of that."""
    body = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    body = zstandard.ZstdCompressor().compress(body) if encoding else body
    key = f"{key_prefix(RUN)}packs/{hashlib.sha256(body).hexdigest()}"
    cloud.memory.objects[Location(BUCKET, key)] = StoredObject(body, encoding)
    return f"s3://{BUCKET}/{key}", len(body)


def pointer(
    at: tuple[str, int], kind: str = "value", size: int = 10, **more: Any
) -> dict[str, Any]:
    form = {"__s3_offloaded": True, "__v": 1, "__kind": kind}
    return {**form, **place(*at), "__size_bytes": size, **more}


def page(cloud: FakeCloud, kind: str, height: int, **parts: Any) -> tuple[str, int]:
    return stored(cloud, {"__page": 1, "kind": kind, "height": height, **parts})


def repeated(cloud: FakeCloud) -> Any:
    """Return a list of pointers to lists of pointers: petabytes."""
    value: Any = "x" * 200_000
    for _ in range(4):
        value = [pointer(stored(cloud, value), size=1_000)] * 300
    return value


def looping(cloud: FakeCloud) -> Any:
    """Return a pointer to an index whose child is an index that names itself."""
    path = f"s3://{BUCKET}/{key_prefix(RUN)}packs/{'a' * 64}"
    body = {
        "__page": 1,
        "kind": "list",
        "height": 1,
        "children": [[path, *row(path, 10)[1:], 1, 1, 1]],
    }
    cloud.memory.objects[location_of(path)] = StoredObject(json.dumps(body).encode())
    return pointer((path, 10), "list", __count=1)


def leaf(cloud: FakeCloud) -> list[Any]:
    return row(*page(cloud, "list", 0, items=[1, 2]))


def tree(cloud: FakeCloud, count: Any, child: list[Any], kind: str = "list") -> Any:
    root = page(cloud, kind, 1, children=[child])
    return pointer(root, kind, __count=count)


INNER = json.dumps(packed(b'"' + b"a" * (4 * MIB - 2) + b'"')).encode()
DEEP = b"[" * 5_000 + b"]" * 5_000
Make = Callable[[FakeCloud], Any]
BAGS: dict[str, Make] = {
    "packed in packed": lambda _: packed(b"[" + b",".join([INNER] * 200) + b"]"),
    "wide and packed": lambda _: [packed(b"[" + b"[]," * (5 * MIB) + b"[]]")] * 4,
    "packed many times": lambda _: [packed(b'"' + b"a" * (4 * MIB) + b'"')] * 2,
    "no gzip": lambda _: {"__gzip_base64": "AAAA", "__size_bytes": 10},
    "pointers to pointers": repeated,
    "compressed": lambda c: pointer(stored(c, b'"' + b"a" * (100 * MIB) + b'"', "zstd")),
    "deep": lambda c: pointer(stored(c, DEEP)),
    "deep and packed": lambda _: packed(DEEP),
    "loop": looping,
    "count of a child": lambda c: tree(c, 10**9, [*leaf(c), 10**9, 1, 1]),
    "count beyond all": lambda c: tree(c, 10**30, [*leaf(c), 10**30, 1, 1]),
    "wrong count": lambda c: tree(c, 5, [*leaf(c), 5, 1, 1]),
    "negative count": lambda c: tree(c, 2, [*leaf(c), -5, 1, 1]),
    "count of no number": lambda c: tree(c, 2, [*leaf(c), "2", 1, 1]),
    "other kind": lambda c: tree(c, 2, [*leaf(c), 2, 1, 1, "a", ""], kind="map"),
    "order of texts": lambda c: pointer(
        page(c, "map", 0, items={"a": 1, "b": 2}, order=[0, "1"]), "map", __count=2
    ),
    "no page": lambda c: pointer(stored(c, {"a": 1}), "list", __count=1),
    "size beyond all": lambda c: pointer(stored(c, 1), size=10**400),
    "of another version": lambda c: pointer(stored(c, 1)) | {"__v": 2},
    "not there": lambda _: pointer((f"s3://{BUCKET}/{key_prefix(RUN)}packs/{'b' * 64}", 9)),
}
COMMANDS = {
    "show": ("show", RUN, "--open", "--depth", "5", BUDGET),
    "show of the part": ("show", RUN, "--path", "x", BUDGET),
    "show whole": ("show", RUN, "--json", "--hydrate", BUDGET),
    "sizes": ("show", RUN, "--json", "--sizes", BUDGET),
    "history": ("history", RUN, "--all", BUDGET),
    "timeline": ("timeline", RUN, BUDGET),
    "report": ("report", RUN, BUDGET, "--force", "-o"),
    "diff": ("diff", RUN, "{sound}", BUDGET),
    "verify": ("verify", RUN, BUDGET),
    "snapshots": ("snapshots", RUN, BUDGET),
    "restore": ("restore", RUN, "--hydrate", BUDGET, "-o", "-"),
    "gc": ("gc", "--bucket", BUCKET, "--keep-finished", "14", BUDGET),
}


@pytest.mark.parametrize("name", BAGS)
def test_hostile_bag_ends_in_a_message(
    run: Run, cloud: FakeCloud, tmp_path: Path, name: str
) -> None:
    bag = universal_sync_core(None, {"execution_id": RUN}, {"execution_id": RUN})
    sound = tmp_path / "sound.json"
    sound.write_text(json.dumps(bag))
    hostile = BAGS[name](cloud)
    given = bag | {"x": hostile, "state_history": [hostile], "failed_segments": hostile}
    cloud.states.add("run-1", days_ago=200, output={"state_data": given}, input={})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    for arguments in COMMANDS.values():
        filled = [each.format(sound=sound) for each in arguments]
        ran = run(*filled, *([str(tmp_path / "page.html")] if filled[-1] == "-o" else []))
        assert ran.code in {0, 1, 3, 5, 7}, arguments
        assert "Traceback" not in ran.err

    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < MOST_BYTES


def test_more_is_shown_where_more_is_allowed(run: Run, cloud: FakeCloud) -> None:
    text = "a" * (3 * MIB)
    bag = universal_sync_core(None, {"execution_id": RUN, "x": text}, {"execution_id": RUN})
    cloud.states.add("run-1", output={"state_data": bag})

    ran = run("show", RUN, "--path", "x", "--json", "--budget-mb", "2")
    assert ran.code == 7
    assert "--budget-mb" in ran.err
    assert run("show", RUN, "--path", "x", "--json", "--budget-mb", "8").out == f'"{text}"\n'
    told = json.loads(run("verify", RUN, "--json", "--budget-mb", "2").out)
    assert [each["fault"] for each in told["problems"]] == ["oversized"]


@pytest.mark.parametrize("kind", ["map", "list"])
def test_maps_and_lists_that_lead_to_more_than_can_be_compared_are_not(
    run: Run, cloud: FakeCloud, tmp_path: Path, kind: str
) -> None:
    files = [str(tmp_path / name) for name in ("old.json", "new.json")]
    for number, file in enumerate(files):
        value: Any = {"n": number}
        for _ in range(40):
            items = {"a": value, "b": value} if kind == "map" else [value, value]
            value = pointer(page(cloud, kind, 0, items=items), kind, __count=2)
        Path(file).write_text(json.dumps({"execution_id": RUN, "x": value}))

    ran = run("diff", *files, "--budget-mb=1")
    assert ran.code == 7
    assert "--budget-mb" in ran.err
