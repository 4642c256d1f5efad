"""Paths into a state: `current_state.report.sections[3]["a key.with dots"]`."""

import json
import re
from collections.abc import Sequence
from typing import Final, TypeAlias

import click

Step: TypeAlias = str | int
Steps: TypeAlias = tuple[Step, ...]

_PLAIN: Final = r"[^.\[\]\"]+"
_STEP: Final = re.compile(rf'(?:^|\.)({_PLAIN})|\[(\d+)\]|(?:^|\.)?\[("(?:[^"\\]|\\.)*")\]')
_NEEDS_NO_QUOTES: Final = re.compile(_PLAIN)


def parse_path(text: str) -> Steps:
    """Return the steps of a path; the empty path leads to the whole.

    Raises:
        BadParameter: it is no path.
    """
    steps: list[Step] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise click.BadParameter(f"no path like current_state.items[3].name: {text!r}")
        name, index, quoted = match.groups()
        steps.append(name or (int(index) if index else json.loads(quoted)))
        position = match.end()
    return tuple(steps)


def render_path(steps: Sequence[Step]) -> str:
    """Return the path of the steps, as `parse_path` reads it."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _NEEDS_NO_QUOTES.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step)}]"
    return text
