"""Files that the command writes: for their owner, through no link, whole or not at all."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Self

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


class Full:
    """A file on a disk that is full after some bytes, or whose writer is stopped there."""

    def __init__(self, descriptor: int, end: BaseException) -> None:
        self._descriptor, self._end = descriptor, end

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def write(self, body: bytes) -> None:
        os.write(self._descriptor, body[:10])
        raise self._end


@pytest.fixture(params=[OSError(errno.ENOSPC, "full"), KeyboardInterrupt()], ids=["full", "stop"])
def ill_disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fdopen", lambda descriptor, _: Full(descriptor, request.param))


@pytest.mark.usefixtures("ill_disk")
@pytest.mark.parametrize("options", [(), ("--force",)], ids=["new", "replaced"])
def test_file_that_is_not_written_to_its_end_is_not_there(
    run: Run, tmp_path: Path, writing: str, options: tuple[str, ...]
) -> None:
    file = tmp_path / "out"
    if options:
        file.write_text("mine")

    assert run(writing, RUN, "-o", str(file), *options).code in {7, 130}

    assert [each.read_text() for each in tmp_path.iterdir()] == ["mine"] * len(options)
