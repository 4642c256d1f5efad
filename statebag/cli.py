"""The command line: the group of commands, and what becomes of a failure."""

import importlib
import importlib.metadata
import signal
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

from statebag.account.aws import Cloud
from statebag.errors import INTERRUPTED, OK, REFUSED, StatebagError, explained
from statebag.options import Commands, Connect, Connector
from statebag.output.terminal import close_output, open_output, print_error

# Each is a module of statebag.commands with a click command `command`, in the order of the help.
COMMANDS: Final = (
    "list",
    "find",
    "show",
    "history",
    "timeline",
    "watch",
    "failure",
    "report",
    "diff",
    "verify",
    "snapshots",
    "restore",
    "resume",
    "callbacks",
    "hold",
    "release",
    "gc",
    "forget",
    "cost",
    "assess",
    "adopt",
)

_MACHINE: Final = ":stateMachine:"
# What a shell reports of a program that its closed output has ended.
_CLOSED_PIPE: Final = 141

_EPILOG: Final = """
\b
Examples:
  statebag show arn:aws:states:eu-west-1:123456789012:execution:catalog:run-1
  statebag list --stack my-stack --status FAILED --since 1d
  statebag failure latest --stack my-stack
  statebag history ARN --tail 50 --follow
  statebag diff ARN#12 ARN#13
  statebag verify ARN && echo sound
  statebag assess statemachine/orders.asl.json

\b
Exit codes:
  0  done, and the answer is good       1  found differences, damage or a failure
  2  the command line is wrong          3  not found
  4  no credentials, or no access       5  stored state is damaged
  6  AWS did not answer                 7  cannot be done
  130  interrupted, or you said no
"""


class _Commands(Commands):
    """Loads a command when it is asked for, and tells failures in a person's words."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"statebag.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            told = explained(error)
            if told is None:
                raise
            raise told from error


def _version() -> str:
    try:
        return importlib.metadata.version("universal-sync-core-statebag")
    except importlib.metadata.PackageNotFoundError:
        return "of a checkout"


@click.group(
    cls=_Commands,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(_version(), prog_name="statebag")
def statebag() -> None:
    """Look into, compare and repair the state that a workflow keeps in S3.

    Uses ordinary AWS credentials; AWS_ENDPOINT_URL or --endpoint-url points to a local cloud.
    Commands that only look never write.

    Name an execution by its ARN, its URL in the console, its name, or `latest` for the one that
    was started last. MACHINE:NAME adds the state machine. --stack or --machine says where to look
    for a name; without either, all state machines of the region are searched.
    """


def main(arguments: Sequence[str] | None = None, *, connect: Connect = Cloud) -> None:
    """Run a command line and exit.

    Args:
        arguments: those of the process by default.
        connect: makes the cloud that a command works on.
    """
    for sent in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(sent) is signal.SIG_DFL:  # `nohup` ignores the second
            signal.signal(sent, signal.default_int_handler)
    open_output()
    try:
        code = statebag.main(
            args=list(arguments) if arguments is not None else None,
            prog_name="statebag",
            standalone_mode=False,
            obj=Connector(connect),
        )
    except StatebagError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.UsageError as error:
        usage = [error.ctx.get_usage(), f"Try {error.ctx.command_path} --help"] if error.ctx else []
        cure = ["Name a state machine with --machine."] if _MACHINE in error.message else []
        print_error(error.format_message(), *cure, *usage)
        sys.exit(error.exit_code)
    except click.Abort:  # Ctrl-C, or no for an answer
        print_error("interrupted")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        close_output()
        sys.exit(_CLOSED_PIPE)
    except OSError as error:  # such as a full disk behind standard output
        close_output()
        print_error(f"{error.filename or 'the output'}: {error.strerror}")
        sys.exit(REFUSED)
    sys.exit(code if isinstance(code, int) else OK)
