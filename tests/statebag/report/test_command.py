"""`statebag report` on the command line."""

from pathlib import Path
from typing import Any

import pytest

from tests.statebag.cloud import FakeCloud
from tests.statebag.conftest import Run as RunCommand
from tests.statebag.histories import History
from tests.statebag.report.runs import Run
from tests.statebag.states import RUN


def test_the_page_is_written_where_it_is_asked_for(
    run: RunCommand, cloud: FakeCloud, tmp_path: Path
) -> None:
    arn = (
        Run("run-1", cloud).sync("Sync", {"current_state": {"title": "API catalog"}}).succeed().arn
    )
    file = tmp_path / "run.html"
    ran = run("report", arn, "-o", str(file), "--part", "current_state")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"{file} (")
    assert "API catalog" in file.read_text(encoding="utf-8")


def test_more_can_be_masked_and_nothing(run: RunCommand, cloud: FakeCloud, tmp_path: Path) -> None:
    state = {"current_state": {"title": "API catalog", "password": "hunter2"}}
    arn = Run("run-1", cloud).sync("Sync", state).succeed().arn
    file = tmp_path / "run.html"
    run("report", arn, "-o", str(file), "--mask", "title")
    assert "API catalog" not in file.read_text(encoding="utf-8")
    run("report", arn, "-o", str(file), "--no-mask", "--force")
    assert "hunter2" in file.read_text(encoding="utf-8")


def test_an_execution_that_is_not_there_leaves_no_file(run: RunCommand, tmp_path: Path) -> None:
    file = tmp_path / "run.html"
    arn = "arn:aws:states:eu-west-1:123456789012:execution:catalog:none"
    ran = run("report", arn, "-o", str(file))
    assert ran.code == 3
    assert "no such execution" in ran.err
    assert not file.exists()


def test_a_file_that_cannot_be_written_is_told(
    run: RunCommand, cloud: FakeCloud, tmp_path: Path
) -> None:
    arn = Run("run-1", cloud).succeed().arn
    ran = run("report", arn, "-o", str(tmp_path / "none" / "run.html"))
    assert ran.code == 7
    assert "No such file or directory" in ran.err


@pytest.mark.parametrize("output", [{"order": 17}, [17], "order 17", 17], ids=str)
def test_an_execution_of_a_machine_without_a_bag_has_a_page(
    run: RunCommand, cloud: FakeCloud, tmp_path: Path, output: Any
) -> None:
    file = tmp_path / "report.html"
    events = History().visit("Charge", {"order": 1}, output).events
    cloud.states.add("run-1", input={"order": 1}, output=output, events=events)

    assert run("report", RUN, "-o", str(file)).code == 0
    assert "17" in file.read_text().partition('id="state-tree"')[2].partition("</ul>")[0]
