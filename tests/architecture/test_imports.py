"""Pure core, thin edge: which module knows what, and in which direction they know each other."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

import universal_sync_core as package
from tests.architecture.conftest import (
    FOLDER,
    PACKAGE,
    Module,
    assert_says_what_it_is_for,
    rooms_in_the_documents,
)

AWS = {"boto3", "botocore", "s3transfer", "urllib3"}
LAMBDA = {"aws_lambda_powertools"}
MODELS = {"pydantic", "pydantic_core"}
EDGE = LAMBDA | MODELS
# What else the package may be made of.
LIBRARIES = {"orjson", "ormsgpack", "ijson", "zstandard"}
# From the bottom to the top: a room uses what stands before it. The documents show the same order.
ORDER = (
    "errors",
    "limits",
    "settings",
    "values",
    "storage",
    "packs",
    "pages",
    "bag",
    "previews",
    "retention",
    "lazy",
    "ingestion",
    "merge",
    "maps",
    "pipe",
    "sync",
    "workflow",
    "documents",
    "worker",
)
MOST_LINES = 300
MOST_MODULES = 12


def importing(modules: dict[str, Module], packages: set[str]) -> set[str]:
    return {name for name, module in modules.items() if module.others & packages}


def test_imports_between_rooms_run_one_way(modules: dict[str, Module]) -> None:
    upwards = [
        f"{module.name} uses {each.module}"
        for module in modules.values()
        for each in module.imports
        if ORDER.index(each.room) > ORDER.index(module.room)
    ]
    assert upwards == []


def test_imports_within_a_room_run_one_way_too(modules: dict[str, Module]) -> None:
    order = TopologicalSorter({name: module.own for name, module in modules.items()})
    assert len(list(order.static_order())) >= len(modules)  # raises CycleError, naming the cycle


def test_no_private_name_leaves_its_module(modules: dict[str, Module]) -> None:
    taken = [
        f"{module.name} takes {each.module}.{each.name}"
        for module in modules.values()
        for each in module.imports
        if each.name.startswith("_")
    ]
    assert taken == []


def test_at_the_top_is_the_face_alone(modules: dict[str, Module]) -> None:
    assert {name for name in modules if "." not in name} == {
        "errors",
        "limits",
        "settings",
        "sync",
    }


def test_a_room_has_a_dozen_modules_at_most(rooms: dict[str, list[Module]]) -> None:
    assert set(rooms) == set(ORDER) - {"errors", "limits", "settings", "sync"}
    assert max(map(len, rooms.values())) <= MOST_MODULES


@pytest.mark.parametrize("room", sorted(set(ORDER) - {"errors", "limits", "settings", "sync"}))
def test_a_room_says_what_it_is_for_what_it_uses_and_what_others_use_of_it(room: str) -> None:
    assert_says_what_it_is_for(FOLDER / room)


def test_what_others_use_of_a_room_is_in_it(rooms: dict[str, list[Module]]) -> None:
    missing = {
        f"{room}: {name}"
        for room, modules in rooms.items()
        for name in re.findall(r"`(?:\w+\.)?(\w+)(?:\(\))?`", _others_use(room))
        if not any(re.search(rf"\b{name}\b", f"{each.name} {each.text}") for each in modules)
    }
    assert missing == set()


def _others_use(room: str) -> str:
    said = ast.get_docstring(ast.parse((FOLDER / room / "__init__.py").read_text())) or ""
    return said.partition("Others use:")[2]


def test_the_documents_show_the_rooms_in_their_order() -> None:
    assert rooms_in_the_documents("The core") == [*reversed(ORDER)]


def test_only_the_s3_store_knows_aws(modules: dict[str, Module]) -> None:
    assert importing(modules, AWS) == {"storage.s3_store"}


def test_nothing_knows_lambda(modules: dict[str, Module]) -> None:
    assert importing(modules, LAMBDA) == set()


def test_models_are_known_where_states_are_validated(modules: dict[str, Module]) -> None:
    assert importing(modules, MODELS) == {"values.validation"}


def test_the_rest_is_the_standard_library_and_three_codecs(modules: dict[str, Module]) -> None:
    known = set(sys.stdlib_module_names) | LIBRARIES | AWS | EDGE
    unknown = {name: module.others - known for name, module in modules.items()}
    assert not {name: others for name, others in unknown.items() if others}


def test_errors_know_nothing_but_the_standard_library(modules: dict[str, Module]) -> None:
    errors = modules["errors"]
    assert not errors.own
    assert errors.others <= set(sys.stdlib_module_names)


def test_errors_paths_and_codec_are_at_the_bottom(modules: dict[str, Module]) -> None:
    assert modules["values.paths"].own == {"errors"}
    assert modules["values.codec"].own == {"errors", "values.paths"}


@pytest.mark.parametrize("room", ["lazy", "ingestion", "merge", "maps", "pipe"])
def test_the_pipe_does_not_know_where_objects_are_stored(
    modules: dict[str, Module], room: str
) -> None:
    stores = {"storage.s3_store", "storage.memory_store"}
    assert not [name for name, each in modules.items() if each.room == room and each.own & stores]


def test_the_environment_is_read_in_one_place(modules: dict[str, Module]) -> None:
    reading = {
        module.name
        for module in modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    }
    assert reading == {"storage.runtime"}


def test_no_error_is_caught_unnamed(modules: dict[str, Module]) -> None:
    caught = {
        ast.unparse(node.type) if node.type else "everything"
        for module in modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
    }
    assert not caught & {"everything", "Exception", "BaseException"}


def test_modules_are_one_idea_each(modules: dict[str, Module]) -> None:
    lengths = {name: len(module.text.splitlines()) for name, module in modules.items()}
    assert {name for name, lines in lengths.items() if lines > MOST_LINES} == set()


def test_every_module_says_what_it_is(modules: dict[str, Module]) -> None:
    assert all(ast.get_docstring(module.tree) for module in modules.values())


def modules_after(statements: str) -> set[str]:
    """Return the modules that an interpreter of its own has loaded after some statements."""
    code = f"import sys; {statements}; print(*sorted(sys.modules))"
    completed = subprocess.run(  # noqa: S603 - statements of these tests
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path), "AWS_DEFAULT_REGION": "eu-west-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(completed.stdout.split())


def loaded_after(statements: str) -> set[str]:
    """Return the packages that an interpreter of its own has loaded after some statements."""
    return {name.partition(".")[0] for name in modules_after(statements)}


@pytest.mark.parametrize(
    "statements",
    [
        f"import {PACKAGE}",
        f"from {PACKAGE} import *; universal_sync_core({{}}, {{'current_state': {{'a': 1}}}})",
        f"from {PACKAGE} import *; state_task(len)({{'state_data': {{'a': 1}}}})",
    ],
    ids=["importing", "merging inline", "working inline"],
)
def test_what_needs_no_s3_loads_no_sdk_and_no_framework(statements: str) -> None:
    assert not loaded_after(statements) & (AWS | EDGE | {"zstandard", "ijson", "asyncio"})


@pytest.mark.parametrize(
    ("statements", "unused"),
    [
        (
            f"import app; from {PACKAGE}.storage import runtime; runtime.current().store",
            {f"{PACKAGE}.worker", f"{PACKAGE}.workflow", "boto3", "s3transfer", "difflib"},
        ),
        (
            f"from {PACKAGE} import state_task",
            {f"{PACKAGE}.{room}" for room in ("documents.document", "workflow.branches")},
        ),
    ],
    ids=["the function and its S3 client", "a worker"],
)
def test_what_is_not_used_is_not_loaded(statements: str, unused: set[str]) -> None:
    assert not modules_after(statements) & unused


def test_each_public_name_is_loaded_from_where_type_checkers_find_it() -> None:
    typed = {
        name.name: str(statement.module)
        for part in ast.walk(ast.parse(inspect.getsource(package)))
        if isinstance(part, ast.If)
        for statement in part.body
        if isinstance(statement, ast.ImportFrom)
        for name in statement.names
    }
    assert typed.keys() == set(package.__all__)
    for name, module in typed.items():
        assert getattr(package, name) is getattr(importlib.import_module(module), name)


def test_importing_asks_for_no_environment() -> None:
    completed = subprocess.run(  # noqa: S603 - statements of these tests
        [sys.executable, "-c", f"import {PACKAGE}, {PACKAGE}.storage.s3_store"],
        env={"PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert completed.returncode == 0
