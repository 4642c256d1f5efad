"""`statebag callbacks`: what waits for an answer, and answering it."""

import getpass
from collections.abc import Iterator
from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.account.callbacks import (
    ANSWERED,
    UNREADABLE,
    WAITING,
    Callback,
    callbacks_of,
    find,
)
from statebag.account.deployment import manager_function, require_place
from statebag.account.manager import ask
from statebag.account.members import executions_with_state
from statebag.errors import RefusedError
from statebag.executions.chain import owner_of
from statebag.executions.executions import machine_of
from statebag.executions.naming import execution_named
from statebag.given import json_of_option
from statebag.options import Commands, as_json, with_cloud, with_masking
from statebag.output.masking import Masking
from statebag.output.rendering import bytes_text, counted, preview
from statebag.output.terminal import note, print_json, print_line, print_table, progress
from statebag.paths import render_path
from statebag.state.reading import reader_of
from universal_sync_core.bag.fields import STATE as CURRENT_STATE
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.pointer import recognise

_COLUMNS: Final = ("callback", "type", "status", "requested", "asks", "execution")
_ID_CHARS: Final = 12


@click.group(cls=Commands)
def command() -> None:
    """List, show and answer the callbacks that workflows wait for.

    A token is never shown: answers go through the function, which alone knows it.

    \b
    Examples:
      statebag callbacks list ARN
      statebag callbacks show ARN 7276c2f0
      statebag callbacks approve ARN 7276c2f0 \\
        --output '{"current_state": {"approval": {"approved": true, "by": "Ada"}}}'
      statebag callbacks reject ARN 7276c2f0 --cause "not before Monday"
    """  # noqa: D301 - click reads the control character


@command.command("list")
@click.argument("execution_arn", metavar="[EXECUTION]", required=False)
@click.option("--all", "every", is_flag=True, help="Also list delivered and expired callbacks.")
@as_json
@with_masking
@with_cloud
def list_(
    cloud: Cloud, execution_arn: str | None, *, every: bool, to_json: bool, mask: Masking
) -> None:
    """List the callbacks that an execution waits for.

    Without EXECUTION, all callbacks of a stack are listed (needs --stack or --bucket).

    \b
    Examples:
      statebag callbacks list ARN --all
      statebag callbacks list --stack my-stack --json | jq -r .callback_id
    """  # noqa: D301 - click reads the control character
    # An answer that Step Functions has not taken has to be sent again.
    wanted = (WAITING, ANSWERED, UNREADABLE)
    shown = [each for each in _callbacks(cloud, execution_arn) if every or each.status in wanted]
    if to_json:
        for callback in shown:
            print_json(_described(callback, mask))
        return
    if shown:
        print_table(_COLUMNS, [_row(callback, mask) for callback in shown])
    waits = "" if every else " waits for an answer" if len(shown) == 1 else " wait for an answer"
    note(f"{counted(len(shown), 'callback')}{waits}")


@command.command()
@click.argument("execution_arn", metavar="EXECUTION")
@click.argument("callback_id")
@as_json
@with_masking
@with_cloud
def show(
    cloud: Cloud, execution_arn: str, callback_id: str, *, to_json: bool, mask: Masking
) -> None:
    """Show a callback: its prompt, when it was requested, and its answer.

    \b
    Example:
      statebag callbacks show ARN 7276c2f0
    """  # noqa: D301 - click reads the control character
    callback = find(_of_execution(cloud, execution_arn), callback_id)
    told = _described(callback, mask)
    place = require_place(cloud, machine_of(callback.execution_id))
    reader = reader_of(cloud, place, callback.execution_id)
    for name in ("prompt", "answer"):
        whole = reader.pages.resolve(getattr(callback, name), unescape=True)
        told[name] = mask.masked(whole, (name,))
    if to_json:
        print_json(told)
        return
    for name, value in told.items():
        print_line(f"{name:<16}{preview(value, 2_000) if value is not None else '-'}")


@command.command()
@click.argument("execution_arn", metavar="EXECUTION")
@click.argument("callback_id")
@click.option(
    "--output",
    default='{"current_state": {"approval": {"approved": true}}}',
    show_default=True,
    help="The answer, as JSON. It is merged into the bag; put fields for workers below"
    " current_state.",
)
@click.option("--function", help="The StateDataManagerFunction. Default: from the state machine.")
@as_json
@with_cloud
def approve(  # noqa: PLR0913 - options
    cloud: Cloud,
    execution_arn: str,
    callback_id: str,
    output: str,
    function: str | None,
    *,
    to_json: bool,
) -> None:
    """Answer a callback, so that the workflow goes on.

    \b
    Examples:
      statebag callbacks approve ARN 7276c2f0
      statebag callbacks approve ARN 7276c2f0 \\
        --output '{"current_state": {"approval": {"approved": false, "reason": "later"}}}'
    """  # noqa: D301 - click reads the control character
    event = {"outcome": "success", "output": json_of_option(output, "--output")}
    _answer(cloud, execution_arn, callback_id, event, function, to_json=to_json)


@command.command()
@click.argument("execution_arn", metavar="EXECUTION")
@click.argument("callback_id")
@click.option("--error", default="Rejected", show_default=True, help="Name of the error.")
@click.option("--cause", default="", help="The reason. Default: your user name.")
@click.option("--function", help="The StateDataManagerFunction. Default: from the state machine.")
@as_json
@with_cloud
def reject(  # noqa: PLR0913, PLR0917 - options
    cloud: Cloud,
    execution_arn: str,
    callback_id: str,
    error: str,
    cause: str,
    function: str | None,
    *,
    to_json: bool,
) -> None:
    """Answer a callback with a failure: the waiting state fails with this error.

    If the workflow can handle a no, use `approve` and answer false instead.

    \b
    Example:
      statebag callbacks reject ARN 7276c2f0 --cause "over budget"
    """  # noqa: D301 - click reads the control character
    event = {"outcome": "failure", "error": error, "cause": cause or f"by {getpass.getuser()}"}
    _answer(cloud, execution_arn, callback_id, event, function, to_json=to_json)


def _answer(  # noqa: PLR0913 - what an answer is made of
    cloud: Cloud,
    execution_arn: str,
    callback_id: str,
    outcome: JsonObject,
    function: str | None,
    *,
    to_json: bool,
) -> None:
    callback = find(_of_execution(cloud, execution_arn), callback_id)
    if callback.status == UNREADABLE:
        hint = "Somebody else may have written it. Look at the object, and do not answer."
        raise RefusedError(
            f"the record of {callback.callback_id} does not belong to this callback", hint=hint
        )
    machine = machine_of(callback.execution_id)
    if function is None and machine is None:
        hint = "Give it with --function."
        raise RefusedError("cannot tell which function to ask", hint=hint)
    event = {
        "action": "submit_callback",
        "callback_id": callback.callback_id,
        "execution_id": callback.execution_id,
        **outcome,
    }
    told = ask(cloud, function or manager_function(cloud, machine or ""), event)
    if to_json:
        print_json(told)
    else:
        print_line(f"{told['outcome']}: {told['status']}")
        if "output" in outcome:
            note(_merged(outcome["output"]))
        if told.get("is_confirmed") is False:
            note(
                "nothing waits for it any more: it arrived, or the wait had ended; see"
                " `statebag timeline`"
            )


def _merged(answer: Json) -> str:
    """Tell where an answer lands in the bag."""
    if type(answer) is not dict:
        return "merged into the bag as raw_result: only an object can name the fields that it sets"
    state = answer.get(CURRENT_STATE)
    inside = [(CURRENT_STATE, name) for name in state] if type(state) is dict else []
    beside = [(name,) for name in answer if name != CURRENT_STATE]
    if not inside and beside:
        names = ", ".join(map(render_path, beside))
        return f"merged at the top of the bag, beside current_state: {names}"
    return f"merged into the bag: {', '.join(map(render_path, [*inside, *beside])) or 'nothing'}"


def _callbacks(cloud: Cloud, execution_arn: str | None) -> Iterator[Callback]:
    if execution_arn is not None:
        yield from _of_execution(cloud, execution_arn)
        return
    place = require_place(cloud, None)
    with progress("looking for callbacks") as advance:
        for execution_id in executions_with_state(cloud, place):
            yield from callbacks_of(cloud, place, execution_id)
            advance(1)


def _of_execution(cloud: Cloud, execution_arn: str) -> list[Callback]:
    execution = execution_named(cloud, execution_arn)
    place = require_place(cloud, execution.machine_arn)
    return callbacks_of(cloud, place, owner_of(cloud, place, execution))


def _described(callback: Callback, mask: Masking) -> JsonObject:
    told = callback.describe()
    return told | {name: mask.masked(told[name], (name,)) for name in ("prompt", "answer")}


def _asks(callback: Callback, mask: Masking) -> str:
    pointer = recognise(callback.prompt)
    if pointer is not None:
        return f"{pointer.kind} of {bytes_text(pointer.size)} in S3"
    return preview(mask.beginning(callback.prompt, ("prompt",)))


def _row(callback: Callback, mask: Masking) -> list[str]:
    return [
        callback.callback_id[:_ID_CHARS],
        callback.kind,
        callback.status,
        callback.requested,
        _asks(callback, mask),
        callback.execution_id.rsplit(":", 1)[-1],
    ]
