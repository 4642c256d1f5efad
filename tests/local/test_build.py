"""Builds are made once for each state of their sources."""

import os
import shutil
import time
from pathlib import Path

import pytest
from samcli.yamlhelper import yaml_parse

from local.cloud import LocalCloud
from local.errors import BuildError, DeploymentError, LocalCloudError
from local.functions.artefacts import CodeCache, prune, zipped
from local.stack.build import build

STACK = Path(__file__).parent / "stack"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    shutil.copytree(STACK, tmp_path / "stack", ignore=shutil.ignore_patterns(".aws-sam"))
    return tmp_path / "stack" / "template.yaml"


def test_unchanged_sources_are_built_once(template: Path, tmp_path: Path) -> None:
    first = build(template, tmp_path / "builds")
    made = first.stat().st_mtime_ns
    assert build(template, tmp_path / "builds") == first
    assert first.stat().st_mtime_ns == made


def test_changed_source_is_built_anew(template: Path, tmp_path: Path) -> None:
    first = build(template, tmp_path / "builds")
    with (template.parent / "function" / "app.py").open("a", encoding="utf-8") as source:
        source.write("NEW = 1\n")
    second = build(template, tmp_path / "builds")
    assert second != first
    assert "NEW = 1" in (second.parent / "Function" / "app.py").read_text(encoding="utf-8")


def test_a_build_outlives_the_sources_that_it_was_made_from(template: Path, tmp_path: Path) -> None:
    """Environments with equal sources share a build; the first of them may be deleted."""
    built = build(template, tmp_path / "builds")
    template.parent.rename(tmp_path / "another environment")
    again = build(tmp_path / "another environment" / "template.yaml", tmp_path / "builds")
    assert again == built
    resources = yaml_parse(built.read_text(encoding="utf-8"))["Resources"]
    named = [resources[name]["Properties"] for name in ("Layer", "Function", "StateMachine")]
    keys = ("ContentUri", "CodeUri", "DefinitionUri")
    places = [built.parent / each[key] for each, key in zip(named, keys, strict=True)]
    assert all(place.resolve().is_relative_to(built.parent) for place in places)
    definition = tmp_path / "another environment" / "echo.asl.json"
    assert places[-1].read_bytes() == definition.read_bytes()


def test_failed_build_says_why_and_leaves_nothing(template: Path, tmp_path: Path) -> None:
    (template.parent / "layer" / "Makefile").write_text("nothing:\n", encoding="utf-8")
    with pytest.raises(BuildError, match="build-Layer"):
        build(template, tmp_path / "builds")
    assert list((tmp_path / "builds").iterdir()) == []


def test_equal_directories_give_equal_archives(template: Path) -> None:
    function = template.parent / "function"
    archive = zipped(function)
    (function / "__pycache__").mkdir()
    (function / "__pycache__" / "app.pyc").write_bytes(b"compiled")
    (function / "app.py").touch()
    assert zipped(function) == archive


def test_unpacked_code_is_what_was_zipped(template: Path, tmp_path: Path) -> None:
    cache = CodeCache(tmp_path / "code")
    unpacked = cache.unpack(zipped(template.parent / "layer"))
    assert (unpacked / "layered" / "__init__.py").is_file()
    assert cache.unpack(zipped(template.parent / "layer")) == unpacked


def test_only_what_was_not_used_for_a_day_is_removed(tmp_path: Path) -> None:
    for name, age in (("new", 0), ("used", 3600), ("old", 90_000), ("older", 100_000)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, times=(time.time() - age,) * 2)
    prune(tmp_path, keep=1)
    assert {path.name for path in tmp_path.iterdir()} == {"new", "used"}


def test_unknown_parameter_is_named(template: Path) -> None:
    with pytest.raises(DeploymentError, match="Nonsense"):
        LocalCloud.start(template=template, parameters={"Nonsense": "1"})


def test_parameter_of_the_caller_wins(template: Path) -> None:
    with LocalCloud.start(template=template, parameters={"Greeting": "good day"}) as cloud:
        assert cloud.invoke({"do": "look"})["environment"]["GREETING"] == "good day"


def test_second_cloud_in_a_process_is_refused_and_the_first_goes_on(template: Path) -> None:
    with LocalCloud.start(template=template) as cloud:
        with pytest.raises(LocalCloudError, match="already running"):
            LocalCloud.start(template=template)
        assert cloud.invoke({"do": "echo", "value": 1}) == 1


def test_cloud_that_is_stopped_leaves_a_new_one_nothing_but_its_names(template: Path) -> None:
    with LocalCloud.start(template=template) as cloud:
        first = dict(cloud.outputs)
        cloud.client("s3").create_bucket(Bucket="of-the-first")
    with LocalCloud.start(template=template) as cloud:
        buckets = cloud.client("s3").list_buckets()["Buckets"]
        assert "of-the-first" not in {bucket["Name"] for bucket in buckets}
        assert cloud.outputs == first
