"""Facts that pages tell in tables and in passing, each held against the code that it is about."""

import json
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import click
import pytest

import statebag.errors
from account.run import PARTS
from jobs.events import KINDS
from local.serve import main as serve
from statebag.cli import statebag as command
from tests.docs import pages
from universal_sync_core import CONTROL_FIELDS_NEVER_OFFLOAD
from universal_sync_core.bag.fields import READ_BY_MACHINE
from universal_sync_core.ingestion.control_fields import CHECKED_FIELDS

MACHINE = pages.ROOT / "statemachine" / "state_data_v3.asl.json"
# Fields of a job's detail that are told for one service alone.
OF_CONTAINERS = {"aws.batch": {"exitCode"}, "aws.ecs": {"containers"}}
# An option that a sentence names, and one whose default stands behind it.
ALONE = re.compile(r"`(--[a-z][a-z-]+)(?:[ =][^`]*)?`")
DEFAULT = re.compile(r"`(--[a-z][a-z-]+)`(?:\s+days)?\s+(?:ago\s+)?\(([\d,]*\d)")
# Errors that need no word of their own: "Lambda's service errors", "and similar".
SUMMED_UP = re.compile(r"Lambda\.(?!TooManyRequests|SnapStartNotReady|ResourceNotReady|Unknown)")


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the table that has this cell in its first line."""
    text = (pages.DOCS / page).read_text(encoding="utf-8")
    (table,) = (each for each in text.split("\n\n") if each.startswith(f"| {heading}"))
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]


def words(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def options(of: click.Command = command) -> Iterator[tuple[str, click.Option]]:
    """Yield every option of the command and of those in it."""
    for parameter in of.params:
        if isinstance(parameter, click.Option):
            yield from ((name, parameter) for name in parameter.opts)
    if isinstance(of, click.Group):
        context = click.Context(of)
        for name in of.list_commands(context):
            inner = of.get_command(context, name)
            yield from options(inner) if inner else ()


def states(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in machine["States"].values():
        yield state
        for inner in (state.get("ItemProcessor"), *state.get("Branches", ())):
            yield from states(inner) if inner else ()


@pytest.fixture(scope="module")
def machine() -> dict[str, Any]:
    definition: dict[str, Any] = json.loads(MACHINE.read_text(encoding="utf-8"))
    return definition


def test_jobs_are_told_with_their_states_and_details() -> None:
    told = [
        (source.strip("`"), words(good), words(bad), words(detail) - {"0"})
        for source, _, good, bad, detail in rows("howto/jobs.md", "`JobSources`")
    ]
    known = [
        (
            kind.source,
            set(kind.succeeded),
            set(kind.failed) or set(kind.succeeded),
            set(kind.told) | OF_CONTAINERS.get(kind.source, set()),
        )
        for kind in KINDS.values()
    ]
    assert told == known


def test_stages_of_a_failure_are_those_of_the_machine(machine: dict[str, Any]) -> None:
    told = {word for cell, _ in rows("howto/failures.md", "`stage`") for word in words(cell)}
    assert told == set(re.findall(r'"stage": "(\w+)"', json.dumps(machine)))


def test_what_is_tried_again_is_told_with_how_often(machine: dict[str, Any]) -> None:
    told = {
        (error, tries.split(",")[0])
        for _, errors, tries in rows("operations.md", "Waits for")
        for error in words(errors)
    }
    retried = {
        (error, str(retry["MaxAttempts"]))
        for state in states(machine)
        for retry in state.get("Retry", ())
        for error in retry["ErrorEquals"]
        if "Payload" in json.dumps(state.get("Parameters")) or "StepFunctions" in error
    }
    untold = {each for each in retried if not SUMMED_UP.match(each[0]) and each[1] != "0"}
    assert {each for each in told if each not in retried} == set()
    assert untold - told == set()


def test_control_fields_are_told() -> None:
    told = {
        word
        for cell, *_ in rows("reference/actions.md", "Field | JSON | Who")
        for word in words(cell)
    }
    known = READ_BY_MACHINE | CONTROL_FIELDS_NEVER_OFFLOAD | CHECKED_FIELDS
    assert known - told == set()


def test_every_exit_code_is_told() -> None:
    told = {int(code) for code, _ in rows("statebag.md", "Code")}
    assert told == {value for value in vars(statebag.errors).values() if type(value) is int}


def test_parts_of_the_check_in_an_account_are_told() -> None:
    told = [cell.strip("`") for cell, *_ in rows("howto/account.md", "Part")]
    assert sorted(told) == sorted(PARTS)


def test_options_in_a_sentence_exist_and_have_their_default() -> None:
    known: dict[str, set[str]] = {}
    for name, option in options():
        known.setdefault(name, set()).add(str(option.default))
    of_others = {"--help", "--parameter-overrides", "--quick"} | options_of_serve()
    texts = [(page.stem, page.read_text(encoding="utf-8")) for page in pages.PAGES]
    alone = {(page, name) for page, text in texts for name in ALONE.findall(text)}
    assert [each for each in alone if each[1] not in known.keys() | of_others] == []
    defaults = [each for _, text in texts for each in DEFAULT.findall(text)]
    assert len(defaults) > 3
    assert [
        (name, told) for name, told in defaults if told.replace(",", "") not in known[name]
    ] == []


def options_of_serve() -> set[str]:
    """Return what `python -m local.serve --help` lists."""
    with redirect_stdout(StringIO()) as said, pytest.raises(SystemExit):
        serve(["--help"])
    return set(re.findall(r"--[a-z-]+", said.getvalue()))
