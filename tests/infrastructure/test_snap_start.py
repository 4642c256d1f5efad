"""SnapStart, an option: what the machine calls then are published versions of the function."""

import copy
import re
from typing import Any

import boto3
import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

URIS = ("CodeUri", "ContentUri")
FUNCTION = {"Fn::GetAtt": ["StateDataManagerFunction", "Arn"]}


def translated(template: dict[str, Any], package: str = "package") -> dict[str, Any]:
    """Return the resources as CloudFormation gets them, by SAM's own translator."""
    packaged = copy.deepcopy(template)
    for resource in packaged["Resources"].values():
        for name in URIS:
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = f"s3://packages/{package}"
    session = boto3.Session("none", "none", region_name="us-east-1")
    translator = Translator({}, Parser(), boto_session=session)
    values = {"SnapStart": "PublishedVersions"}
    resources: dict[str, Any] = translator.translate(packaged, values)["Resources"]
    return resources


@pytest.fixture(scope="module")
def expanded(template: dict[str, Any]) -> dict[str, Any]:
    return translated(template)


def refs_in(value: Any) -> set[str]:
    """Return the names that a value refers to."""
    if isinstance(value, list):
        return set().union(*map(refs_in, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(refs_in, value.values()))
    if "Ref" in value:
        found.add(value["Ref"])
    substituted = value.get("Fn::Sub", "")
    text = substituted if isinstance(substituted, str) else substituted[0]
    found |= set(re.findall(r"\$\{([A-Za-z]+)\}", text))
    return found


def test_every_value_that_reaches_the_function_makes_a_new_version(
    expanded: dict[str, Any], template: dict[str, Any]
) -> None:
    """A description that changes replaces the version; other properties it does not follow."""
    _, version = of_type(expanded, "AWS::Lambda::Version")
    reaching = refs_in(expanded["StateDataManagerFunction"]["Properties"]) | {"LogLevel"}
    assert reaching & template["Parameters"].keys() <= refs_in(version["Description"])


def test_the_description_of_a_version_fits(template: dict[str, Any]) -> None:
    parameters = template["Parameters"]
    longest = dict.fromkeys(parameters, 6)  # numbers and words
    texts = ("EventBusName", "StatePrefix", "ServiceOperations")
    longest |= {name: parameters[name]["MaxLength"] for name in texts}
    longest |= {"SnapStart": len("PublishedVersions"), "KmsKeyArn": 36, "KmsKeyId": 0}
    longest |= {"JobEvents": len("J")}
    description = template["Resources"]["StateDataManagerFunction"]["Properties"]
    names = refs_in(description["VersionDescription"])
    assert sum(longest[name] + 1 for name in names) <= 256


def test_a_new_layer_makes_a_new_version(template: dict[str, Any]) -> None:
    versions = [
        of_type(translated(template, package), "AWS::Lambda::Version")[0]
        for package in ("old", "new")
    ]
    assert versions[0] != versions[1]


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
    assert {"Fn::If": ["HasSnapStart", {"Ref": alias}, FUNCTION]} in invoke["Resource"]


def test_without_the_option_there_are_no_snapshots(template: dict[str, Any]) -> None:
    assert template["Parameters"]["SnapStart"]["Default"] == "None"
