"""What is written for those who write with agents: llms.txt, and the skill."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import StateBag, pytest_plugin
from tests.docs import pages
from tests.packaging.conftest import run_pytest
from universal_sync_core import Status, universal_sync_core
from universal_sync_core.lazy.views import MapView
from universal_sync_core.worker.open_bag import open_bag

INDEX = (pages.ROOT / "llms.txt").read_text("utf-8")
SKILL = (pages.ROOT / "SKILL.md").read_text("utf-8")
LINK = re.compile(r"\]\(([^)#]+)")

# Each rule of the skill that a merge shows: the state, a result, and what is left without an error.
SILENT: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "A new list replaces": ({"l": [1, 2]}, {"current_state": {"l": [3]}}, {"l": [3]}),
    "never removes keys": ({"a": 1, "b": 2}, {"current_state": {"a": 1}}, {"a": 1, "b": 2}),
    "An older `updated_at`": (
        {"o": {"updated_at": 20, "paid": True}},
        {"current_state": {"o": {"updated_at": 10, "paid": False}}},
        {"o": {"updated_at": 20, "paid": True}},
    ),
}


def test_index_for_programs_has_every_page_once() -> None:
    named = LINK.findall(INDEX)
    listed = [name for name in named if name.startswith("docs/") or name == "README.md"]
    below = {page.relative_to(pages.ROOT).as_posix() for page in pages.DOCS.rglob("*.md")}
    assert sorted(listed) == sorted(below | {"README.md"})
    assert [name for name in named if not (pages.ROOT / name).is_file()] == []


def test_index_for_programs_has_the_form_that_they_read() -> None:
    title, _, summary, *_ = INDEX.splitlines()
    assert title.startswith("# ")
    assert summary.startswith("> ")
    entries = [line for line in INDEX.splitlines() if line.startswith("- ")]
    assert [
        line for line in entries if not re.fullmatch(r"- \[[^]]+\]\([^)]+\)(: .+)?", line)
    ] == []


def test_skill_says_what_it_is_for() -> None:
    _, front, _ = SKILL.split("---\n", 2)
    said = yaml.safe_load(front)
    assert re.fullmatch(r"[a-z0-9-]{1,64}", said["name"])
    assert len(said["description"]) <= 1024


def test_names_of_the_skill_exist() -> None:
    statuses = set(re.findall(r"`([A-Z]{4,}(?:_[A-Z]+)*)`", SKILL)) - {"STATE_BUCKET"}
    assert statuses <= {status.value for status in Status}
    methods = set(re.findall(r"state_bag\.(\w+)\(", SKILL))
    assert methods
    assert [name for name in methods if not hasattr(StateBag, name)] == []
    table = SKILL.partition("| Fixture |")[2].partition("\n\n")[0]
    fixtures = re.findall(r"^\| `(\w+)", table, re.MULTILINE)
    assert fixtures
    assert [name for name in fixtures if not hasattr(pytest_plugin, name)] == []


def test_worker_of_the_skill_passes_its_tests(tmp_path: Path) -> None:
    codes = re.findall(r"```python\n(.*?)```", SKILL, re.DOTALL)
    (tmp_path / "test_worker.py").write_text("\n".join(codes), encoding="utf-8")
    ran = run_pytest(tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed" in ran.stdout


@pytest.mark.parametrize("rule", SILENT)
def test_rule_is_silent_as_the_skill_says(rule: str) -> None:
    assert rule in SKILL
    before, result, after = SILENT[rule]
    bag = universal_sync_core({"execution_id": "skill", "current_state": before}, result)
    assert bag["current_state"] == after


def test_field_beside_current_state_is_replaced() -> None:
    assert "A field beside it replaces" in SKILL
    bag = universal_sync_core({"execution_id": "skill", "mine": {"a": 1}}, {"mine": {"b": 2}})
    assert bag["mine"] == {"b": 2}


def test_result_without_a_status_goes_on() -> None:
    assert "A result without `status` means CONTINUE" in SKILL
    bag = universal_sync_core({"execution_id": "skill"}, {"current_state": {}}, {"action": "sync"})
    assert bag["next_action"] == "CONTINUE"


def test_status_that_a_result_repeats_asks_for_nothing() -> None:
    assert "only repeats has no effect" in SKILL
    asked = {"status": "PAUSED_FOR_HITP", "prompt": "?"}
    bag = universal_sync_core({"execution_id": "skill"}, asked, {"action": "sync"})
    echoed = universal_sync_core(bag, {**bag, "current_state": {}}, {"action": "sync"})
    assert echoed["next_action"] == "CONTINUE"


def test_views_are_neither_dicts_nor_lists() -> None:
    assert "neither `dict` nor `list`" in SKILL
    state = open_bag({"execution_id": "skill", "current_state": {"a": [1]}})
    view = state["current_state"]
    assert isinstance(view, MapView)
    assert not isinstance(view, dict)
    assert not isinstance(view["a"], list)
