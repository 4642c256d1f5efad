"""Operators of the simulation: they run the real `statebag` while workflows go on."""

import contextlib
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, Protocol
from unittest import mock

from statebag.cli import main
from tests.core.meanwhile import At
from tests.simulation.actions import go_on
from tests.simulation.documents import require_document
from tests.simulation.meanwhile import at_request, during
from tests.simulation.reader import BrokenStateError
from tests.simulation.world import Flow, SimulationError, World
from tests.statebag.bucket import MemoryInventory, MemoryVersions
from tests.statebag.cloud import BUCKET, DEFINITION, FakeCloud
from tests.statebag.histories import History
from universal_sync_core.errors import CallbackExpiredError, InvalidRequestError, MissingObjectError

# That of the executions, and of the Map Runs of `map_runs`.
MACHINE: Final = "arn:aws:states:eu-west-1:123456789012:stateMachine:state-data"
_HELD: Final = {"Variable": "$.state_data.held_by_operator", "BooleanEquals": True, "Next": "Held"}
# How an execution ends that would go on with a state that is deleted.
_REFUSALS: Final = (InvalidRequestError, MissingObjectError)
# Of how many requests one is chosen: of an operator, and of an execution that begins.
_OPERATOR: Final = 40
_FUNCTION: Final = 8


class Operation(Protocol):
    """Something that deletes."""

    def run(self) -> object:
        """Do it."""

    def notice(self, at: At) -> None:
        """Let `at` count its requests."""


class Command:
    """A command line of `statebag`, run on what Step Functions and S3 have.

    Attributes:
        cloud: what it works on.
        codes: how its runs ended.
    """

    def __init__(self, world: World, *arguments: str, typed: str = "") -> None:
        self._world, self._arguments, self._typed = world, arguments, typed
        self.codes: list[int] = []
        self.cloud = FakeCloud()
        self.cloud.states.machines[MACHINE] = DEFINITION | {"Choices": [_HELD]}
        self.cloud.functions.variables = world.environments
        self.cloud.functions.invoke = self._invoke  # type: ignore[method-assign]
        self.cloud.memory = self.cloud.store.inner = world.store
        self.cloud.inventory = MemoryInventory(world.store)
        self.cloud.versions = MemoryVersions(self.cloud.inventory)

    def notice(self, at: At) -> None:
        """Let `at` count its requests."""
        at.notice(self.cloud.store, "put", "get", "exists")
        at.notice(self.cloud.inventory, "objects", "folders", "head", "delete", "undelete")
        at.notice(self.cloud.versions, "erase")
        states = self.cloud.states
        at.notice(states, "describe_execution", "_list_executions", "_list_state_machines")

    def look(self) -> None:
        """Let Step Functions know the executions that there are by now."""
        for flow in self._world.flows:
            for arn in flow.executions:
                _tell(self._world, flow, arn, self.cloud)

    def _invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803, ARG002
        answer: dict[str, Any] = {}
        try:
            told = self._world.call(json.loads(Payload), also=(CallbackExpiredError.__name__,))
        except CallbackExpiredError as error:
            told = {"errorType": type(error).__name__, "errorMessage": str(error)}
            answer["FunctionError"] = "Unhandled"
        return answer | {"Payload": io.BytesIO(json.dumps(told).encode())}

    def run(self) -> None:
        """Run it."""
        self.look()
        answered = io.StringIO()
        now = mock.Mock(now=lambda _: self._world.clock.wall)
        connect: Any = self.cloud.connect
        with (
            mock.patch("statebag.commands.gc.datetime", now),
            mock.patch("statebag.garbage.estate.datetime", now),
            mock.patch("sys.stdin", io.StringIO(f"{self._typed}\n")),
            contextlib.redirect_stdout(answered),
            contextlib.redirect_stderr(answered),
        ):
            code: Any = 0
            try:
                main(self._arguments, connect=connect)
            except SystemExit as ended:
                code = ended.code or 0
        if code not in (0, 7):
            raise SimulationError(f"{self._arguments[0]} failed", answered.getvalue())
        self.codes.append(code)
        self._world.counters.steps[self._arguments[0]] += 1


def place_of(world: World) -> tuple[str, ...]:
    """Return the options that say where the state is."""
    return ("--bucket", BUCKET, "--prefix", world.prefix)


def _tell(world: World, flow: Flow, arn: str, cloud: FakeCloud) -> None:
    """Put an execution into the cloud that an operator sees."""
    known = flow.executions[arn]
    history = History()
    if known["status"] == "RUNNING":
        history.enter("RunSegment", {"state_data": flow.bag})
    told = {name: known[name] for name in ("input", "output", "error", "cause") if name in known}
    name = arn.rsplit(":", 1)[-1]
    cloud.states.add(name, known["status"], events=history.events, machine=MACHINE, **told)
    began = world.clock.wall - timedelta(days=400)
    cloud.states.executions[arn] |= {"startDate": began}
    if "stopped" in known:
        cloud.states.executions[arn]["stopDate"] = known["stopped"]


def side_by_side(world: World, flow: Flow, operation: Operation, look: Callable[[], None]) -> None:
    """Run an operation, while somebody may go on with a state that is over.

    Each may begin at a request of the other.

    Args:
        world: the world.
        flow: whose state it is.
        operation: what is run.
        look: lets the operation see an execution that has begun.
    """

    def begin() -> None:
        _try_to_go_on(world, flow)
        look()

    way = world.draw.choice(("alone", "goes on meanwhile", "is run meanwhile"))
    if way == "alone" or not flow.kept:
        operation.run()
    elif way == "goes on meanwhile":
        operation.notice(at_request(world, _OPERATOR, begin))
        operation.run()
    else:
        with during(world, at_request(world, _FUNCTION, operation.run)):
            _try_to_go_on(world, flow)


def _try_to_go_on(world: World, flow: Flow) -> None:
    path, _, plain = world.draw.choice(flow.kept)
    try:
        go_on(world, flow, path, plain, also=tuple(each.__name__ for each in _REFUSALS))
    except _REFUSALS:
        over(world, flow)


def over(world: World, flow: Flow) -> None:
    """Let all executions of a workflow end that have not."""
    for told in flow.executions.values():
        if told["status"] == "RUNNING":
            output = {"state_data": flow.bag}
            told |= {"status": "SUCCEEDED", "output": output, "stopped": world.clock.wall}
    flow.document, flow.whole = {}, {}  # no state has it any more


def is_over(flow: Flow) -> bool:
    """Tell whether no execution works on a workflow."""
    return bool(flow.executions[flow.execution]["status"] != "RUNNING")


def require_kept(world: World, flow: Flow, after: str, *, is_erased: bool = False) -> None:
    """Raise where a bag, a snapshot or a record is gone that somebody may go on from.

    Nothing is kept of what is over, and nothing at all of what is erased.
    """
    try:
        if not is_over(flow):
            world.require_same(after, flow.reader.bag(flow.bag), flow.plain)
            require_document(after, flow)
        for path, _, plain in [] if is_erased else flow.kept:
            world.require_same(after, flow.reader.kept(path), plain)
    except BrokenStateError as error:
        raise SimulationError("broken state", f"{after}: {error}") from error
    flow.seen.clear()  # nobody keeps a pointer for weeks
