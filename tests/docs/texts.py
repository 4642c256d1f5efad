"""The texts that a user reads outside of the pages: help, descriptions and messages."""

import ast
import json
import re
from collections.abc import Iterable, Iterator

import click
from samcli.yamlhelper import yaml_parse

from statebag.cli import statebag
from tests.docs import pages

_TEMPLATES = ("template.yaml", "layers/template.yaml", "account/companion.yaml")
# The folders of deployed code, of programs that print or log, and of all code that is read.
DEPLOYED = ("layers", "functions", "examples")
_PROGRAMS = (*DEPLOYED, "statebag", "local", "account")
_CODE = (*_PROGRAMS, "benchmarks", "docs")
_DESCRIBED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_MACHINE = "statemachine/state_data_v3.asl.json"
# The keys whose values a person reads, of a template and of a state machine.
_TOLD = {"Description", "AlarmDescription", "Comment"}


def help_of_commands() -> Iterator[tuple[str, str]]:
    """Yield what `statebag --help` says of every command and option, and where it says so."""
    yield from _help_of(statebag, click.Context(statebag, info_name="statebag"))


def _help_of(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    for line in re.split(r"\n\s*\n", command.help or ""):
        yield context.command_path, " ".join(line.split())
    for parameter in command.params:
        yield f"{context.command_path} {parameter.name}", getattr(parameter, "help", None) or ""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _help_of(inner, click.Context(inner, info_name=name, parent=context))


def help_of_make() -> Iterator[tuple[str, str]]:
    """Yield what `make help` says of every target."""
    makefile = (pages.ROOT / "Makefile").read_text(encoding="utf-8")
    for target, text in re.findall(r"^([a-z]+):.*## (.*)$", makefile, re.MULTILINE):
        yield f"make {target}", text


def descriptions() -> Iterator[tuple[str, str]]:
    """Yield what the templates and the state machine say of themselves and their parts."""
    for name in _TEMPLATES:
        template = yaml_parse((pages.ROOT / name).read_text(encoding="utf-8"))
        yield from _told(template, name)
    machine = json.loads((pages.ROOT / _MACHINE).read_text(encoding="utf-8"))
    yield from _told(machine, _MACHINE)


def _told(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for position, element in enumerate(value):
            yield from _told(element, f"{path}[{position}]")
    elif isinstance(value, dict):
        for name, member in value.items():
            text = member.get("Fn::Sub") if isinstance(member, dict) else member
            if name in _TOLD and isinstance(text, str):
                yield path, text
            else:
                yield from _told(member, f"{path}.{name}")


def messages() -> Iterator[tuple[str, str]]:
    """Yield every literal text in the programs, except docstrings."""
    for place, tree in _modules(_PROGRAMS):
        for text, line in _literals(tree):
            yield f"{place}:{line}", text


def docstrings() -> Iterator[tuple[str, str]]:
    """Yield every docstring of the code, on one line."""
    for place, tree in _modules(_CODE):
        for each in ast.walk(tree):
            if isinstance(each, _DESCRIBED) and (text := ast.get_docstring(each)):
                yield f"{place}:{each.body[0].lineno}", " ".join(text.split())


def comments() -> Iterator[tuple[str, str]]:
    """Yield every comment of the deployed code, on one line."""
    for folder in DEPLOYED:
        for file in sorted((pages.ROOT / folder).rglob("*.py")):
            source = file.read_text(encoding="utf-8")
            for block in re.finditer(r"^ *#.*(?:\n *#.*)*", source, re.MULTILINE):
                lines = (line.strip(" #") for line in block[0].splitlines())
                yield file.relative_to(pages.ROOT).as_posix(), " ".join(lines)


def _modules(folders: Iterable[str]) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for file in sorted((pages.ROOT / folder).rglob("*.py")):
            place = file.relative_to(pages.ROOT).as_posix()
            yield place, ast.parse(file.read_text(encoding="utf-8"))


def _literals(tree: ast.Module) -> Iterator[tuple[str, int]]:
    strings = [each for each in ast.walk(tree) if isinstance(each, ast.JoinedStr)]
    inside: set[ast.AST] = {part for string in strings for part in string.values}
    inside |= {each.value for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    for each in ast.walk(tree):
        if isinstance(each, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "it" for part in each.values)
            yield "".join(map(str, parts)), each.lineno
        elif isinstance(each, ast.Constant) and each not in inside:
            yield str(each.value), each.lineno
