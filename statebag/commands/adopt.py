"""`statebag adopt`: a state machine of yours with the offload states that it needs."""

import difflib
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from statebag.account.aws import Cloud
from statebag.bounds import Bounds, with_bounds
from statebag.errors import DIFFERENT, OK
from statebag.options import with_cloud
from statebag.output.rendering import bytes_text
from statebag.output.terminal import BAD, GOOD, note, print_line
from statebag.state.files import write_file

if TYPE_CHECKING:
    from statebag.machines.adopting.adoption import AdoptedMachine
    from statebag.machines.adopting.run import Run

# Unlike state, a definition is not a secret.
_MODE: Final = 0o644


@click.command()
@click.argument("machine")
@with_bounds
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write."
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if something would change.")
@click.option("--undo", is_flag=True, help="Remove the inserted states.")
@click.option(
    "--function",
    default="${StateDataManagerFunction}",
    show_default=True,
    help="Name, ARN or substitution of the function that offloads.",
)
@with_cloud
def command(  # noqa: PLR0913 - options
    cloud: Cloud,
    machine: str,
    bounds: Bounds,
    output: Path | None,
    function: str,
    *,
    force: bool,
    check: bool,
    undo: bool,
) -> int:
    """Insert the offload states that keep a state machine under the payload limit.

    MACHINE is a file of Amazon States Language (JSON or YAML, also in a template or a heredoc of
    Terraform), or the ARN of a deployed state machine. Prints the changes, and writes them with -o.
    Text that it does not edit stays the same to the byte. Adopting twice changes nothing more, and
    --undo restores the original. If a state cannot be helped, it is named with the reason, the rest
    is adopted, and the exit code is 1.

    \b
    Examples:
      statebag adopt orders.asl.json --input-bytes 40000 --decorated '*' -o adopted.asl.json
      statebag adopt orders.asl.json --check
      statebag adopt adopted.asl.json --undo -o orders.asl.json
    """  # noqa: D301 - click reads the control character
    # The parsers take a moment to load: no other command needs them.
    adopting = importlib.import_module("statebag.machines.adopting.run")
    ran: Run = adopting.run(cloud, machine, bounds, function, is_undo=undo)
    _print_diff(ran)
    for each in ran.machines:
        _print_machine(each)
    for line in ran.notes:
        note(line)
    if check:
        return DIFFERENT if ran.is_changed or ran.is_refused else OK
    if output is not None:
        write_file(output, ran.body, force=force, mode=_MODE)
    return DIFFERENT if ran.is_refused else OK


def _print_diff(ran: "Run") -> None:
    lines = difflib.unified_diff(
        ran.before.splitlines(), ran.after.splitlines(), ran.name, "adopted", lineterm=""
    )
    for line in lines:
        print_line(line, {"+": GOOD, "-": BAD}.get(line[:1], ""))


def _print_machine(machine: "AdoptedMachine") -> None:
    for insertion in machine.insertions:
        where = "behind" if insertion.is_end else "before"
        print_line(
            f'Inserts an offload state {where} "{insertion.state.title}" for documents'
            f" over {bytes_text(insertion.at_most)}."
        )
        if insertion.is_end and not insertion.is_caught:
            print_line("  Nothing catches an error in it.")
    for state, why in machine.unowned:
        print_line(f'"{state.title}" cannot be told who owns its objects: {why}.', BAD)
    refusals = machine.planned.plan.refusals.values()
    for refusal in refusals:
        if not refusal.is_following:
            print_line(f'Refused: "{refusal.state.title}": {refusal.why}.', BAD)
            print_line(f"  {refusal.cure}")
    following = [f'"{each.state.title}"' for each in refusals if each.is_following]
    if following:
        print_line(f"  After it, the document stays too large in: {', '.join(following)}.")
    if not machine.insertions and not machine.planned.plan.refusals:
        print_line("No state exceeds the limit.", GOOD)
