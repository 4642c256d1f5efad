"""SnapStart, an option: what the machine calls then are published versions of the function."""

import copy
from typing import Any

import boto3
import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

URIS = ("CodeUri", "ContentUri", "DefinitionUri")
FUNCTION = {"Fn::GetAtt": ["StateDataManagerFunction", "Arn"]}


@pytest.fixture(scope="module")
def expanded(template: dict[str, Any]) -> dict[str, Any]:
    """The resources as CloudFormation gets them, by SAM's own translator."""
    packaged = copy.deepcopy(template)
    for resource in packaged["Resources"].values():
        for name in URIS:
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = "s3://packages/package"
    session = boto3.Session("none", "none", region_name="us-east-1")
    translator = Translator({}, Parser(), boto_session=session)
    values = {"SnapStart": "PublishedVersions"}
    resources: dict[str, Any] = translator.translate(packaged, values)["Resources"]
    return resources


def of_type(resources: dict[str, Any], name: str) -> tuple[str, dict[str, Any]]:
    """Return the logical id and the properties of the one resource of a type."""
    ((logical_id, resource),) = [
        (each, resource) for each, resource in resources.items() if resource["Type"] == name
    ]
    return logical_id, resource["Properties"]


def test_the_alias_leads_to_a_version_of_the_function_with_a_snapshot(
    expanded: dict[str, Any],
) -> None:
    version, _ = of_type(expanded, "AWS::Lambda::Version")
    _, alias = of_type(expanded, "AWS::Lambda::Alias")
    assert alias["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}
    function = expanded["StateDataManagerFunction"]["Properties"]
    assert function["SnapStart"]["ApplyOn"] == {"Ref": "SnapStart"}


def test_the_machine_calls_the_alias_where_the_option_is_taken(expanded: dict[str, Any]) -> None:
    alias, _ = of_type(expanded, "AWS::Lambda::Alias")
    _, machine = of_type(expanded, "AWS::StepFunctions::StateMachine")
    called = machine["DefinitionSubstitutions"]["StateDataManagerFunction"]
    assert called == {"Fn::If": ["HasSnapStart", {"Ref": alias}, FUNCTION]}


def test_the_machine_may_call_what_it_calls(expanded: dict[str, Any]) -> None:
    alias, _ = of_type(expanded, "AWS::Lambda::Alias")
    role = expanded["StateDataStateMachineRole"]["Properties"]
    statements = role["Policies"][0]["PolicyDocument"]["Statement"]
    (invoke,) = [each for each in statements if each.get("Sid") == "InvokeManagerAndRunner"]
    assert FUNCTION in invoke["Resource"]
    optional = {"Fn::If": ["HasSnapStart", {"Ref": alias}, {"Ref": "AWS::NoValue"}]}
    assert optional in invoke["Resource"]


def test_without_the_option_there_are_no_snapshots(template: dict[str, Any]) -> None:
    assert template["Parameters"]["SnapStart"]["Default"] == "None"
