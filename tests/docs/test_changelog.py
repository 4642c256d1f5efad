"""The changelog begins with the version that is in the repository."""

import re
import tomllib

import pytest
from samcli.yamlhelper import yaml_parse

from tests.docs import pages

CHANGELOG = pages.ROOT / "CHANGELOG.md"
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def newest_version() -> str:
    heading = re.search(r"^## (\S+) \((.+)\)$", CHANGELOG.read_text("utf-8"), re.MULTILINE)
    assert heading
    return heading[1]


@pytest.mark.parametrize("folder", [".", "layers/universal_sync_core"])
def test_the_newest_version_is_that_of_the_distributions(folder: str) -> None:
    project = tomllib.loads((pages.ROOT / folder / "pyproject.toml").read_text("utf-8"))
    assert newest_version() == project["project"]["version"]


@pytest.mark.parametrize("folder", [".", "layers"])
def test_the_newest_version_is_that_of_the_applications(folder: str) -> None:
    template = yaml_parse((pages.ROOT / folder / "template.yaml").read_text("utf-8"))
    application = template["Metadata"]["AWS::ServerlessRepo::Application"]
    assert newest_version() == application["SemanticVersion"]


def test_changes_are_grouped_by_kind() -> None:
    text = CHANGELOG.read_text("utf-8")
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= KINDS
    assert "### " in text
