"""Definitions of YAML in which aliases and `<<` repeat what is written once."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from tests.machines.adopting import write
from tests.statebag.conftest import Ran, Run

LARGE = ("--input-bytes", "50000")
CATCH = """\
    StartAt: Find
    States:
      Find: &query
        Type: Task
        Resource: arn:aws:states:::aws-sdk:dynamodb:query
        Parameters: {TableName: orders}
        ResultPath: $.found
        Catch: &catch
          - ErrorEquals: [States.ALL]
            ResultPath: $.error
            Next: Undo
        Next: Find more
      Find more:
        <<: *query
        ResultPath: $.more
        Next: Last
      Last:
        Type: Task
        Resource: arn:aws:states:::aws-sdk:dynamodb:scan
        Parameters: {TableName: orders}
        ResultPath: $.last
        Catch: *catch
        Next: Undo
      Undo:
        Type: Task
        Resource: arn:aws:states:::aws-sdk:dynamodb:query
        Parameters: {TableName: orders}
        ResultPath: $.undone
        End: true
    """
FUNCTION = """\
    StartAt: Ask
    States:
      Ask:
        Type: Task
        Resource: &function arn:aws:lambda:us-east-1:123456789012:function:ask
        Next: Ask again
      Ask again:
        Type: Task
        Resource: *function
        ResultPath: $.again
        End: true
    """
BODY = """\
    StartAt: Each
    States:
      Each:
        Type: Map
        ItemsPath: $.items
        ItemProcessor: &body
          StartAt: Find
          States:
            Find:
              Type: Task
              Resource: arn:aws:states:::aws-sdk:dynamodb:query
              Parameters: {TableName: orders}
              End: true
        ResultPath: $.each
        Next: Each more
      Each more:
        Type: Map
        ItemsPath: $.items
        ItemProcessor: *body
        ResultPath: $.more
        End: true
    """


def adopt(run: Run, folder: Path, text: str, *options: str) -> Ran:
    file = write(folder, "m.yaml", dedent(text))
    new = str(folder / "new.yaml")
    return run("adopt", str(file), *LARGE, *options, "-o", new, "--force")


def made(folder: Path) -> Any:
    return yaml.safe_load((folder / "new.yaml").read_text())


def test_machine_with_aliases_becomes_what_it_becomes_written_out(run: Run, folder: Path) -> None:
    assert adopt(run, folder, json.dumps(yaml.safe_load(dedent(CATCH)))).code == 0
    expected = made(folder)
    assert adopt(run, folder, CATCH).code == 0

    assert made(folder) == expected
    assert "Offload before Undo" in str(expected["States"]["Find"]["Catch"])


def test_adopted_machine_with_aliases_is_undone_to_the_byte(run: Run, folder: Path) -> None:
    adopt(run, folder, CATCH)
    once, back = folder / "new.yaml", folder / "back.yaml"

    assert run("adopt", str(once), *LARGE, "--check").code == 0
    assert run("adopt", str(once), "--undo", "-o", str(back)).code == 0

    assert back.read_text() == dedent(CATCH)


def test_body_that_an_alias_repeats_is_refused_where_each_place_needs_its_own(
    run: Run, folder: Path
) -> None:
    ran = adopt(run, folder, BODY)

    assert ran.code == 7
    assert "m.yaml, line 9: an alias repeats what may not change everywhere" in ran.err
    assert "Write it out" in ran.err


@pytest.mark.parametrize("named", [("Ask",), ("Ask", "Ask again")], ids=["one", "both"])
def test_task_that_shares_its_function_by_an_alias_stays_as_it_is(
    run: Run, folder: Path, named: tuple[str, ...]
) -> None:
    ran = adopt(run, folder, FUNCTION, *(f"--decorated={name}" for name in named))

    assert "shares what would change with others by an alias" in ran.out
    assert made(folder) == yaml.safe_load(dedent(FUNCTION))
