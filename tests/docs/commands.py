"""Command lines of the documentation, each held against what the command itself would accept.

No command is run that could change anything or needs an account: `make` says what it would do,
`aws` is checked by botocore's models of the services, `sam` and `statebag` by their own parsers.
"""

import functools
import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import botocore.session
import click
from botocore import xform_name
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator
from samcli.cli.main import cli as sam_command
from samcli.yamlhelper import yaml_parse

from local.errors import DeploymentError
from local.stack.parameters import require_allowed
from statebag.cli import statebag

ROOT: Final = Path(__file__).parents[2]

# What the reader puts something of his own in the place of, such as <execution ARN>.
_PLACEHOLDER: Final = re.compile(r"<[A-Za-z][^<>\n]*>")


class WrongCommandError(AssertionError):
    """A command line that its command would refuse."""


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of every command of a block, without comments, pipes and prompts."""
    joined = _PLACEHOLDER.sub("placeholder", text).replace("\\\n", " ")
    lexer = shlex.shlex(joined.replace("\n", " ; "), posix=True, punctuation_chars=";|&")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set(";|&"):
            if words:
                yield words
            words = []
        else:
            words.append(word)


def without_comments(text: str) -> str:
    """Return the lines of a block without what stands behind a number sign."""
    lines = (re.sub(r"(^|\s)#\s.*$", "", line) for line in text.splitlines())
    return "\n".join(line for line in lines if line.strip())


def check(text: str) -> int:
    """Check every command of a block.

    Returns:
        How many there were.

    Raises:
        WrongCommandError: one would be refused, or is of a kind that nobody checks.
    """
    found = list(commands(without_comments(text)))
    for name, *words in found:
        if name not in _CHECKS:
            raise WrongCommandError(f"nobody checks the command {name}")
        _checked(name, *words)
    return len(found)


@functools.cache
def _checked(name: str, *words: str) -> None:
    _CHECKS[name](list(words))


def _make(words: list[str]) -> None:
    make = shutil.which("make") or "make"
    done = subprocess.run(  # noqa: S603 - -n runs nothing
        [make, "--dry-run", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise WrongCommandError(done.stderr)


def _python(words: list[str]) -> None:
    match words:
        case ["-m", module, *_] if importlib.util.find_spec(module):
            return
        case [script, *_] if (ROOT / script).is_file():
            return
    raise WrongCommandError(f"python {' '.join(words)}: no such module or file")


def _pip(words: list[str]) -> None:
    """Check that what is installed is a folder of this repository that has these extras."""
    if words[:4] == ["wheel", "--no-deps", "--wheel-dir", "dist"]:
        words = ["install", *words[4:]]
    if words[:1] != ["install"] or len(words) != len(["install", "target"]):
        raise WrongCommandError("only `pip install <folder>` and its wheel are checked")
    target = words[1].removeprefix("placeholder/")  # the reader's checkout
    folder, _, extras = target.removesuffix("]").partition("[")
    project = ROOT / folder / "pyproject.toml"
    if not project.is_file():
        raise WrongCommandError(f"{folder} is no project")
    offered = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    missing = set(filter(None, extras.split(","))) - set(offered.get("optional-dependencies", ()))
    if missing:
        raise WrongCommandError(f"{folder} has no extra {missing}")


def _sam(words: list[str]) -> None:
    context = sam_command.make_context("sam", [], resilient_parsing=True)
    options = _parsed(sam_command, context, words)
    parameters = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))["Parameters"]
    given = dict(each.split("=", 1) for each in options.get("parameter_overrides") or ())
    of_the_reader = {name for name, value in given.items() if value == "placeholder"}
    declared = {n: {} if n in of_the_reader else each for n, each in parameters.items()}
    try:
        require_allowed(declared, given)
    except DeploymentError as error:
        raise WrongCommandError(str(error)) from error


def _statebag(words: list[str]) -> None:
    context = click.Context(statebag, info_name="statebag")
    _parsed(statebag, context, words)


def _parsed(command: click.Command, context: click.Context, words: list[str]) -> dict[str, Any]:
    """Return the options of a command line as its parser reads it, without running anything."""
    rest = list(words)
    while isinstance(command, click.Group):
        name = rest.pop(0) if rest else ""
        inner = command.get_command(context, name)
        if inner is None:
            raise WrongCommandError(f"{command.name} has no command {name!r}")
        command, context = inner, click.Context(inner, info_name=name, parent=context)
    try:
        options, arguments, _ = command.make_parser(context).parse_args(rest)
    except click.UsageError as error:
        raise WrongCommandError(error.format_message()) from error
    if arguments and not command.allow_extra_args:
        raise WrongCommandError(f"{command.name} takes no {arguments}")
    return dict(options)


# Options of the AWS command line itself that the documentation has a use for.
_GLOBAL: Final = {"--query", "--output", "--region", "--profile", "--endpoint-url"}
_FILE_OPTIONS: Final = {"--cli-binary-format"}
# Its own commands, which are no operations of a service.
_S3_COMMANDS: Final = {"cp", "ls", "sync", "mv", "rm"}


def _aws(words: list[str]) -> None:
    service, operation, *rest = words
    if service == "s3":
        if operation not in _S3_COMMANDS or not any(word.startswith("s3://") for word in rest):
            raise WrongCommandError(f"aws s3 {operation} is no command on s3:// paths")
        return
    model = _operation(service, operation)
    options, positional = _options(rest)
    members = model.input_shape.members if model.input_shape else {}
    by_option = {f"--{xform_name(name, '-')}": (name, shape) for name, shape in members.items()}
    unknown = options.keys() - by_option.keys() - _GLOBAL - _FILE_OPTIONS
    if unknown:
        raise WrongCommandError(f"aws {service} {operation} has no option {unknown}")
    given = {by_option[option][0] for option in options.keys() & by_option.keys()}
    missing = set(model.input_shape.required_members if model.input_shape else ()) - given
    if missing:
        raise WrongCommandError(f"aws {service} {operation} needs {missing}")
    if len(positional) != int(model.has_streaming_output):
        raise WrongCommandError(f"aws {service} {operation} does not take {positional}")
    for option in options.keys() & by_option.keys():
        _check_value(by_option[option][1], options[option])


def _operation(service: str, command: str) -> OperationModel:
    session = botocore.session.get_session()
    name = "s3" if service == "s3api" else service
    if name not in session.get_available_services():
        raise WrongCommandError(f"there is no service {service}")
    model = session.get_service_model(name)
    for operation in model.operation_names:
        if xform_name(operation, "-") == command:
            return model.operation_model(operation)
    raise WrongCommandError(f"{service} has no operation {command}")


def _options(words: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Return options with their values, and the words that are neither."""
    options: dict[str, str] = {}
    positional: list[str] = []
    waiting = ""
    for word in words:
        if word.startswith("--"):
            waiting = word
            options[word] = ""
        elif waiting:
            options[waiting] = word
            waiting = ""
        else:
            positional.append(word)
    return options, positional


def _check_value(shape: Shape, value: str) -> None:
    """Check the JSON that an option is given, and by its shape where the option takes no text."""
    if value.startswith(("{", "[")):
        try:
            parsed = json.loads(value)
        except ValueError as error:
            raise WrongCommandError(f"no JSON: {value}") from error
        if shape.type_name not in {"string", "blob"}:
            report = ParamValidator().validate(parsed, shape)
            if report.has_errors():
                raise WrongCommandError(report.generate_report())


def _taken_as_it_is(_words: list[str]) -> None:
    """Accept a command of the shell, or one that is neither ours nor AWS's."""


_CHECKS: Final[dict[str, Callable[[list[str]], None]]] = {
    "aws": _aws,
    "make": _make,
    "pip": _pip,
    "python": _python,
    "python3": _python,
    "sam": _sam,
    "statebag": _statebag,
    **dict.fromkeys(
        ("cd", "cdk", "eval", "export", "git", "jq", "mkdir", "source", "zstd"), _taken_as_it_is
    ),
}

CHECKED: Final = frozenset(_CHECKS)
