"""An execution that is watched while it runs."""

import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from statebag.output.terminal import Screen, Styled
from tests.statebag.bucket import NOW
from tests.statebag.cloud import FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.histories import History, bag
from tests.statebag.states import RUN, decoded
from tests.statebag.test_callbacks import put, record
from universal_sync_core.errors import StoreAccessDeniedError

Golden = Callable[[str], None]
Chapter = Callable[[], None]


class Story:
    """An execution that goes on each time that somebody has looked at it.

    Attributes:
        history: its events so far.
        requested: the operations that the looks asked for, look by look.
    """

    def __init__(self, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
        self._cloud = cloud
        self._chapters: list[Chapter] = []
        self.history = History()
        self.requested: list[list[str]] = []
        cloud.states.add("run-1", "RUNNING", input={})
        cloud.states.events[RUN] = self.history.events
        monkeypatch.setattr("statebag.commands.watch.time.sleep", lambda _: self._turn())
        monkeypatch.setattr("statebag.commands.watch.time.time", NOW.timestamp)

    def then(self, *chapters: Chapter) -> None:
        self._chapters += chapters

    def end(self, status: str = "SUCCEEDED", **told: Any) -> None:
        self._cloud.states.executions[RUN] |= {"status": status, "stopDate": NOW, **told}

    def _turn(self) -> None:
        self.requested.append(list(self._cloud.states.asked))
        self._cloud.states.asked.clear()
        self._chapters.pop(0)()


@pytest.fixture
def story(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> Story:
    return Story(cloud, monkeypatch)


@pytest.fixture
def asks(story: Story, cloud: FakeCloud) -> None:
    """It runs a segment that is large, asks a person, and goes on after the answer."""
    large = bag(next_action="PAUSED_FOR_HITP") | {"text": "x" * 210_000}
    asked = record(1, {"question": "Publish?", "password": "hunter2"}, "2025-06-01T12:00:01+00:00")
    story.history.visit("InitializeState", {}, bag(next_action="CONTINUE"))

    def works() -> None:
        story.history.enter("RunSegment", bag(next_action="CONTINUE"))
        story.history.add("TaskScheduled", taskScheduledEventDetails={"resource": "invoke"})
        error = {"error": "Lambda.ServiceException"}
        story.history.add("TaskFailed", taskFailedEventDetails=error)

    def waits() -> None:
        story.history.leave(large)
        story.history.enter("WaitForCallback", large)
        resource = {"resource": "invoke.waitForTaskToken"}
        story.history.add("TaskScheduled", taskScheduledEventDetails=resource)
        put(cloud, f"{asked['callback_id']}.json", asked)

    def goes_on() -> None:
        story.history.leave(large)
        story.history.visit("Complete", bag(next_action="COMPLETE"), bag(), kind="Succeed")
        story.end()

    story.then(works, waits, lambda: None, goes_on)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(run: Run, monkeypatch: pytest.MonkeyPatch, columns: int) -> str:
    """Return what stays on a terminal of so many columns, without what moves the cursor."""
    shown = Terminal()
    for name, value in (("COLUMNS", str(columns)), ("TERM", "xterm"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(
        "statebag.output.terminal._stream",
        lambda *, error=False: io.StringIO() if error else shown,
    )
    assert run("watch", RUN).code == 0
    return shown_by(shown.getvalue())


def shown_by(written: str) -> str:
    """Return the lines that a terminal shows in the end, of those sequences that rich writes."""
    lines, row = [""], 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", written):
        if part == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif part == "\x1b[1A":
            row -= 1
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part[0] not in "\x1b\r":
            lines[row] += part
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


@pytest.mark.usefixtures("asks")
def test_watch_in_a_pipe(run: Run, golden: Golden) -> None:
    ran = run("watch", RUN)

    golden(ran.out)
    assert ran.code == 0


@pytest.mark.usefixtures("asks")
@pytest.mark.parametrize("columns", [80, 200])
def test_watch_on_a_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, golden: Golden, columns: int
) -> None:
    told = on_terminal(run, monkeypatch, columns)

    golden(told)
    rows = [line for line in told.splitlines() if re.match(r" +\d+ 12:00:0\d ", line)]
    assert len(rows) == 4
    assert max(map(len, rows)) <= columns
    assert "payload" not in told


@pytest.mark.usefixtures("asks")
def test_what_is_at_work_stands_below(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    show = Screen.status

    def noted(self: Screen, lines: Sequence[Styled]) -> None:
        written.append(" | ".join(line.plain.strip() for line in lines))
        show(self, lines)

    monkeypatch.setattr(Screen, "status", noted)
    run("watch", RUN)

    assert written == [
        f"RUNNING | payload {'.' * 32} 0%",
        f"RunSegment runs for 0.00 s | payload {'.' * 32} 0%",
        f"WaitForCallback waits for 0.00 s | payload {'#' * 26}{'.' * 6} 80%",
        f"WaitForCallback waits for 0.00 s | payload {'#' * 26}{'.' * 6} 80%",
        "",
    ]


@pytest.mark.usefixtures("asks")
def test_what_a_person_is_asked_is_masked_and_told_once(run: Run) -> None:
    told = run("watch", RUN).out

    assert told.count("Publish?") == 1
    assert "hunter2" not in told


@pytest.mark.usefixtures("asks")
def test_a_program_is_told_each_change_once(run: Run) -> None:
    changes = decoded(run("watch", RUN, "--json").out)

    assert [(each["event"], each["state"]) for each in changes] == [
        ("entered", "InitializeState"),
        ("left", "InitializeState"),
        ("entered", "RunSegment"),
        ("left", "RunSegment"),
        ("entered", "WaitForCallback"),
        ("left", "WaitForCallback"),
        ("entered", "Complete"),
        ("left", "Complete"),
    ]


def test_only_the_newest_of_what_is_over_is_told(run: Run, story: Story) -> None:
    for number in range(9):
        story.history.visit(f"State{number}", bag(), bag())
    story.end()

    told = run("watch", RUN, "--tail", "2").out

    assert re.findall(r"State\d", told) == ["State7", "State8"]


def test_each_look_reads_what_is_new_and_no_more(run: Run, story: Story, cloud: FakeCloud) -> None:
    story.history.visit("First", bag(), bag())

    def goes_on() -> None:
        story.history.visit("Second", bag(), bag())

    story.then(lambda: None, goes_on, story.end)

    run("watch", RUN)

    looks = [asked.count("GetExecutionHistory") for asked in story.requested]
    assert looks == [2, 1, 1]
    assert cloud.states.asked.count("GetExecutionHistory") == 1


@pytest.mark.parametrize(
    ("kind", "state", "said"),
    [
        ("hold", "Held", f"held by an operator: `statebag release {RUN}`"),
        ("async", "WaitForAsync", "waits for a job: "),
    ],
)
def test_what_else_waits_is_named(  # noqa: PLR0913, PLR0917 - fixtures and a table
    run: Run, story: Story, cloud: FakeCloud, kind: str, state: str, said: str
) -> None:
    asked = record(1, None, "2025-06-01T12:00:01+00:00") | {"callback_type": kind}
    put(cloud, f"{asked['callback_id']}.json", asked)
    story.history.enter(state, bag())
    resource = {"resource": "invoke.waitForTaskToken"}
    story.history.add("TaskScheduled", taskScheduledEventDetails=resource)
    story.then(story.end)

    assert said in run("watch", RUN).out


@pytest.mark.usefixtures("asks")
def test_who_may_not_see_what_is_asked_watches_all_the_same(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_location: object, _part: object = None) -> None:
        raise StoreAccessDeniedError("no")

    monkeypatch.setattr(cloud.store, "get", refuse)

    ran = run("watch", RUN)

    assert (ran.code, "Publish?" in ran.out, "WaitForCallback" in ran.out) == (0, False, True)


def test_a_wait_for_a_time_says_until_when(run: Run, story: Story) -> None:
    until = {"until": "2025-06-01T13:00:00Z", "then": "CONTINUE"}
    story.history.enter("Wait", bag(next_action="WAIT", wait_state=until), kind="Wait")
    story.then(lambda: None, story.end)

    assert run("watch", RUN).out.count("waits until 2025-06-01T13:00:00Z") == 1


def test_a_failure_ends_it_with_its_cause_and_an_exit_code(run: Run, story: Story) -> None:
    story.then(lambda: story.end("FAILED", error="OutOfStock", cause="none\nleft"))

    ran = run("watch", RUN)

    assert ran.code == 1
    assert "FAILED after" in ran.out
    assert ran.out.splitlines()[-1].endswith(": OutOfStock: none left")
    assert f"statebag failure {RUN}" in ran.err


def test_an_execution_that_goes_on_with_it_is_watched_next(
    run: Run, story: Story, cloud: FakeCloud
) -> None:
    story.end(output='{"continued_as": {"name": "run-2"}}')
    later = History().visit("SyncSegment", bag(), bag()).events
    cloud.states.add("run-2", "SUCCEEDED", input={}, events=later)

    told = run("watch", RUN).out

    assert told.index(RUN) < told.index(arn_of("run-2")) < told.index("SyncSegment")
