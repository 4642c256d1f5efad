"""The wheels: built, checked, and installed where there is no repository."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.docs import pages
from tests.packaging.conftest import LAYER, ROOT, Environment

TWINE = "twine==7.0.0"
# By its name alone, which no index keeps for us.
BY_NAME = re.compile(r"pip3? install[^\n]*[ \"'](universal-sync-core(?:-statebag)?)(?![\w-])")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the wheel of the package and of the command, by the name of the distribution."""
    folder = tmp_path_factory.mktemp("dist")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
    ]
    subprocess.run([*command, str(LAYER), str(ROOT)], check=True)  # noqa: S603 - ours
    return {path.name.partition("-")[0]: path for path in folder.glob("*.whl")}


def metadata(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return archive.read(name).decode()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_wheels_are_in_order(wheels: dict[str, Path], environment: Environment) -> None:
    environment.install(TWINE)
    names = [str(path) for path in wheels.values()]
    checked = environment.run("twine", "check", "--strict", *names, cwd=environment.folder)
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count("PASSED") == len(names) == 2


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_wheel_of_the_package_works_without_the_repository(
    wheels: dict[str, Path], environment: Environment, tmp_path: Path
) -> None:
    wheel = wheels["universal_sync_core"]
    assert "file://" not in metadata(wheel)
    environment.install(str(wheel))
    (tmp_path / "merges.py").write_text(
        "from universal_sync_core import universal_sync_core\n"
        "print(universal_sync_core({}, {'current_state': {'a': 1}})['current_state'])\n",
        encoding="utf-8",
    )
    ran = environment.run("merges", cwd=tmp_path)
    assert ran.stdout.strip() == "{'a': 1}", ran.stderr


@pytest.mark.slow
def test_wheel_of_the_command_takes_the_package_from_its_checkout(wheels: dict[str, Path]) -> None:
    """And so from no index, where the name may be somebody else's."""
    needed = re.findall(
        r"^Requires-Dist: (.+)$", metadata(wheels["universal_sync_core_statebag"]), re.MULTILINE
    )
    (own,) = (each for each in needed if each.startswith("universal-sync-core"))
    assert own == f"universal-sync-core @ {LAYER.as_uri()}"


def test_no_page_installs_the_package_by_a_name_that_is_not_ours() -> None:
    texts = [*pages.PAGES, *(ROOT / "examples").rglob("*.md"), LAYER / "README.md"]
    found = {page.name: BY_NAME.findall(page.read_text("utf-8")) for page in texts}
    assert {name: names for name, names in found.items() if names} == {}
    assert BY_NAME.findall("pip install universal-sync-core")
    assert not BY_NAME.findall('pip install "./layers/universal_sync_core[testing]"')
