"""The function in rooms: imports between them run one way, and its face is on top."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.conftest import assert_says_what_it_is_for, rooms_in_the_documents

FOLDER = Path(__file__).parents[2] / "functions" / "state_data_manager"
ROOMS = ("contract", "services", "callbacks", "jobs", "executions")
# From the bottom to the top. The documents show the same order.
ORDER = ("measures", *ROOMS, "routing", "actions", "app")
MOST_LINES = 300
MODULES = {
    ".".join(path.relative_to(FOLDER).with_suffix("").parts): path
    for path in sorted(FOLDER.rglob("*.py"))
    if path.name != "__init__.py"
}


def imported(path: Path) -> Iterator[str]:
    """Yield the rooms that a module imports from."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_every_module_is_in_a_room_or_in_the_face() -> None:
    assert {name.partition(".")[0] for name in MODULES} == set(ORDER)


def test_imports_between_rooms_run_one_way() -> None:
    upwards = [
        f"{name} uses {other}"
        for name, path in MODULES.items()
        for other in imported(path)
        if other in ORDER and ORDER.index(other) > ORDER.index(name.partition(".")[0])
    ]
    assert upwards == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_for_what_it_uses_and_what_others_use_of_it(room: str) -> None:
    assert_says_what_it_is_for(FOLDER / room)


def test_the_documents_show_the_rooms_in_their_order() -> None:
    assert rooms_in_the_documents("The function") == [*reversed(ORDER)]


def test_modules_are_one_idea_each() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in MODULES.items()}
    assert {name for name, lines in lengths.items() if lines > MOST_LINES} == set()
