"""How a step is written on a line of the terminal."""

from datetime import UTC
from typing import Final

from statebag.executions.timeline import Step
from statebag.output.rendering import bytes_text
from statebag.output.terminal import BAD, DIM, NAME, Styled, styled
from universal_sync_core.limits import STEP_FUNCTIONS_PAYLOAD_BYTES

# A payload over this share of the limit is worth a look.
_WATCHED_SHARE: Final = 0.75


def label_of(step: Step) -> Styled:
    """Return the name of its state, inside the maps that it is in."""
    iteration = "" if step.iteration is None else f"[{step.iteration}] "
    return styled(("  " * step.depth + iteration, DIM), (step.state, NAME))


def clock_of(step: Step) -> str:
    """Return when it was entered, in UTC."""
    return f"{step.entered.astimezone(UTC):%H:%M:%S}"


def payload_text(size: int | None) -> Styled:
    """Return the size of a payload, which stands out where it is near the limit."""
    return styled((bytes_text(size), style_of(size)))


def share_text(size: int) -> Styled:
    """Return how much of the limit a payload takes."""
    return styled((f"{size / STEP_FUNCTIONS_PAYLOAD_BYTES:.0%}", style_of(size)))


def bar_text(size: int, length: int) -> Styled:
    """Return the same as a bar of that many characters."""
    filled = min(length, round(length * size / STEP_FUNCTIONS_PAYLOAD_BYTES))
    return styled(("#" * filled, style_of(size)), ("." * (length - filled), DIM))


def style_of(size: int | None) -> str:
    """Return the style that a payload of this size is shown in."""
    return BAD if (size or 0) > STEP_FUNCTIONS_PAYLOAD_BYTES * _WATCHED_SHARE else ""
