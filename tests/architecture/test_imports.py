"""Pure core, thin edge: which module knows what, and in which direction they know each other."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

from tests.architecture.conftest import PACKAGE, Module

AWS = {"boto3", "botocore", "s3transfer", "urllib3"}
LAMBDA = {"aws_lambda_powertools"}
MODELS = {"pydantic", "pydantic_core"}
EDGE = LAMBDA | MODELS
# What else the package may be made of.
LIBRARIES = {"orjson", "ijson", "zstandard"}
# Longer than the others, and why.
MOST_LINES = 300
LONGER = {"pages": "lists and maps are one tree, with one writer"}


def importing(modules: dict[str, Module], packages: set[str]) -> set[str]:
    return {name for name, module in modules.items() if module.others & packages}


def test_only_the_s3_store_knows_aws(modules: dict[str, Module]) -> None:
    assert importing(modules, AWS) == {"s3_store"}


def test_only_routing_knows_lambda_and_events(modules: dict[str, Module]) -> None:
    assert importing(modules, LAMBDA) == {"routing"}


def test_models_are_known_where_events_and_states_are_validated(
    modules: dict[str, Module],
) -> None:
    assert importing(modules, MODELS) == {"routing", "validation"}


def test_nothing_in_the_core_knows_routing(modules: dict[str, Module]) -> None:
    assert not [name for name, module in modules.items() if "routing" in module.own]


def test_the_rest_is_the_standard_library_and_three_codecs(modules: dict[str, Module]) -> None:
    known = set(sys.stdlib_module_names) | LIBRARIES | AWS | EDGE
    unknown = {name: module.others - known for name, module in modules.items()}
    assert not {name: others for name, others in unknown.items() if others}


def test_errors_know_nothing_but_the_standard_library(modules: dict[str, Module]) -> None:
    errors = modules["errors"]
    assert not errors.own
    assert errors.others <= set(sys.stdlib_module_names)


def test_errors_and_codec_are_at_the_bottom(modules: dict[str, Module]) -> None:
    assert modules["codec"].own == {"errors"}


def test_imports_run_one_way(modules: dict[str, Module]) -> None:
    order = TopologicalSorter({name: module.own for name, module in modules.items()})
    sequence = list(order.static_order())  # raises CycleError, which names the cycle
    assert sequence.index("errors") < sequence.index("codec") < sequence.index("sync")


@pytest.mark.parametrize("pure", ["flatten", "merge", "offload", "combine", "pages", "history"])
def test_the_pipe_does_not_know_where_objects_are_stored(
    modules: dict[str, Module], pure: str
) -> None:
    assert not modules[pure].own & {"s3_store", "memory_store", "store", "workspace"}


def test_the_environment_is_read_in_one_place(modules: dict[str, Module]) -> None:
    reading = {
        module.name
        for module in modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    }
    assert reading == {"workspace"}


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
    long = {name for name, lines in lengths.items() if lines >= MOST_LINES}
    assert long <= LONGER.keys()
    assert max(lengths.values()) < MOST_LINES * 1.1


def test_every_module_says_what_it_is(modules: dict[str, Module]) -> None:
    assert all(ast.get_docstring(module.tree) for module in modules.values())


def loaded_after(statements: str) -> set[str]:
    """Return the packages that an interpreter of its own has loaded after some statements."""
    code = f"import sys; {statements}; print(*sorted(sys.modules))"
    completed = subprocess.run(  # noqa: S603 - statements of these tests
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in completed.stdout.split()}


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


def test_importing_asks_for_no_environment() -> None:
    completed = subprocess.run(  # noqa: S603 - statements of these tests
        [sys.executable, "-c", f"import {PACKAGE}, {PACKAGE}.routing, {PACKAGE}.s3_store"],
        env={"PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert completed.returncode == 0
