"""What the histories of a machine's executions show: sizes, items, rounds."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from statebag.executions.executions import Event, Executions, text_of
from statebag.machines.text.source import Source, read_text
from universal_sync_core.values.codec import Json

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_MACHINE: Final = re.compile(r"arn:[\w-]+:states:[\w-]+:\d{12}:stateMachine:.+")
_ENTERED, _EXITED = "stateEnteredEventDetails", "stateExitedEventDetails"
_ANSWERS: Final = ("taskSucceededEventDetails", "lambdaFunctionSucceededEventDetails")


@dataclass(slots=True, kw_only=True)
class Seen:
    """The largest figures of one state.

    Attributes:
        entered: bytes of its input.
        exited: bytes of its output.
        answer: bytes of what it was answered.
        items: of a Map.
        rounds: how often one execution entered it.
        growth: bytes by which its input grew each time, on average.
    """

    entered: int = 0
    exited: int = 0
    answer: int = 0
    items: int = 0
    rounds: int = 0
    growth: int = 0

    def to_json(self) -> dict[str, Json]:
        """Return it for a program."""
        return {
            "entered_bytes": self.entered,
            "exited_bytes": self.exited,
            "answer_bytes": self.answer,
            "items": self.items,
            "rounds": self.rounds,
            "growth_bytes": self.growth,
        }


@dataclass(slots=True)
class Histories:
    """What some executions show.

    Attributes:
        executions: how many.
        input_bytes: the largest input.
        states: by name.
    """

    executions: int = 0
    input_bytes: int = 0
    states: dict[str, Seen] = field(default_factory=lambda: defaultdict(Seen))

    @property
    def answers(self) -> dict[str, int]:
        """The largest answer of each state."""
        return {name: seen.answer for name, seen in self.states.items() if seen.answer}

    @property
    def items(self) -> dict[str, int]:
        """The longest list of each Map."""
        return {name: seen.items for name, seen in self.states.items() if seen.items}

    def add(self, events: Iterable[Event]) -> None:
        """Add one execution."""
        self.executions += 1
        inputs: dict[str, list[int]] = defaultdict(list)
        names: dict[int, str] = {}
        for event in events:
            name = self._name_of(event, names)
            names[event["id"]] = name
            self._measure(event, name)
            if _ENTERED in event:
                inputs[name].append(_bytes(text_of(event)))
        for name, sizes in inputs.items():
            self._add_rounds(self.states[name], sizes)

    def _name_of(self, event: Event, names: dict[int, str]) -> str:
        """Return the state that an event is of: it says so, or the event before it does."""
        for key in (_ENTERED, _EXITED):
            if key in event:
                return str(event[key]["name"])
        return names.get(event.get("previousEventId", 0), "")

    def _measure(self, event: Event, name: str) -> None:
        if "executionStartedEventDetails" in event:
            self.input_bytes = max(self.input_bytes, _bytes(text_of(event)))
        elif _ENTERED in event:
            seen = self.states[name]
            seen.entered = max(seen.entered, _bytes(text_of(event)))
        elif _EXITED in event:
            seen = self.states[name]
            seen.exited = max(seen.exited, _bytes(text_of(event)))
        elif "mapStateStartedEventDetails" in event:
            seen = self.states[name]
            seen.items = max(seen.items, int(event["mapStateStartedEventDetails"]["length"]))
        for key in _ANSWERS:
            if key in event:
                seen = self.states[name]
                seen.answer = max(seen.answer, _bytes(event[key].get("output")))

    @staticmethod
    def _add_rounds(seen: Seen, sizes: list[int]) -> None:
        seen.rounds = max(seen.rounds, len(sizes))
        if len(sizes) > 1:
            seen.growth = max(seen.growth, (sizes[-1] - sizes[0]) // (len(sizes) - 1))


def is_machine_arn(text: str) -> bool:
    """Tell whether a text is the ARN of a state machine."""
    return _MACHINE.fullmatch(text) is not None


def deployed(client: "SFNClient", arn: str) -> tuple[Source, bool]:
    """Return the definition of a deployed machine, and whether its executions have histories."""
    told = client.describe_state_machine(stateMachineArn=arn)
    return read_text(told["definition"], name=arn), told["type"] == "STANDARD"


def histories_of(client: "SFNClient", arn: str, most: int) -> Histories:
    """Return what the newest executions of a machine show."""
    histories = Histories()
    executions = Executions(client)
    newest = (listed for page in executions.pages_of(arn) for listed in page)
    for listed in islice(newest, most):
        histories.add(executions.events(listed.arn))
    return histories


def _bytes(text: str | None) -> int:
    return len((text or "").encode(errors="surrogatepass"))
