"""What the cloud knows of state machines and executions beyond moto: mocks, and their calls."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..errors import LocalCloudError
from .mocks import Answer, Answers, Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class MockedCall:
    """One call that a mock has answered.

    Attributes:
        state: name of the state.
        given: what the state gave the service: its parameters or arguments.
        execution_arn: of the execution; for a child of a Distributed Map, of its parent.
        task_token: the token of the attempt, if it waits for an answer.
    """

    state: str
    given: Any
    execution_arn: str
    task_token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A state machine as it was made.

    Attributes:
        cases: mocks by test case and name of the state.
        limited: whether payloads have AWS's limit.
    """

    cases: Mapping[str | None, Mapping[str, Answers]]
    limited: bool = True


@dataclass(slots=True, kw_only=True)
class Run:
    """An execution whose machine is known; moto hands it on to every frame.

    Attributes:
        broken: what a mock raised that is not an answer.
    """

    # moto's own mocks, of which there are none.
    state_mocked_responses: ClassVar[Mapping[str, Any]] = {}

    execution_arn: str
    answers: Mapping[str, Answers]
    limited: bool
    calls: list[MockedCall]
    broken: list[Exception] = field(default_factory=list)
    _visits: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, state: str, given: Any, attempt: int, token: str | None = None) -> Answer:
        """Return what the mock of a state answers, and note the call."""
        call = MockedCall(
            state=state, given=given, execution_arn=self.execution_arn, task_token=token
        )
        with self._lock:
            self.calls.append(call)
            asked = Asked(given=given, attempt=attempt, visit=self._visits[state])
            self._visits[state] += 1
        try:
            return self.answers[state](asked)
        except Exception as error:  # noqa: BLE001 - of the user's function; the test is told
            self.broken.append(error)
            cause = f"the mock of the state {state!r} raised {type(error).__name__}: {error}"
            return Answer(error="States.Runtime", cause=cause)


class Runs:
    """The machines that were made here and the executions of them."""

    def __init__(self) -> None:
        """Know none yet."""
        self.calls: list[MockedCall] = []
        self._machines: dict[str, Machine] = {}
        self._cases: dict[str, str] = {}
        self._runs: dict[str, Run] = {}

    def add(self, machine_arn: str, machine: Machine) -> None:
        """Know a machine."""
        self._machines[machine_arn] = machine

    def choose(self, machine_arn: str, execution_arn: str, case: str) -> None:
        """Run an execution with the mocks of a test case.

        Raises:
            LocalCloudError: the machine has no such test case.
        """
        machine = self._machines.get(machine_arn)
        known = sorted(name for name in machine.cases if name) if machine else []
        if case not in known:
            raise LocalCloudError(
                f"the mocks of {machine_arn} have no test case {case!r}; they have"
                f" {', '.join(known) or 'none'}"
            )
        self._cases[execution_arn] = case

    def begin(self, machine_arn: str, execution_arn: str) -> Run | None:
        """Return the run of an execution that begins, if its machine is known."""
        machine = self._machines.get(machine_arn)
        if machine is None:
            return None
        answers = machine.cases[self._cases.get(execution_arn)]
        run = Run(
            execution_arn=execution_arn,
            answers=answers,
            limited=machine.limited,
            calls=self.calls,
        )
        self._runs[execution_arn] = run
        return run

    def broken(self, execution_arn: str) -> list[Exception]:
        """Return what the mocks of an execution raised that is not an answer."""
        run = self._runs.get(execution_arn)
        return run.broken if run else []
