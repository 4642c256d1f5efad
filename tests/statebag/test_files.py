"""Files that the command writes: for their owner, through no link, whole or not at all."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.statebag.cloud import FakeCloud
from tests.statebag.conftest import Run
from tests.statebag.states import RUN, catalog_bag


@pytest.fixture(params=["restore", "report"], autouse=True)
def writing(request: pytest.FixtureRequest, cloud: FakeCloud) -> str:
    """The command that writes, on an execution that has ended."""
    cloud.states.add("run-1", output={"state_data": catalog_bag()}, input={})
    name: str = request.param
    return name


def mode(file: Path) -> int:
    return stat.S_IMODE(file.lstat().st_mode)


@pytest.fixture
def mask_nothing() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("mask_nothing")
@pytest.mark.parametrize("options", [(), ("--force",)])
def test_file_is_for_its_owner_alone(
    run: Run, tmp_path: Path, writing: str, options: tuple[str, ...]
) -> None:
    file = tmp_path / "out"

    assert run(writing, RUN, "-o", str(file), *options).code == 0

    assert mode(file) == 0o600
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("leads_to", ["mine", "nothing"])
def test_link_is_not_followed(run: Run, tmp_path: Path, writing: str, leads_to: str) -> None:
    mine, link = tmp_path / "mine", tmp_path / "out"
    mine.write_text("mine")
    mine.chmod(0o644)
    link.symlink_to(tmp_path / leads_to)

    ran = run(writing, RUN, "-o", str(link))
    assert (ran.code, mine.read_text()) == (7, "mine")
    assert "--force" in ran.err

    assert run(writing, RUN, "-o", str(link), "--force").code == 0
    assert (mine.read_text(), mode(mine)) == ("mine", 0o644)
    assert not link.is_symlink()
    assert mode(link) == 0o600
    assert not (tmp_path / "nothing").exists()


def test_file_that_others_could_read_is_replaced(run: Run, tmp_path: Path, writing: str) -> None:
    file = tmp_path / "out"
    file.write_text("mine")
    file.chmod(0o666)
    before = file.stat().st_ino

    assert run(writing, RUN, "-o", str(file)).code == 7
    assert run(writing, RUN, "-o", str(file), "--force").code == 0
    assert (mode(file), file.stat().st_ino != before) == (0o600, True)


def test_file_that_cannot_be_replaced_stays(run: Run, tmp_path: Path, writing: str) -> None:
    folder = tmp_path / "out"
    (folder / "inner").mkdir(parents=True)

    assert run(writing, RUN, "-o", str(folder), "--force").code in {2, 7}
    assert list(tmp_path.iterdir()) == [folder]
