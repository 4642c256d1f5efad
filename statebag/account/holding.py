"""Holding a workflow: its name stands in the environment of the functions that sync its results.

A function reads its environment when it starts, so a workflow that nobody holds costs no request.
Lambda restarts functions after a change, within seconds.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Final

from botocore.exceptions import ClientError

from statebag.account.aws import Cloud
from statebag.account.deployment import (
    definition_of,
    functions_in,
    manager_in,
    objects_in,
    variables_of,
)
from statebag.errors import RefusedError
from universal_sync_core.bag.holding import HELD, held_as
from universal_sync_core.values.codec import Json, encode

_VARIABLE: Final = "HELD_WORKFLOWS"
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MOST_ENVIRONMENT_BYTES: Final = 4_096
_CHANGED_MEANWHILE: Final = {"PreconditionFailedException", "ResourceConflictException"}
_TRIES: Final = 5
# What `live` is in arn:...:function:manager:live.
_QUALIFIER_PART: Final = 7


def set_held(cloud: Cloud, machine_arn: str, owner: str, *, held: bool) -> bool:
    """Have the functions of a state machine hold a workflow, or hold it no longer.

    Args:
        cloud: where they are.
        machine_arn: of the state machine that runs it.
        owner: ARN of the execution that began it.
        held: which of the two.

    Returns:
        Whether that changes anything.

    Raises:
        RefusedError: the machine stops for no hold, or a function cannot be changed so.
    """
    definition = definition_of(cloud, machine_arn)
    manager = manager_in(definition)
    if manager is None or HELD.encode() not in encode(definition):
        hint = (
            "Only the stack's own machine, or one built from its definition, can hold a workflow."
        )
        raise RefusedError(f"{machine_arn} cannot hold a workflow", hint=hint)

    workflow = held_as(owner)

    def change(names: list[str]) -> list[str]:
        others = [name for name in names if name != workflow]
        return [*others, workflow] if held else others

    functions = {manager, *_syncing_workers(definition)}
    changed = [_change(cloud, function, change) for function in sorted(functions)]
    return any(changed)


def _syncing_workers(definition: Json) -> Iterator[str]:
    """Yield the functions whose answer is the next bag: nobody else syncs their results."""
    routed = {
        rule.get("Next")
        for _, rule in objects_in(definition)
        if rule.get("StringEquals") == "CONTINUE"
    }
    for name, payload, function in functions_in(definition):
        if name in routed and payload.get("sync") is True:
            yield function


def _change(cloud: Cloud, function: str, change: Callable[[list[str]], list[str]]) -> bool:
    """Write the list of those held into the environment of a function, if it is another then."""
    name, qualifier = _split(function)
    for attempt in range(_TRIES):
        told = cloud.functions.get_function_configuration(FunctionName=name)
        variables = variables_of(told.get("Environment", {}), name)
        before = _held_in(variables)
        after = change(before)
        if after == before:
            return _catch_up(cloud, name, qualifier)
        wanted = {key: value for key, value in variables.items() if key != _VARIABLE}
        wanted |= {_VARIABLE: ",".join(after)} if after else {}
        _require_room(wanted)
        try:
            _write(cloud, name, wanted, told.get("RevisionId"))
        except ClientError as error:
            is_last = attempt == _TRIES - 1
            if is_last or error.response["Error"]["Code"] not in _CHANGED_MEANWHILE:
                raise
        else:
            cloud.functions.get_waiter("function_updated_v2").wait(FunctionName=name)
            _catch_up(cloud, name, qualifier)
            return True
        cloud.functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    return False


def _write(cloud: Cloud, name: str, variables: dict[str, str], revision: str | None) -> None:
    """Write an environment, unless somebody else was first; not every emulator has revisions."""
    update = functools.partial(
        cloud.functions.update_function_configuration,
        FunctionName=name,
        Environment={"Variables": variables},
    )
    if revision is None:
        update()
    else:
        update(RevisionId=revision)


def _split(function: str) -> tuple[str, str | None]:
    """Return the ARN of a function, and the alias by which it is called; None for itself.

    Raises:
        RefusedError: it is called by a version, whose environment never changes.
    """
    parts = function.split(":")
    name, qualifier = ":".join(parts[:_QUALIFIER_PART]), next(iter(parts[_QUALIFIER_PART:]), None)
    if qualifier is not None and qualifier.isdecimal():
        hint = "Let the state machine call an alias, or the function itself."
        raise RefusedError(f"the state machine calls version {qualifier} of {name}", hint=hint)
    return name, None if qualifier == "$LATEST" else qualifier


def _held_in(variables: dict[str, str]) -> list[str]:
    return [each for each in variables.get(_VARIABLE, "").split(",") if each]


def _require_room(variables: dict[str, str]) -> None:
    size = sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
    if size > _MOST_ENVIRONMENT_BYTES:
        hint = "`statebag release` the workflows that may go on."
        raise RefusedError("too many workflows are held at once", hint=hint)


def _catch_up(cloud: Cloud, name: str, qualifier: str | None) -> bool:
    """Lead the alias to the newest environment, and return whether it was behind.

    An earlier try may have got no further than writing that, or somebody else may have led the
    alias to the version before.
    """
    if qualifier is None or _held_by(cloud, f"{name}:{qualifier}") == _held_by(cloud, name):
        return False
    _publish(cloud, name, qualifier)
    _catch_up(cloud, name, qualifier)  # two may publish at once
    return True


def _held_by(cloud: Cloud, function: str) -> list[str]:
    told = cloud.functions.get_function_configuration(FunctionName=function)
    return _held_in(variables_of(told.get("Environment", {}), function))


def _publish(cloud: Cloud, name: str, qualifier: str) -> None:
    """Lead the alias that the machine calls to a version of its own: a version never changes."""
    version = cloud.functions.publish_version(FunctionName=name)["Version"]
    cloud.functions.get_waiter("published_version_active").wait(
        FunctionName=name, Qualifier=version
    )
    cloud.functions.update_alias(FunctionName=name, Name=qualifier, FunctionVersion=version)
