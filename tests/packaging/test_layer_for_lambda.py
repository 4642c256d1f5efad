"""What is deployed: the layer, for three runtimes and two processors in one, and the function."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from samcli.yamlhelper import yaml_parse

from tests.packaging.conftest import ROOT
from universal_sync_core.limits import LAMBDA_UNPACKED_BYTES

LAYER = ROOT / "layers" / "universal_sync_core"
FUNCTION = ROOT / "functions" / "state_data_manager"
RUNTIMES = ("3.14", "3.13", "3.12")
MACHINES = ("aarch64", "x86_64")
COMPILED = {"_pydantic_core", "_wrappers", "_yajl2", "backend_c", "orjson", "ormsgpack"}
# A run of the pipe, with every compiled package in it.
USES = """
import boto3, ijson, orjson, ormsgpack, pydantic, wrapt, zstandard, aws_lambda_powertools
from universal_sync_core import universal_sync_core
assert (zstandard.backend, ijson.backend) == ("cext", "yajl2_c")
bag = universal_sync_core({"execution_id": "e"}, {"current_state": {"a": 1}})
assert bag["current_state"] == {"a": 1}
"""


def interpreter(version: str) -> str | None:
    """Return a Python of a version that starts, be it on the path or one of pyenv's."""
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    on_path = shutil.which(f"python{version}")
    candidates = [str(each) for each in home.glob(f"versions/{version}.*/bin/python")]
    for candidate in [on_path, *candidates] if on_path else candidates:
        said = subprocess.run(  # noqa: S603 - an interpreter
            [candidate, "-V"], capture_output=True, text=True, check=False
        )
        if said.stdout.startswith(f"Python {version}."):
            return candidate
    return None


def make(
    directory: Path, target: str, *, of: Path = LAYER, **environment: str
) -> "subprocess.CompletedProcess[str]":
    source = directory / "source"
    shutil.copytree(of, source, ignore=shutil.ignore_patterns("wheels", "__pycache__"))
    # A variable that `make test` was given is none of this make's.
    ours = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    told = {**ours, "ARTIFACTS_DIR": str(directory / "layer"), **environment}
    return subprocess.run(  # noqa: S603 - ours
        ["make", target],  # noqa: S607
        cwd=source,
        env=told,
        check=False,
        capture_output=True,
        text=True,
    )


def test_templates_and_layer_agree_on_the_runtimes() -> None:
    templates = [yaml_parse((ROOT / name).read_text("utf-8")) for name in TEMPLATES]
    for template in templates:
        layer = template["Resources"]["UniversalSyncCoreLayer"]["Properties"]
        assert layer["CompatibleRuntimes"] == [f"python{version}" for version in RUNTIMES]
    assert templates[0]["Globals"]["Function"]["Runtime"] == f"python{RUNTIMES[0]}"
    makefile = (LAYER / "Makefile").read_text("utf-8")
    function, workers = (
        re.findall(rf"^{name} := (.+)$", makefile, re.MULTILINE) for name in ("FUNCTION", "WORKERS")
    )
    assert [*function, *reversed(workers[0].split())] == list(RUNTIMES)


TEMPLATES = ("template.yaml", "layers/template.yaml")


def test_build_without_a_compiler_goes_on_and_says_at_its_end_what_helps(tmp_path: Path) -> None:
    (tmp_path / "layer" / "python").mkdir(parents=True)
    done = make(tmp_path, "compile", PATH="/usr/bin:/bin", PYENV_ROOT="/nowhere", PYTHON="false")
    assert done.returncode == 0
    for version in RUNTIMES:
        assert f"NOT COMPILED for Python {version}" in done.stdout
    for word in ("pyenv install 3.14", "--use-container"):
        assert word in done.stdout


def compiled(artefacts: Path) -> dict[Path, bytes]:
    """Return what Python has compiled, by its place in the artefacts."""
    return {each.relative_to(artefacts): each.read_bytes() for each in artefacts.rglob("*.pyc")}


def test_layer_is_the_same_wherever_it_is_compiled(tmp_path: Path) -> None:
    """Else each checkout would deploy a layer of its own, and versions of the functions with it."""
    made = []
    for name in ("here", "elsewhere"):
        room = tmp_path / name / "layer" / "python" / "room"
        room.mkdir(parents=True)
        (room / "module.py").write_text("def run() -> None: ...\n", encoding="utf-8")
        make(tmp_path / name, "compile").check_returncode()
        made.append(compiled(tmp_path / name / "layer"))
    assert made[0] == made[1]
    assert all(b"/opt/python/room/module.py" in code for code in made[0].values())


def test_function_is_compiled_by_the_python_of_its_runtime_where_it_is(tmp_path: Path) -> None:
    """A Python of this name stands for it; which version compiles is no matter of the Makefile."""
    path = tmp_path / "path"
    path.mkdir()
    runtime = path / f"python{RUNTIMES[0]}"
    runtime.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    for name, there in (("with", True), ("without", False)):
        runtime.chmod(0o755 if there else 0o644)
        artefacts = tmp_path / name / "layer"
        artefacts.mkdir(parents=True)
        made = make(
            tmp_path / name,
            "build-StateDataManagerFunction",
            of=FUNCTION,
            PATH=f"{path}:/usr/bin:/bin",
        )
        assert made.returncode == 0, made.stderr
        sources = {each for each in artefacts.rglob("*.py") if each.stat().st_size}
        assert len(compiled(artefacts)) == (len(sources) if there else 0)
        assert all(b"/var/task/" in code for code in compiled(artefacts).values())


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("layer")
    done = make(directory, "build-UniversalSyncCoreLayer")
    assert done.returncode == 0, done.stderr
    for version in RUNTIMES:
        told = f"NOT COMPILED for Python {version}" in done.stdout
        assert told == (interpreter(version) is None)
    yield directory / "layer"
    shutil.rmtree(directory)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_runtime_and_processor_has_its_compiled_modules(layer: Path) -> None:
    for version in RUNTIMES:
        for machine in MACHINES:
            tag = f".cpython-{version.replace('.', '')}-{machine}-linux-gnu.so"
            found = {path.name.removesuffix(tag) for path in layer.rglob(f"*{tag}")}
            assert found == COMPILED, (version, machine)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_layer_and_function_fit_into_lambda(layer: Path) -> None:
    size = sum(path.stat().st_size for path in layer.rglob("*") if path.is_file())
    compiled = sum(path.stat().st_size for path in layer.rglob("*.cpython-312.pyc"))
    missing = sum(interpreter(version) is None for version in RUNTIMES)
    # Of those that were not compiled here; and a megabyte for the function's own modules.
    assert size + missing * compiled + 2**20 < LAMBDA_UNPACKED_BYTES


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", RUNTIMES)
def test_layer_runs_on_each_runtime_that_is_here(layer: Path, version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    subprocess.run(  # noqa: S603 - ours
        # Nothing but the layer is on the path; written modules would be none of the layer's.
        [python, "-S", "-B", "-c", USES],
        env={"PYTHONPATH": str(layer / "python"), "PATH": "/usr/bin:/bin"},
        check=True,
    )
