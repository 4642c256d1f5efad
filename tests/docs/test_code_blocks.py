"""Every block of code in the documentation runs, or is checked as what it claims to be."""

import doctest
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import ruff  # type: ignore[import-untyped] # it ships without types
from cfnlint import ManualArgs, lint
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from samcli.yamlhelper import yaml_parse
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from actions import app
from docs.schemas.catalogue import event_model
from docs.schemas.forms import EndedRecord
from tests.docs import commands, pages
from tests.docs.pages import Block
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.validation import validate

# Its examples are one story, which tests/docs/test_formats.py reads.
FORMATS = pages.DOCS / "formats.md"
# Its patches are applied by tests/docs/test_contributing.py.
CONTRIBUTING = pages.DOCS / "contributing.md"
# Its labels are names of files, which tests/docs/test_tutorial.py writes and runs.
TUTORIAL = pages.DOCS / "tutorial.md"
# Its program is synthesized by tests/packaging/test_cdk.py.
CDK = pages.DOCS / "howto" / "cdk-and-terraform.md"

BLOCKS = [block for block in pages.blocks() if not block.is_directive]
ELSEWHERE = [
    block
    for block in BLOCKS
    if (block.page == FORMATS and block.language == "json" and block.label)
    or (block.page in {TUTORIAL, CDK} and "." in block.label)
    or (block.page == CONTRIBUTING and block.language == "diff")
]
FENCED = [block for block in BLOCKS if block not in ELSEWHERE]
PYTHON = [block for block in FENCED if block.language == "python"]
# Code as it stands in a file; the other blocks are typed at the `>>>` of an interpreter.
MODULES = [
    block for block in BLOCKS if block.language == "python" and not block.text.startswith(">>>")
]
READER = Sybil(
    parsers=[PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS | doctest.REPORT_NDIFF)]
)


def check_json(block: Block) -> None:
    json.loads(block.text)


def check_event(block: Block) -> None:
    """Hold an event against the model of its action."""
    event = json.loads(block.text)
    validate(event_model(app.route(event)), event)


def check_states(block: Block) -> None:
    """Read states as a machine; those that lead out of the fragment lead to its end."""
    states: dict[str, Any] = json.loads(block.text)
    left = {state["Next"] for state in states.values() if "Next" in state} - states.keys()
    whole = states | {name: {"Type": "Succeed"} for name in left}
    check_machine({"StartAt": next(iter(states)), "States": whole})


def check_machine(definition: dict[str, Any]) -> None:
    AmazonStateLanguageParser.parse(json.dumps(definition))
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": "arn:aws:iam::111122223333:role/machine",
            "Definition": definition,
        },
    }
    require_lint(json.dumps({"Resources": {"Machine": machine}}))


def check_template(block: Block) -> None:
    require_lint(block.text)


def require_lint(template: str) -> None:
    found = lint(template, config=ManualArgs(regions=["us-east-1"]))
    assert [str(each) for each in found] == []


def check_commands(block: Block) -> None:
    assert commands.check(block.text)


def runs_with_its_page(block: Block) -> None:
    """Be run by `test_python_of_a_page_runs`, where it is among the examples of its page."""
    last = block.line + block.text.count("\n")
    lines = [example.line for example in READER.parse(block.page)]
    assert any(block.line <= line <= last for line in lines)


def check_policy(block: Block) -> None:
    """Be a policy of IAM, its words in capitals aside."""
    policy = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": json.loads(block.text.replace("ACCOUNT", "1" * 12))},
    }
    require_lint(json.dumps({"Resources": {"Policy": policy}}))


def check_key_policy(block: Block) -> None:
    """Be the policy of a KMS key, its words in capitals aside."""
    key = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": json.loads(block.text)}}
    text = json.dumps({"Resources": {"Key": key}})
    for word, value in (("ACCOUNT", "1" * 12), ("REGION", "us-east-1"), ("STACK", "stack")):
        text = text.replace(word, value)
    require_lint(text)


def check_table(block: Block) -> None:
    """Be a table of all that a record of an ended execution has, its version aside."""
    columns, _, _ = block.text.partition("PARTITIONED")
    named = re.findall(r"(\w+) (?:string|double|int|array<)", columns)
    assert sorted(named) == sorted(EndedRecord.model_fields.keys() - {"ended_record"})


def check_terraform(block: Block) -> None:
    """Name parameters and outputs that the stack has, in braces that close."""
    template = yaml_parse((pages.ROOT / "template.yaml").read_text("utf-8"))
    outputs = set(re.findall(r"\.outputs\[\"(\w+)\"\]", block.text))
    (parameters,) = re.findall(
        r"^ +parameters = \{\n(.*?)^  \}", block.text, re.DOTALL | re.MULTILINE
    )
    assert outputs
    assert outputs <= template["Outputs"].keys()
    assert (
        set(re.findall(r"^ +(\w+) +=", parameters, re.MULTILINE)) <= template["Parameters"].keys()
    )
    assert block.text.count("{") == block.text.count("}")


CHECKS: dict[tuple[str, str], Callable[[Block], None]] = {
    ("hcl", ""): check_terraform,
    ("json", ""): check_json,
    ("json", "event"): check_event,
    ("json", "key policy"): check_key_policy,
    ("json", "policy"): check_policy,
    ("json", "states"): check_states,
    ("python", ""): runs_with_its_page,
    ("sh", ""): check_commands,
    ("sql", ""): check_table,
    ("yaml", "template"): check_template,
}


@pytest.mark.parametrize("block", [block for block in FENCED if block.language], ids=str)
def test_block_is_what_it_claims_to_be(block: Block) -> None:
    check = CHECKS.get((block.language, block.label))
    assert check, f"nobody checks blocks of {block.language} {block.label}"
    check(block)


@pytest.mark.parametrize("block", [block for block in BLOCKS if not block.language], ids=str)
def test_commands_of_an_indented_block_would_be_taken(block: Block) -> None:
    """What the commands print, and trees of files, may stand there too."""
    logical = block.text.replace("\\\n", " ").splitlines()
    typed = [line for line in logical if line.partition(" ")[0] in commands.CHECKED]
    assert commands.check("\n".join(typed)) >= len(typed)


@pytest.mark.parametrize(
    "page", sorted({block.page for block in PYTHON}), ids=lambda page: page.stem
)
def test_python_of_a_page_runs(page: Path) -> None:
    """From the top, in one namespace, with a bucket in memory."""
    settings = Settings(bucket="state-bucket")
    with runtime.use(settings=settings, store=MemoryStore()):
        for example in READER.parse(page):
            example.evaluate()


@pytest.mark.parametrize("block", MODULES, ids=str)
def test_python_is_formatted(block: Block) -> None:
    command = [ruff.find_ruff_bin(), "format", "--check", "--stdin-filename", "block.py", "-"]
    done = subprocess.run(  # noqa: S603 - our own tool
        command, input=block.text, capture_output=True, text=True, check=False, cwd=pages.ROOT
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "wrong",
    [
        "aws lambda invoke --function-nam sync out.json",
        "aws stepfunctions start-execution --input '{}'",
        "aws stepfunctions start-execution --state-machine-arn ARN --input '{no}'",
        "aws stepfunctions start-executions",
        "make nothing",
        "python -m nothing",
        "pip install ./layers/nothing",
        "sam deploy --parameter-overrides NoSuchParameter=1",
        "sam deploy --parameter-overrides FieldOffloadKb=0.5",
        "sam deploy --paramter-overrides LogLevel=INFO",
        "statebag show ARN --pth current_state",
        "unheard --of",
    ],
)
def test_misspelt_command_is_found(wrong: str) -> None:
    with pytest.raises(commands.WrongCommandError):
        commands.check(wrong)


@pytest.mark.parametrize(
    ("language", "label", "text"),
    [
        ("hcl", "", '  parameters = {\n    NoSuch = 1\n  }\n x.outputs["StateBucketName"]'),
        ("json", "", "{"),
        ("json", "event", '{"action": "sync", "state_data": {}, "result": 1}'),
        (
            "json",
            "states",
            '{"A": {"Type": "Task", "Resource": "r", "Parametrs": {}, "End": true}}',
        ),
        (
            "json",
            "policy",
            '{"Statement": [{"Effect": "Allow", "Actio": "s3:*", "Resource": "*"}]}',
        ),
        ("yaml", "template", "Resources: {F: {Type: AWS::S3::Bucket, Properties: {Nam: a}}}"),
    ],
)
def test_wrong_block_is_found(language: str, label: str, text: str) -> None:
    block = Block(page=TUTORIAL, language=language, label=label, text=text, line=1)
    with pytest.raises(Exception, match=r".+"):
        CHECKS[language, label](block)
