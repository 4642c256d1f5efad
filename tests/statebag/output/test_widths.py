"""What each command prints on a narrow terminal and on a wide one."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.statebag.cloud import FakeCloud
from tests.statebag.conftest import Run
from tests.statebag.endings import stop_clock
from tests.statebag.states import RUN
from tests.statebag.workplace import CALLBACK, furnish

COMMANDS: dict[str, tuple[str, ...]] = {
    "show": ("show", RUN),
    "show of a path": ("show", RUN, "--path", "current_state.report.sections", "--range", "3:5"),
    "history": ("history", RUN, "--tail", "3"),
    "timeline": ("timeline", RUN),
    "failure": ("failure", RUN),
    "diff": ("diff", f"{RUN}#2", RUN),
    "verify": ("verify", RUN),
    "snapshots": ("snapshots", RUN),
    "cost": ("cost", RUN),
    "callbacks": ("callbacks", "list", RUN),
    "callback": ("callbacks", "show", RUN, CALLBACK),
    "list of several machines": ("list", "--stack", "my-stack"),
    "gc": ("gc", "--stack", "my-stack"),
    "report": ("report", RUN, "-o", "report.html"),
    "restore": ("restore", RUN, "-o", "bag.json"),
}


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("name", COMMANDS)
def test_width_of_(  # noqa: PLR0913, PLR0917 - fixtures
    run: Run,
    cloud: FakeCloud,
    monkeypatch: pytest.MonkeyPatch,
    golden: Callable[[str], None],
    terminal: Callable[[int], None],
    tmp_path: Path,
    *,
    name: str,
    columns: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    stop_clock(monkeypatch)
    furnish(cloud)
    terminal(columns)

    ran = run(*COMMANDS[name])

    assert ran.code in {0, 1}, ran.err
    shown = ran.out or ran.err
    lines: list[Any] = [line.rstrip() for line in shown.splitlines()]
    # How many bytes and objects the core makes of a state is no matter of the commands.
    golden(re.sub(r"[0-9]", "9", "\n".join(lines) + "\n"))
