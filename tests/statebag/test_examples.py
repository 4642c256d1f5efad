"""The examples of every command's help are run as they stand."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from statebag.cli import statebag
from tests.statebag.cloud import BUCKET, MACHINE, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.endings import stop_clock
from tests.statebag.states import RUN, decoded
from tests.statebag.test_cli import every_command
from tests.statebag.test_holds import HOLDING, machine
from tests.statebag.workplace import CALLBACK, furnish, furnish_folder

# What a person types beside the command line, and how many steps the watched have time for.
TYPED = {"forget": "run-17\n", "gc": "y\n"}
_WORDS = re.compile(r"ARN1|ARN2|ARN|7276c2f0|my-state-bucket")


def examples() -> Iterator[str]:
    """Yield the command lines of all examples, each once, with continued lines as one."""
    found: dict[str, None] = {}
    for name in every_command():
        told = CliRunner().invoke(statebag, [*name, "--help"], terminal_width=500).output
        _, _, after = told.partition("Example")
        joined = re.sub(r" \\\n +", " ", after)
        found |= dict.fromkeys(re.findall(r"^ +((?:aws .*\| )?statebag .*)$", joined, re.MULTILINE))
    yield from found


EXAMPLES = list(examples())


def of_here(text: str, paths: dict[str, str]) -> str:
    """Return an example with the names of the world that it is run in."""
    named = {
        "ARN": MACHINE if text.startswith("statebag assess") else RUN,
        "ARN1": RUN,
        "ARN2": arn_of("run-2"),
        "7276c2f0": CALLBACK,
        "my-state-bucket": BUCKET,
    }
    text = re.sub(r"\$\(statebag snapshots [^)]*\)", " ".join(paths.values()), text)
    text = re.sub(r"s3://bucket/\S*packs/(AAA|BBB)", lambda match: paths[match[1]], text)
    return _WORDS.sub(lambda match: named[match[0]], text)


def arguments_of(text: str) -> list[str]:
    """Return the words of the first `statebag` of a command line, without what it is piped to."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words = list(lexer)
    after = words[words.index("statebag") + 1 :]
    ends = [position for position, word in enumerate(after) if set(word) <= set(";&|")]
    return after[: min(ends, default=len(after))]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 50
    assert {name[0] for name in every_command() if name} <= {
        arguments_of(text)[0] for text in EXAMPLES
    }


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_does_what_it_says(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, example: str
) -> None:
    stop_clock(monkeypatch)
    monkeypatch.chdir(tmp_path)
    paths = furnish(cloud)
    furnish_folder(tmp_path)
    _prepare(cloud, monkeypatch, example, run)
    text = of_here(example, paths).replace("/tmp/", f"{tmp_path}/")  # noqa: S108 - the example's
    output = json.dumps({"state_data": {"execution_id": RUN}})
    arguments = arguments_of(text)
    before = set(tmp_path.iterdir())

    ran = run(*arguments, stdin=TYPED.get(arguments[0], output))

    # 1 is an answer: something differs, or may pass the limit; 130 is how a watch is ended.
    assert ran.code in ({130} if "list --stack my-stack --follow" in example else {0, 1}), ran.err
    assert ran.out or ran.err or set(tmp_path.iterdir()) - before
    if "--json" in arguments and ran.out:
        assert decoded(ran.out)


def _prepare(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, example: str, run: Run) -> None:
    """Bring about what an example takes for granted."""

    def interrupt(_: float) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    if "adopted.asl.json --undo" in example:
        run("adopt", "orders.asl.json", "--input-bytes", "40000", "-o", "adopted.asl.json")
        Path("orders.asl.json").unlink()
    if "-o bag.json" in example:
        Path("bag.json").unlink()
    if re.match(r"statebag (hold|release)\b", example):  # what runs, on a machine that can be held
        cloud.states.executions[RUN]["status"] = "RUNNING"
        machine(cloud, HOLDING[0])
