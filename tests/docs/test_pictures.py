"""The pictures show what the code does."""

import ast
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from types import ModuleType

import pytest
from samcli.yamlhelper import yaml_parse

from docs.pictures import PICTURES, bag, journey, machine, overview, parts
from docs.pictures.journey import ROOMS, STEPS
from tests.docs import pages
from universal_sync_core.settings import Settings

STATES = json.loads((pages.ROOT / "statemachine/state_data_v3.asl.json").read_text("utf-8"))[
    "States"
]
CORE = pages.ROOT / "layers/universal_sync_core/universal_sync_core"


def calls(node: ast.AST) -> Iterator[str]:
    """Yield the names of the functions that are called, in the order of the calls."""
    for child in ast.iter_child_nodes(node):
        yield from calls(child)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield node.func.id


def called_modules() -> list[str]:
    """Return the modules whose functions the pipe calls for a result that is not merged yet."""
    tree = ast.parse((CORE / "sync.py").read_text("utf-8"))
    module_of = {
        alias.name: (node.module or "").removeprefix("universal_sync_core.").replace(".", "/")
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    (pipe,) = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    (shared,) = (node for node in pipe.body if isinstance(node, ast.With))
    steps = [node for node in shared.body if not isinstance(node, ast.If)]
    return [module_of[name] for step in steps for name in calls(step)]


def imported_rooms(room: str) -> set[str]:
    """Return the rooms that the modules of a room import."""
    trees = [ast.parse(path.read_text("utf-8")) for path in (CORE / room).glob("*.py")]
    names = [
        node.module or ""
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    ]
    return {name.split(".")[1] + "/" for name in names if name.count(".") > 1} | {
        f"{name.removeprefix('universal_sync_core.')}/" for name in names if name.count(".") == 1
    }


def test_the_steps_are_what_the_pipe_calls() -> None:
    assert list(STEPS) == called_modules()


@pytest.mark.parametrize(("room", "below"), list(pairwise(ROOMS)))
def test_each_room_uses_the_one_below(room: str, below: str) -> None:
    assert below in imported_rooms(room)


@pytest.mark.parametrize("step", STEPS)
def test_each_step_works_with_the_unit_of_work(step: str) -> None:
    text = (CORE / f"{step}.py").read_text("utf-8")
    assert "universal_sync_core.bag.unit_of_work import" in text


@pytest.mark.parametrize("picture", [bag, journey, overview])
def test_the_bound_of_the_bag_is_that_of_the_settings(picture: ModuleType) -> None:
    assert f"at most {Settings().bound_bytes // 1024} KB" in picture.draw()


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.FILE.stem)
def test_the_file_is_what_the_script_draws(picture: ModuleType) -> None:
    assert picture.FILE.read_text("utf-8") == picture.draw()


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.FILE.stem)
def test_every_picture_stands_on_a_page(picture: ModuleType) -> None:
    leads_to = {
        (page.parent / link).resolve() for page in pages.PAGES for link in pages.links(page)
    }
    assert picture.FILE in leads_to


def test_the_parts_are_those_of_the_template() -> None:
    template = yaml_parse((pages.ROOT / "template.yaml").read_text("utf-8"))
    assert set(parts.PARTS.values()) <= set(template["Resources"])


@pytest.mark.parametrize("row", machine.ROWS, ids=lambda row: row[0])
def test_a_row_of_the_machine_begins_where_the_route_leads_and_ends_there(
    row: tuple[str, str, str],
) -> None:
    action, begins, ends = row
    choices = STATES[machine.ROUTE]["Choices"]
    named = [choice for choice in choices if re.search(rf"\b{action}\b", json.dumps(choice))]
    assert begins in {choice["Next"] for choice in named}
    following = begins
    while following != ends:
        following = _following(following)
    assert STATES[ends]["Next"] == machine.ROUTE


def test_the_machine_has_a_row_for_each_way_that_goes_on() -> None:
    routed = {choice["Next"] for choice in STATES[machine.ROUTE]["Choices"]}
    back = {name for name in routed if _leads_back(name)}
    assert back == {begins for _, begins, _ in machine.ROWS} | {"RunAndSyncSegment"}
    assert {state for _, state in machine.ENDS} <= set(STATES)


def _leads_back(name: str) -> bool:
    while name in STATES and name != machine.ROUTE:
        name = _following(name)
    return name == machine.ROUTE


def _following(name: str) -> str:
    """Return the state after one that has no choice, or that after no choice was taken."""
    following: str = STATES[name].get("Next") or STATES[name].get("Default", "")
    return following


@pytest.mark.parametrize("field", bag.FIELDS)
def test_the_fields_of_the_bag_are_fields_of_a_bag(field: str) -> None:
    assert field in (pages.DOCS / "formats.md").read_text("utf-8")
