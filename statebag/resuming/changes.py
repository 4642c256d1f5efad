"""What is changed in the bag that an execution goes on with: `--set` and `--unset`."""

import re
from collections.abc import Callable, Iterable
from typing import Final, ParamSpec, TypeVar

import click

from statebag.given import json_of_option
from statebag.paths import Steps, parse_path, render_path, split_path
from universal_sync_core.bag.fields import STATE as CURRENT_STATE
from universal_sync_core.bag.state_paths import REMOVED_PATHS
from universal_sync_core.values.codec import Json, JsonObject

P = ParamSpec("P")
R = TypeVar("R")

_SET: Final = "--set"
_EQUALS: Final = re.compile("=")
_UNSET: Final = "--unset"


def with_changes(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command what the options change, as `settings` and `removals`."""
    command = click.option(
        _UNSET,
        "removals",
        multiple=True,
        metavar="PATH",
        help="Remove this key of current_state, before anything is set. Repeatable.",
    )(command)
    return click.option(
        _SET,
        "settings",
        multiple=True,
        metavar="PATH=JSON",
        help="Merge this into the bag: loop_limit=2000, or current_state.approval.approved=true.",
    )(command)


def changes_of(settings: Iterable[str], removals: Iterable[str]) -> JsonObject:
    """Return the input that changes a bag so: below `current_state` by path, else by name.

    Raises:
        BadParameter: one of them cannot be merged.
    """
    changes: JsonObject = {}
    for text in settings:
        _merge(changes, text)
    paths = [_removal(text) for text in removals]
    return changes | ({REMOVED_PATHS: paths} if paths else {})


def _merge(changes: JsonObject, text: str) -> None:
    steps, value = _field(text)
    inside = changes
    for step in steps[:-1]:
        inside = inside.setdefault(str(step), {})
        if type(inside) is not dict:
            raise click.BadParameter(f"{text}: a container of it is set, too", param_hint=_SET)
    if steps[-1] in inside:
        raise click.BadParameter(f"{text}: this is set twice", param_hint=_SET)
    inside[str(steps[-1])] = value


def _removal(text: str) -> str:
    steps = parse_path(text, _UNSET)
    if any(isinstance(step, int) for step in steps):
        message = f"{text}: an element of a list cannot be removed; set the whole list"
        raise click.BadParameter(message, param_hint=_UNSET)
    if len(steps) < 2 or steps[0] != CURRENT_STATE:  # noqa: PLR2004 - the key after it
        message = f"{text}: only keys of {CURRENT_STATE} can be removed; set others to null"
        raise click.BadParameter(message, param_hint=_UNSET)
    return render_path(steps)


def _field(text: str) -> tuple[Steps, Json]:
    found = split_path(text, _EQUALS, _SET)
    if found is None:
        raise click.BadParameter("a change is PATH=JSON", param_hint=_SET)
    steps, _, value = found
    name = render_path(steps)
    if any(isinstance(step, int) for step in steps):
        message = f"{name}: an element of a list cannot be set; set the whole list"
        raise click.BadParameter(message, param_hint=_SET)
    if len(steps) > 1 and steps[0] != CURRENT_STATE:
        message = f"{name}: only {CURRENT_STATE} is merged by path; set all of {steps[0]}"
        raise click.BadParameter(message, param_hint=_SET)
    return steps, json_of_option(value, _SET, name)
