"""The modules of the core package and what each of them imports."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = "universal_sync_core"
FOLDER = Path(__file__).parents[2] / "layers" / PACKAGE / PACKAGE


@dataclass(frozen=True, kw_only=True)
class Import:
    """A name that a module takes from another of the package.

    Attributes:
        module: `room.module`, or a module at the top.
        name: what is taken from it, empty where it is the module itself.
    """

    module: str
    name: str = ""

    @property
    def room(self) -> str:
        return room_of(self.module)


@dataclass(frozen=True, kw_only=True)
class Module:
    """A module of the package.

    Attributes:
        name: `room.module`, or its name alone where it stands at the top.
        text: its source.
        tree: the same, parsed.
        imports: from modules of the package, also within functions.
        others: packages of others that it imports, also within functions.
    """

    name: str
    text: str
    tree: ast.Module
    imports: frozenset[Import]
    others: frozenset[str]

    @property
    def room(self) -> str:
        return room_of(self.name)

    @property
    def own(self) -> frozenset[str]:
        """The modules of the package that it imports."""
        return frozenset(each.module for each in self.imports)


def assert_says_what_it_is_for(room: Path) -> None:
    """Expect the docstring of a room, and nothing else, in its `__init__.py`."""
    tree = ast.parse((room / "__init__.py").read_text())
    said = ast.get_docstring(tree)
    assert said
    first, _, *others = said.splitlines()
    assert first
    assert [line.partition(":")[0] for line in others] == ["Uses", "Others use"]
    assert len(tree.body) == 1  # nothing is imported by entering a room


def rooms_in_the_documents(section: str) -> list[str]:
    """Return the rooms that a section of "Find your way" shows, in its order."""
    text = (FOLDER.parents[2] / "docs" / "find-your-way.md").read_text()
    _, _, after = text.partition(f"## {section}\n")
    return re.findall(r"^\| `(\w+)/?` \|", after.partition("\n## ")[0], re.MULTILINE)


def room_of(module: str) -> str:
    """Return the room a module stands in, or its own name where it stands at the top."""
    return module.partition(".")[0]


@pytest.fixture(scope="session")
def modules() -> dict[str, Module]:
    found = [_read(path) for path in sorted(FOLDER.rglob("*.py")) if path.name != "__init__.py"]
    return {module.name: module for module in found}


@pytest.fixture(scope="session")
def rooms(modules: dict[str, Module]) -> dict[str, list[Module]]:
    """Return the modules of each folder."""
    found: dict[str, list[Module]] = {}
    for module in modules.values():
        if "." in module.name:
            found.setdefault(module.room, []).append(module)
    return found


def _read(path: Path) -> Module:
    text = path.read_text()
    tree = ast.parse(text)
    names = set(_imported(tree))
    inside = {_import(name) for name in names if name.startswith(f"{PACKAGE}.")}
    return Module(
        name=_dotted(path),
        text=text,
        tree=tree,
        imports=frozenset(inside),
        others=frozenset(name.partition(".")[0] for name in names) - {PACKAGE},
    )


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(FOLDER).with_suffix("").parts)


_MODULES = {_dotted(path) for path in FOLDER.rglob("*.py")}


def _import(name: str) -> Import:
    inside = name.removeprefix(f"{PACKAGE}.")
    if inside in _MODULES:
        return Import(module=inside)
    module, _, taken = inside.rpartition(".")
    return Import(module=module, name=taken)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted names of what is imported, what is for type checkers alone left out."""
    skipped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
