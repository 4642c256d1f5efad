"""What is assumed of what a definition does not say: inputs, answers, items."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from statebag.machines.flow.shapes import Shape
from statebag.machines.model.services import Integration
from statebag.machines.model.states import State
from universal_sync_core.limits import KIB, STEP_FUNCTIONS_PAYLOAD_BYTES

if TYPE_CHECKING:
    from statebag.machines.values.paths import Step

LIMIT: Final = STEP_FUNCTIONS_PAYLOAD_BYTES
# An offload state takes the document inside its payload, with its words.
LIMIT_WITH_PAYLOAD: Final = LIMIT - 4 * KIB
# What `large_payloads` leaves inline by default, and what lambda:invoke adds to it.
DECORATED_ANSWER: Final = 60 * KIB
ENVELOPE: Final = 1536
# What it may leave inline where all of it is read in place: whatever fits with that.
WHOLE_ANSWER: Final = LIMIT - ENVELOPE
# An error's Cause is cut by Step Functions at 32 KiB.
ERROR_OUTPUT: Final = 34 * KIB
WRITER_ANSWER: Final = 600
# Of a record of a ResultWriter, all but its input and output: ARNs, names and times.
RECORD: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """Bounds that nobody can read from a definition.

    Attributes:
        input_bytes: of an execution's input.
        answer_bytes: of an answer that has no bound of its own.
        items: elements of a list that a Map goes over.
        seen_answers: the largest answer of a state in the histories, by its name.
        seen_items: the longest list of a Map in the histories, by its name.
    """

    input_bytes: int
    answer_bytes: int = 60 * KIB
    items: int = 40
    seen_answers: Mapping[str, int] = field(default_factory=dict)
    seen_items: Mapping[str, int] = field(default_factory=dict)

    @property
    def items_of_any(self) -> int:
        """How many elements a list has at most."""
        return max(self.items, *self.seen_items.values(), 1)

    def items_of(self, state: State) -> int:
        """Return how many elements a Map goes over."""
        return self.seen_items.get(state.name, self.items)

    def is_bounded(self, state: State, *, is_decorated: bool) -> bool:
        """Tell whether a Task's answer has a bound of its own."""
        return is_decorated or bool(state.call and state.call.service.most is not None)

    def answer_of(self, state: State, *, is_decorated: bool) -> Shape:
        """Return the bound of what a Task is answered."""
        call = state.call
        if call is None:
            return Shape(0)
        if call.service.most is not None:
            return Shape(call.service.most)
        seen = self.seen_answers.get(state.name)
        most = DECORATED_ANSWER if is_decorated else max(self.answer_bytes, seen or 0)
        if call.service.integration is Integration.LAMBDA and not call.service.waits:
            payload: dict[Step, Shape] = {"Payload": Shape(most)}
            return Shape(ENVELOPE, payload)
        return Shape(most)


IsDecorated = Callable[[State], bool]
