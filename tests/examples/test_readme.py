"""What the README lists is what there is."""

import re
from pathlib import Path
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from actions import app
from universal_sync_core import errors
from universal_sync_core.settings import Settings

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return re.split(r"^## ", README, flags=re.MULTILINE)[1:][_titles().index(title)]


def _titles() -> list[str]:
    return re.findall(r"^## (.+)$", README, flags=re.MULTILINE)


def first_column(text: str) -> set[str]:
    cells = re.findall(r"^\| (`.+?) \|", text, flags=re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


@pytest.fixture(scope="module")
def template() -> Any:
    return yaml_parse((REPOSITORY / "template.yaml").read_text(encoding="utf-8"))


def test_every_action_is_listed() -> None:
    assert first_column(section("Actions")) == set(app.actions)


def test_every_parameter_is_listed(template: Any) -> None:
    assert first_column(section("Deploy")) == set(template["Parameters"])


def test_settings_of_the_template_are_listed(template: Any) -> None:
    function = template["Resources"]["StateDataManagerFunction"]["Properties"]

    assert set(function["Environment"]["Variables"]) <= first_column(section("Settings"))


def test_defaults_are_those_of_the_settings() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", section("Settings"), flags=re.MULTILINE))

    assert Settings.from_env(rows) == Settings()


def test_errors_exist() -> None:
    named = set(re.findall(r"`(\w+Error)`", section("Actions")))

    assert named
    assert all(hasattr(errors, name) for name in named)


def test_outputs_exist(template: Any) -> None:
    named = set(re.findall(r"output\s+`(\w+)`", README))

    assert named
    assert named <= set(template["Outputs"])


def test_events_exist() -> None:
    named = re.findall(r"events/\w+\.json", README)

    assert named
    assert all((REPOSITORY / name).is_file() for name in named)


def test_layout_exists() -> None:
    paths = re.findall(r"^    ([\w./]+/|[\w.]+\.\w+)(?=[, ])", section("Layout"), re.MULTILINE)

    assert len(paths) > 5
    assert all((REPOSITORY / path).exists() for path in paths)


def test_worker_of_the_readme_works() -> None:
    code = re.search(r"```python\n(.+?)```", section("Your worker"), flags=re.DOTALL)
    assert code
    names: dict[str, Any] = {}
    exec(code[1], names)  # noqa: S102 - the README is ours

    bag = {"current_state": {"services": ["ec2", "s3"]}}
    assert names["handler"]({"state_data": bag}, None)["current_state"] == {"count": 2}
    assert names["handler"]({"item": "abc", "index": 0}, None) == {"length": 3}
