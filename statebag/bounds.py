"""Options that say what a definition does not: sizes of inputs and answers, decorated handlers."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, ParamSpec, TypeVar

import click

from universal_sync_core.limits import KIB, STEP_FUNCTIONS_PAYLOAD_BYTES

P = ParamSpec("P")
R = TypeVar("R")

_ANSWER: Final = 60 * KIB
_ITEMS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the options say.

    Attributes:
        input_bytes: of an execution's input; None where nobody said.
        answer_bytes: of an answer without a bound of its own.
        items: of a list that a Map goes over; None where nobody said.
        decorated: states or functions whose handlers are decorated.
    """

    input_bytes: int | None
    answer_bytes: int
    items: int | None
    decorated: tuple[str, ...]

    @property
    def most_items(self) -> int:
        """How many items a Map goes over, also where nobody said."""
        return self.items if self.items is not None else _ITEMS


def with_bounds(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command what the options say, as `bounds`."""

    @click.option(
        "--input-bytes",
        type=click.IntRange(1, STEP_FUNCTIONS_PAYLOAD_BYTES),
        help="Largest input of an execution. Default: from the histories; without them both"
        " ends are shown.",
    )
    @click.option(
        "--answer-bytes",
        type=click.IntRange(1, STEP_FUNCTIONS_PAYLOAD_BYTES),
        default=_ANSWER,
        show_default=True,
        help="Largest answer of a service or function that has no bound of its own.",
    )
    @click.option(
        "--items",
        type=click.IntRange(1),
        help=f"Most items of a Map or other list. Default: from the histories, else {_ITEMS}.",
    )
    @click.option(
        "--decorated",
        multiple=True,
        metavar="NAME",
        help="A state or function whose handler has @large_payloads; '*' means all. Repeatable.",
    )
    @functools.wraps(command)
    def bounded(*args: P.args, **kwargs: P.kwargs) -> R:
        names = ("input_bytes", "answer_bytes", "items", "decorated")
        chosen: dict[str, Any] = {name: kwargs.pop(name) for name in names}
        kwargs["bounds"] = Bounds(**chosen)
        return command(*args, **kwargs)

    return bounded
