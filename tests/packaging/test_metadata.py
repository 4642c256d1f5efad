"""What the distributions and the published applications say of themselves."""

import re
import tomllib
from itertools import chain
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from tests.packaging.conftest import LAYER, ROOT

PROJECTS = {name: path / "pyproject.toml" for name, path in {"layer": LAYER, "root": ROOT}.items()}
TEMPLATES = {
    "stack": ROOT / "template.yaml",
    "layer": ROOT / "layers" / "template.yaml",
}
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-template-publishing-applications-metadata-properties.html
APPLICATION = {
    "Name": (r"[a-zA-Z0-9\-]+", 140),
    "Description": (r".+", 256),
    "Author": (r"[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?", 127),
    "SpdxLicenseId": (r"Apache-2\.0", 127),
    "SemanticVersion": (r"\d+\.\d+\.\d+", 127),
}
LABEL, MOST_LABELS, FILE_BYTES = re.compile(r"[a-zA-Z0-9+\-_:/@]{1,127}"), 10, 5 * 1024 * 1024


def project(name: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(PROJECTS[name].read_text(encoding="utf-8"))["project"]
    return found


def application(name: str) -> dict[str, Any]:
    template = yaml_parse(TEMPLATES[name].read_text(encoding="utf-8"))
    found: dict[str, Any] = template["Metadata"]["AWS::ServerlessRepo::Application"]
    return found


def test_there_is_one_version() -> None:
    versions = [project(name)["version"] for name in PROJECTS]
    versions += [application(name)["SemanticVersion"] for name in TEMPLATES]
    assert set(versions) == {"0.1.0"}


def test_names_are_all_different() -> None:
    assert len({project(name)["name"] for name in PROJECTS}) == len(PROJECTS)
    assert len({application(name)["Name"] for name in TEMPLATES}) == len(TEMPLATES)


@pytest.mark.parametrize("name", TEMPLATES)
def test_application_may_be_published(name: str) -> None:
    fields = application(name)
    for field, (pattern, most) in APPLICATION.items():
        assert re.fullmatch(pattern, fields[field].strip()), field
        assert len(fields[field]) <= most, field
    assert len(fields["Labels"]) <= MOST_LABELS
    assert all(LABEL.fullmatch(label) for label in fields["Labels"])


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("field", ["LicenseUrl", "ReadmeUrl"])
def test_files_of_an_application_are_there(name: str, field: str) -> None:
    text = (TEMPLATES[name].parent / application(name)[field]).read_bytes()
    assert 0 < len(text) <= FILE_BYTES
    assert (b"Apache License" in text) == (field == "LicenseUrl")


@pytest.mark.parametrize("name", TEMPLATES)
def test_layer_is_an_output(name: str) -> None:
    outputs = yaml_parse(TEMPLATES[name].read_text(encoding="utf-8"))["Outputs"]
    assert outputs["UniversalSyncCoreLayerArn"]["Value"] == {"Ref": "UniversalSyncCoreLayer"}


def test_layer_is_the_same_in_the_stack_and_by_itself() -> None:
    layers = [
        yaml_parse(path.read_text(encoding="utf-8"))["Resources"]["UniversalSyncCoreLayer"]
        for path in TEMPLATES.values()
    ]
    compared = ("CompatibleArchitectures", "CompatibleRuntimes", "Description")
    stack, alone = ({name: layer["Properties"][name] for name in compared} for layer in layers)
    assert stack == alone


def test_bounds_of_versions_are_those_that_are_tested() -> None:
    files = (LAYER / "requirements.in", ROOT / "requirements-dev.in")
    tested = set(chain(*(path.read_text(encoding="utf-8").splitlines() for path in files)))
    extras = project("layer")["optional-dependencies"]
    own = [line for line in extras["all"] if line.startswith("universal-sync-core[")]
    needed = {*project("layer")["dependencies"], *chain(*extras.values())} - set(own)
    assert needed <= tested
    assert own == ["universal-sync-core[models,testing]"]


def test_what_builds_the_layer_comes_with_the_fixtures() -> None:
    """Environments that uv makes are without pip."""
    needed = project("layer")["optional-dependencies"]["testing"]
    assert any(re.match(r"pip\b", each) for each in needed)
