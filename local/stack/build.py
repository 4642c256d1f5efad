"""`sam build` of the real template, once for each state of its sources."""

import hashlib
import importlib.metadata
import os
import shutil
import sys
import sysconfig
import uuid
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from samcli.yamlhelper import yaml_dump, yaml_parse

from ..errors import BuildError
from ..functions.artefacts import prune, publish
from .sam import sam

_KEPT = 3
_SOURCE_PROPERTIES = ("CodeUri", "ContentUri", "DefinitionUri", "DefinitionS3Location")


def build(template: Path, root: Path) -> Path:
    """Return the built template, with the artefacts beside it.

    Args:
        template: the SAM template.
        root: directory for builds; those of unchanged sources are used again.
    """
    directory = root / _digest(template)
    if directory.is_dir():
        directory.touch()
    else:
        root.mkdir(parents=True, exist_ok=True)
        unfinished = directory.with_name(f"{directory.name}.{uuid.uuid4().hex}")
        try:
            _sam_build(template, unfinished)
            publish(unfinished, directory)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        prune(root, keep=_KEPT)
    return directory / "build" / "template.yaml"


def _sam_build(template: Path, directory: Path) -> None:
    directory.mkdir()
    arguments: list[str | Path] = ["build", "--template-file", template]
    arguments += ["--build-dir", directory / "build", "--parallel"]
    # What the layer's Makefile needs to install for this interpreter instead of the deployed one.
    chosen = {"LAYER_FOR": "local", "PYTHON": sys.executable}
    region = os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
    is_built, said = sam(
        arguments,
        cwd=template.parent,
        environment={"AWS_DEFAULT_REGION": region, **chosen},
    )
    if not is_built:
        raise BuildError(f"sam build failed:\n{said}")
    _enclose(directory / "build" / "template.yaml")


def _enclose(built: Path) -> None:
    """Copy into a build what its template still names among the sources.

    Equal sources share a build, wherever they lie: those that it was made from may be gone.
    """
    template: dict[str, Any] = yaml_parse(built.read_text(encoding="utf-8"))
    folder = built.parent.resolve()
    for name, properties, key in _named(template):
        source = (folder / properties[key]).resolve()
        if source.exists() and not source.is_relative_to(folder):
            _copy(source, folder / name / source.name)
            properties[key] = f"{name}/{source.name}"
    built.write_text(yaml_dump(template), encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def _digest(template: Path) -> str:
    """Name everything a build depends on: sources, interpreter, build tool, this module."""
    tool = importlib.metadata.version("aws-sam-cli")
    digest = hashlib.sha256(f"{sys.version} {sysconfig.get_platform()} {tool}".encode())
    digest.update(Path(__file__).read_bytes())
    for path in sorted({template, *_sources(template)}):
        digest.update(f"\0{path.relative_to(template.parent)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _sources(template: Path) -> Iterator[Path]:
    for _, properties, key in _named(_parsed(template.read_text(encoding="utf-8"))):
        yield from _files(template.parent / properties[key])


def _named(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield each property that names a source: its resource, the properties and its key."""
    for name, resource in template.get("Resources", {}).items():
        properties = resource.get("Properties", {})
        for key in _SOURCE_PROPERTIES:
            if isinstance(properties.get(key), str):
                yield name, properties, key


@lru_cache(maxsize=8)
def _parsed(template: str) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse(template)
    return parsed


def _files(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
    for path in source.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path
