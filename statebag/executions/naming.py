"""Which execution is meant: by its ARN, its URL in the console, its name, or as the latest."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from statebag.account.aws import Cloud
from statebag.errors import NotFoundError, RefusedError
from statebag.executions.executions import (
    Execution,
    Executions,
    Listed,
    arn_in,
    is_execution_arn,
)
from statebag.output.rendering import some_of
from universal_sync_core.limits import STEP_FUNCTIONS_NAME_CHARS
from universal_sync_core.storage.parallel import in_parallel

LATEST: Final = "latest"
STEP_MARK: Final = "#"
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
_NAME: Final = re.compile(
    rf"(?:(?P<machine>[\w.-]{{1,{STEP_FUNCTIONS_NAME_CHARS}}}):)?"
    r"(?P<name>[^\s:/#\"%\\^|~`$&,;<>{}\[\]?*\x00-\x1f\x7f-\x9f]"
    rf"{{1,{STEP_FUNCTIONS_NAME_CHARS}}})"
)
_MACHINE: Final = re.compile(r"arn:[\w-]+:states:[\w-]+:\d{12}:stateMachine:[^:]+")
# State machines that a name is looked for on, where nobody says which.
_MOST_MACHINES: Final = 200
_TOLD: Final = 5


def execution_named(cloud: Cloud, text: str) -> Execution:
    """Return the execution that `text` names.

    Raises:
        NotFoundError: there is none.
        RefusedError: it names several, or can name none.
    """
    return Executions(cloud.states).describe(arn_named(cloud, text))


def arn_named(cloud: Cloud, text: str) -> str:
    """Return the ARN of the execution that `text` names; an ARN is not looked up.

    Raises:
        NotFoundError: there is none of that name.
        RefusedError: it names several, or can name none.
    """
    arn = arn_in(text)
    if is_execution_arn(arn):
        return arn
    match = _NAME.fullmatch(text)
    if match is None:
        raise RefusedError(f"this does not name an execution: {text}", hint=_hint(text))
    machines = machines_of(cloud, match["machine"])
    found = _latest(cloud, machines) if match["name"] == LATEST else _called(cloud, text, machines)
    if not found:
        raise NotFoundError(f"there is no execution {text} on {_told(machines)}", hint=_hint(text))
    if len(found) > 1:
        hint = f"Give MACHINE:{match['name']}, or the ARN: {', '.join(found[:_TOLD])}"
        raise RefusedError(f"{len(found)} executions are called {match['name']}", hint=hint)
    return found[0]


def may_name(text: str) -> bool:
    """Tell whether a text that does not name a file may name an execution."""
    name = with_step(text)[0]
    is_name = _NAME.fullmatch(name) is not None and not name.endswith(".json")
    is_name = is_name and name not in {".", ".."}
    return is_name or name.startswith(("arn:", "https://"))


def with_step(text: str) -> tuple[str, str]:
    """Return what names an execution, and the step after it; empty where there is none."""
    if text.startswith("https://"):
        return text, ""
    name, _, step = text.partition(STEP_MARK)
    return name, step


def machines_of(cloud: Cloud, name: str | None = None) -> list[str]:
    """Return the state machines to look at: those named, the stack's, or all of the region.

    Args:
        cloud: where they are.
        name: only those that are called so.

    Raises:
        NotFoundError: one that was named is not there.
        RefusedError: there are too many to look at.
    """
    stack = cloud.stack
    known = [*(stack.machines if stack else ()), *_named(cloud)]
    chosen = [each for each in dict.fromkeys(known) if name in (None, _name_of(each))]
    if chosen or (known and name is None):
        return chosen
    if stack is not None and name is None:
        hint = "Give one: --machine NAME."
        raise NotFoundError(f"the stack {stack.name} has no state machine", hint=hint)
    return _all_machines(cloud, name)


def newest_of(cloud: Cloud, machine: str) -> Listed | None:
    """Return the execution of a machine that was started last."""
    pages = Executions(cloud.states).pages_of(machine)
    return next((listed for page in pages for listed in page), None)


def _named(cloud: Cloud) -> Iterator[str]:
    """Yield the ARNs of the state machines that options name."""
    names = [each for each in cloud.machines if not _MACHINE.fullmatch(each)]
    yield from (each for each in cloud.machines if each not in names)
    found = {_name_of(each): each for each in _visible(cloud)} if names else {}
    for each in names:
        if each not in found:
            hint = "Check --machine, --region and --profile; an express machine keeps no history."
            raise NotFoundError(f"{each} is not one of {_told([*found.values()])}", hint=hint)
        yield found[each]


def _all_machines(cloud: Cloud, name: str | None) -> list[str]:
    visible = (each for each in _visible(cloud) if name in (None, _name_of(each)))
    found = list(islice(visible, _MOST_MACHINES + 1))
    if len(found) > _MOST_MACHINES:
        hint = "Choose one: --stack NAME (or STATEBAG_STACK), or --machine NAME."
        raise RefusedError(f"there are more than {_MOST_MACHINES} state machines here", hint=hint)
    return found


def _visible(cloud: Cloud) -> Iterator[str]:
    return Executions(cloud.states).machines()


def _called(cloud: Cloud, text: str, machines: Sequence[str]) -> list[str]:
    """Return the executions of that name on some machines."""
    name = text.rpartition(":")[2]
    arns = [f"{each.replace(':stateMachine:', ':execution:', 1)}:{name}" for each in machines]
    return [each.arn for each in in_parallel(Executions(cloud.states).known, arns) if each]


def _latest(cloud: Cloud, machines: Sequence[str]) -> list[str]:
    newest = [each for each in in_parallel(lambda one: newest_of(cloud, one), machines) if each]
    return [max(newest, key=lambda listed: listed.started).arn] if newest else []


def _name_of(machine: str) -> str:
    return machine.rsplit(":", 1)[-1]


def _told(machines: Sequence[str]) -> str:
    """Return what was looked at, for a person."""
    if not machines:
        return "the state machines here (there are none)"
    return f"the state machines {some_of([*map(_name_of, machines)], _TOLD)}"


def _hint(text: str) -> str:
    if _MACHINE.fullmatch(text):
        return f"This is a state machine. Its newest execution: {_name_of(text)}:{LATEST}."
    return (
        "Give arn:aws:states:REGION:ACCOUNT:execution:MACHINE:NAME, its URL in the console, its"
        " name or `latest`; --stack, --machine and --region say where to look for a name."
    )
