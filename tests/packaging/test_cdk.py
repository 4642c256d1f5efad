"""The CDK program of the documentation, synthesized in an environment of its own."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from cfnlint import ManualArgs, lint
from samcli.yamlhelper import yaml_parse

from tests.docs import pages
from tests.packaging.conftest import ROOT, Environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

PAGE = pages.DOCS / "howto" / "cdk-and-terraform.md"
# Of the registry; nothing else of the repository needs them.
CDK = ("aws-cdk-lib==2.275.0", "constructs==10.8.1")
WORKER = "def handler(event, context):\n    return event\n"
ADOPTED = {
    "StartAt": "MakeRoom",
    "States": {
        "MakeRoom": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "${StateDataManagerFunction}"},
            "End": True,
        }
    },
}


@pytest.fixture
def synthesized(environment: Environment, tmp_path: Path) -> dict[str, Any]:
    """The template that the page's program makes, in a folder with what the page says is there."""
    if not shutil.which("node"):
        pytest.skip("CDK needs Node.js")
    environment.install(*CDK)
    (program,) = (block.text for block in pages.blocks_of(PAGE) if block.label == "app.py")
    folder = tmp_path / "orders"
    (folder / "worker").mkdir(parents=True)
    (folder / "worker" / "worker.py").write_text(WORKER, encoding="utf-8")
    (folder / "orders.adopted.asl.json").write_text(json.dumps(ADOPTED), encoding="utf-8")
    shutil.copy(ROOT / "template.yaml", folder / "packaged.yaml")
    (folder / "app.py").write_text(program, encoding="utf-8")
    ran = environment.run("app", cwd=folder, CDK_OUTDIR=str(folder / "out"))
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads((folder / "out" / "orders.template.json").read_text("utf-8"))
    return found


def test_the_program_makes_a_template_that_fits_the_stack(synthesized: dict[str, Any]) -> None:
    template = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    (core,) = (
        each["Properties"]
        for each in synthesized["Resources"].values()
        if each["Type"] == "AWS::CloudFormation::Stack"
    )
    assert core["Parameters"].keys() <= template["Parameters"].keys()
    text = json.dumps(synthesized)
    outputs = set(re.findall(r'"Outputs\.(\w+)"', text))
    assert {"UniversalSyncCoreLayerArn", "StateBucketName", "WorkerPolicyArn"} <= outputs
    assert outputs <= template["Outputs"].keys()
    found = lint(text, config=ManualArgs(regions=["us-east-1"]))
    assert [str(each) for each in found if each.rule.severity == "error"] == []
