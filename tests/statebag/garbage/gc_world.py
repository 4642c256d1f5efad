"""A world in which workflows live, end and go on while `statebag gc` runs: the real command."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest import mock

import universal_sync_core as core
from statebag.cli import main
from tests.statebag.cloud import BUCKET
from tests.statebag.garbage.gc_executions import FORGOTTEN, REDRIVABLE, using
from tests.statebag.garbage.gc_steps import Step
from tests.statebag.garbage.gc_workflows import Workflows
from universal_sync_core.errors import StoredDataError
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.storage.store import Location
from universal_sync_core.workflow import continuation


class LostError(AssertionError):
    """State that is needed has been deleted."""


class World(Workflows):
    """Workflows, and gc.

    Attributes:
        collections: how often gc ran.
        deleted: objects it has deleted, and not brought back.
    """

    def __init__(self, *, forgetful: bool = True) -> None:
        """Start empty; a container that is not `forgetful` relies for ever on what it has seen."""
        super().__init__(forgetful=forgetful)
        self.collections = 0
        self.deleted = 0
        self._during: str | None = None

    def take(self, step: Step) -> None:
        """Let a step happen; one that is about nothing there is does not."""
        act: Callable[..., None] = getattr(self, f"_{step.name}")
        if step.name == "gc":
            self._gc(*step.numbers, meanwhile=step.meanwhile)
            return
        try:
            act(*step.numbers)
        except StoredDataError as error:
            # An execution that starts in the moment of a deletion may fail, and be resumed.
            if self._during != "deleted":
                raise LostError(f"{step.name}: {error}") from error

    def check(self) -> None:
        """Read all that is needed, as a cold container reads it.

        Raises:
            LostError: something is not there.
        """
        with using(self._container()):
            for what, bag in self._needed():
                try:
                    core.hydrate_state(bag() if callable(bag) else bag)
                except StoredDataError as error:
                    raise LostError(f"{what}: {error}") from error

    def end(self) -> None:
        """Let all end, and see that what nobody needs any more goes.

        Raises:
            AssertionError: garbage has stayed.
        """
        for run in self._running():
            self._end(run, "SUCCEEDED")
        self._advance(200)
        self._gc(14, 1, meanwhile=())
        self.check()
        rooted = {execution_in(path) for path in self.snapshots} | self.borrowed
        rooted |= {execution_in(run.record) for run in self.runs if run.record}
        rooted |= {prompt["execution_id"] for prompt in self.prompts}
        left = {
            execution_in(f"s3://{BUCKET}/{location.key}") for location in self.cloud.memory.objects
        } - {None}
        assert left <= rooted, f"garbage has stayed of {left - rooted}"

    def _needed(self) -> Iterator[tuple[str, Any]]:
        for run in self.runs:
            may_go_on = run.status == "RUNNING" or self._is_redrivable(run)
            if may_go_on or (run.stopped and self.now - run.stopped < REDRIVABLE):
                yield f"{run.arn} ({run.status})", run.bag
            if may_go_on:
                yield f"branches of {run.arn}", {"execution_id": run.owner, "b": run.branches}
                yield f"map of {run.arn}", {"execution_id": run.owner, "m": run.outputs}
            if run.record is not None:
                yield (
                    f"record of {run.arn}",
                    lambda path=run.record: continuation._left_at(path, is_awaited=False),
                )
        for path in self.snapshots:
            yield f"snapshot {path}", lambda path=path: core.restore_snapshot(path)
        for prompt in self.prompts:
            yield "prompt", prompt

    def _advance(self, days: int) -> None:
        self.now += timedelta(days=days)
        for run in self.runs:
            if run.stopped is not None and self.now - run.stopped > FORGOTTEN:
                self.cloud.states.executions.pop(run.arn, None)

    def _gc(self, keep: int, forgotten: int, *, meanwhile: Sequence[tuple[str, Step]]) -> None:
        waiting = list(meanwhile)

        def happen(moment: str) -> None:
            due = [step for at, step in waiting if at == moment]
            waiting[:] = [(at, step) for at, step in waiting if at != moment]
            self._during = moment
            for step in due:
                self.take(step)
            self._during = None

        inventory, states = self.cloud.inventory, self.cloud.states
        delete, folders, list_pages = inventory.delete, inventory.folders, states._list_executions

        def folders_then(bucket: str, prefix: str) -> Iterator[str]:
            yield from list(folders(bucket, prefix))
            happen("listed")

        def deleting(locations: Sequence[Location]) -> None:
            happen("deleting")
            delete(locations)
            happen("deleted")

        def asking(*_: object, **__: object) -> None:
            happen("asked")

        def looking(**asked: Any) -> Iterator[Any]:
            yield from list(list_pages(**asked))
            happen("looked")

        options = ["--keep-finished", str(keep), *(["--forgotten"] if forgotten else [])]
        before = len(inventory.deleted)
        with (
            mock.patch("statebag.commands.gc.datetime", mock.Mock(now=lambda _: self.now)),
            mock.patch("click.confirm", asking),
            mock.patch.object(inventory, "delete", deleting),
            mock.patch.object(inventory, "folders", folders_then),
            mock.patch.object(states, "_list_executions", looking),
            mock.patch("statebag.garbage.deleting.DELETE_AT_ONCE", 7),
            redirect_stdout(StringIO()),
            redirect_stderr(StringIO()) as said,
        ):
            code = self._command("gc", "--bucket", BUCKET, "--delete", *options)
        if code:
            raise LostError(said.getvalue())
        self.collections += 1
        self.deleted += len(inventory.deleted) - before
        self.check()

    def _command(self, *arguments: str) -> int:
        connect: Any = self.cloud.connect
        try:
            main(arguments, connect=connect)
        except SystemExit as exited:
            return int(exited.code or 0)
        return 0


def run(steps: Sequence[Step], *, forgetful: bool = True) -> World:
    """Let the steps happen; return the world at its end.

    Raises:
        AssertionError: gc deleted what is needed, or left what nobody needs.
    """
    world = World(forgetful=forgetful)
    for step in steps:
        world.take(step)
    world.end()
    return world
