"""The operator's command in rooms: imports between them run one way."""

import ast
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "statebag"
# From the bottom to the top.
ORDER = (
    "budgets",
    "paths",
    "output",
    "errors",
    "given",
    "account",
    "state",
    "executions",
    "sources",
    "listing",
    "resuming",
    "garbage",
    "report",
    "bounds",
    "machines",
    "machines.text",
    "machines.values",
    "machines.model",
    "machines.flow",
    "machines.planning",
    "machines.rewriting",
    "machines.assessing",
    "machines.adopting",
    "options",
    "commands",
    "cli",
    "__main__",
)
MOST_MODULES = 12
LONGER = {"commands"}  # a module for each command


def imported(path: Path) -> Iterator[str]:
    """Yield the rooms that a module imports from, with what it takes."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "statebag":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            package, _, inside = node.module.partition(".")
            if package == "statebag":
                yield room_of(inside.split("."))


def room_of(parts: list[str]) -> str:
    """Return the room that a module lies in: the longest name that is one."""
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in names if name in ORDER), parts[0])


def rooms() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in FOLDER.rglob("*.py"):
        parts = path.relative_to(FOLDER).with_suffix("").parts
        if parts != ("__init__",):
            found.setdefault(room_of(list(parts)), []).append(path)
    return found


def test_imports_between_rooms_run_one_way() -> None:
    upwards = [
        f"{path.relative_to(FOLDER)} uses {other}"
        for room, paths in rooms().items()
        for path in paths
        for other in imported(path)
        if ORDER.index(other) > ORDER.index(room)
    ]
    assert upwards == []


def test_every_room_has_its_place_and_is_no_corridor() -> None:
    assert set(rooms()) == set(ORDER)
    corridors = {room for room, paths in rooms().items() if len(paths) > MOST_MODULES}
    assert corridors <= LONGER
