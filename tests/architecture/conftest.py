"""The modules of the core package and what each of them imports."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = "universal_sync_core"
FOLDER = Path(__file__).parents[2] / "layers" / PACKAGE / PACKAGE


@dataclass(frozen=True, kw_only=True)
class Module:
    """A module of the package.

    Attributes:
        name: without that of the package.
        text: its source.
        tree: the same, parsed.
        own: modules of the package that it imports, also within functions.
        others: packages of others that it imports, also within functions.
    """

    name: str
    text: str
    tree: ast.Module
    own: frozenset[str]
    others: frozenset[str]


@pytest.fixture(scope="session")
def modules() -> dict[str, Module]:
    found = (_read(path) for path in sorted(FOLDER.glob("*.py")))
    return {module.name: module for module in found}


def _read(path: Path) -> Module:
    text = path.read_text()
    tree = ast.parse(text)
    names = set(_imported(tree))
    inside = {name.removeprefix(f"{PACKAGE}.") for name in names if name.startswith(f"{PACKAGE}.")}
    return Module(
        name=path.stem,
        text=text,
        tree=tree,
        own=frozenset(name.partition(".")[0] for name in inside),
        others=frozenset(name.partition(".")[0] for name in names) - {PACKAGE},
    )


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted names of modules, those for type checkers alone left out."""
    modules = {path.stem for path in FOLDER.glob("*.py")}
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
        elif isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            yield from (f"{PACKAGE}.{alias.name}" for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
