"""Commands of AWS's own, run on the account."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from local.stack.sam import sam as local_sam

from .access import Access
from .errors import CommandError

ROOT = Path(__file__).resolve().parent.parent


def sam(access: Access, arguments: Sequence[str | Path], **environment: str) -> str:
    """Run the SAM command line and give what it said.

    Raises:
        CommandError: it failed.
    """
    told = {"AWS_DEFAULT_REGION": access.region, **environment}
    is_done, said = local_sam(arguments, cwd=ROOT, environment=told)
    if not is_done:
        raise CommandError(f"sam {arguments[0]} failed:\n{said}")
    return said


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
