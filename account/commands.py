"""Commands of AWS's own, run on the account."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .access import Access
from .errors import CommandError

ROOT = Path(__file__).resolve().parent.parent
_SAID_LINES = 40
_QUIET = {"SAM_CLI_TELEMETRY": "0"}


def sam(access: Access, arguments: Sequence[str | Path], **environment: str) -> str:
    """Run the SAM command line and give what it said.

    Raises:
        CommandError: it failed.
    """
    command = [sys.executable, "-m", "samcli", *map(str, arguments)]
    done = subprocess.run(  # noqa: S603 - fixed arguments
        command,
        env={**os.environ, **_QUIET, "AWS_DEFAULT_REGION": access.region, **environment},
        cwd=ROOT,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        said = "\n".join(done.stdout.splitlines()[-_SAID_LINES:])
        raise CommandError(f"sam {arguments[0]} failed:\n{said}")
    return done.stdout


def deploy(
    access: Access, template: Path, name: str, *, prefix: str, parameters: Mapping[str, str]
) -> None:
    """Create or update a stack from a built template.

    Args:
        access: to the account.
        template: the built one.
        name: of the stack.
        prefix: what the keys of its artefacts begin with.
        parameters: of the stack.

    Raises:
        CommandError: that failed; the message has CloudFormation's reasons.
    """
    overrides = [f"ParameterKey={key},ParameterValue={value}" for key, value in parameters.items()]
    arguments: list[str | Path] = ["deploy", "--template-file", template, "--stack-name", name]
    arguments += ["--s3-prefix", prefix, "--resolve-s3", "--capabilities", "CAPABILITY_IAM"]
    arguments += ["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"]
    arguments += ["--region", access.region]
    sam(access, [*arguments, *(["--parameter-overrides", *overrides] if overrides else [])])
