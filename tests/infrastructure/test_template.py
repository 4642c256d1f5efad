"""The template: what protects the state, and what fits the files beside it."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file

from executions import daily_deletion
from tests.infrastructure.parameters import bounds_of
from universal_sync_core.retention.terms import MOST_DAYS
from universal_sync_core.settings import Settings

Template = dict[str, Any]

LONGEST_EXECUTION_DAYS = 365
REDRIVE_DAYS = 14
"""https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html"""

WITHOUT_RESOURCES = {"AnswerCallbacks", "DeliverLogs", "Trace"}
"""Statements whose actions IAM cannot narrow to a resource."""


@pytest.fixture
def resources(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"]
    return found


@pytest.fixture
def function(resources: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = resources["StateDataManagerFunction"]["Properties"]
    return found


@pytest.fixture
def machine(resources: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = resources["StateDataStateMachine"]["Properties"]
    return found


@pytest.fixture
def bucket(resources: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = resources["StateBucket"]["Properties"]
    return found


def statements(owner: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements of a role, those under a condition included."""
    documents = [policy.get("PolicyDocument", policy) for policy in owner["Policies"]]
    found = [each for document in documents for each in document.get("Statement", ())]
    return [each["Fn::If"][1] if "Fn::If" in each else each for each in found]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_cfn_lint_finds_nothing(root: Path) -> None:
    assert lint_file(root / "template.yaml") == []


def test_definition_uri_is_the_file_to_the_letter(root: Path, machine: dict[str, Any]) -> None:
    folder, name = machine["DefinitionS3Location"].split("/")
    assert name in {path.name for path in (root / folder).iterdir()}


def test_every_substitution_is_defined_and_used(
    machine: dict[str, Any], definition_text: str
) -> None:
    used = set(re.findall(r"\$\{(\w+)\}", definition_text))
    assert used == machine["DefinitionSubstitutions"].keys()


def test_the_built_in_runner_is_the_default(template: Template, machine: dict[str, Any]) -> None:
    assert template["Parameters"]["SegmentRunnerFunctionArn"]["Default"] == ""
    assert machine["DefinitionSubstitutions"]["SegmentRunnerFunction"] == {
        "Fn::If": [
            "HasSegmentRunner",
            {"Ref": "SegmentRunnerFunctionArn"},
            machine["DefinitionSubstitutions"]["StateDataManagerFunction"],
        ]
    }


@pytest.mark.parametrize("name", ["StateDataManagerLogGroup", "StateMachineLogGroup"])
def test_logs_are_kept_for_a_set_time(resources: dict[str, Any], name: str) -> None:
    assert resources[name]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_the_function_and_the_machine_log_where_retention_is_set(
    function: dict[str, Any], machine: dict[str, Any]
) -> None:
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": "StateDataManagerLogGroup"}
    (destination,) = machine["LoggingConfiguration"]["Destinations"]
    arn = destination["CloudWatchLogsLogGroup"]["LogGroupArn"]
    assert arn == {"Fn::GetAtt": ["StateMachineLogGroup", "Arn"]}


def test_no_state_and_no_token_reaches_the_log_of_the_machine(machine: dict[str, Any]) -> None:
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False


def test_everything_is_traced(template: Template, machine: dict[str, Any]) -> None:
    assert template["Globals"]["Function"]["Tracing"] == "Active"
    assert machine["TracingConfiguration"]["Enabled"] is True


def test_a_workflow_is_kept_for_as_long_as_it_can_be_redriven(template: Template) -> None:
    days = template["Parameters"]["StateRetentionDays"]
    bounds = bounds_of(days)
    assert bounds is not None
    assert min(bounds[0], int(days["Default"])) > REDRIVE_DAYS


def test_age_expires_neither_state_nor_inputs(bucket: dict[str, Any]) -> None:
    rules = bucket["LifecycleConfiguration"]["Rules"]
    expiring = [rule for rule in rules if "ExpirationInDays" in rule]
    assert [rule["Prefix"]["Fn::Sub"] for rule in expiring] == [
        "${StatePrefix}distributed/",
        "${StatePrefix}jobs/",
    ]
    assert min(rule["ExpirationInDays"] for rule in expiring) > (
        LONGEST_EXECUTION_DAYS + REDRIVE_DAYS
    )
    assert all("Expiration" not in rule and "ExpirationDate" not in rule for rule in rules)


def test_a_deletion_can_be_undone_for_30_days(bucket: dict[str, Any]) -> None:
    rules = bucket["LifecycleConfiguration"]["Rules"]
    kept = [
        each["NoncurrentVersionExpiration"]
        for each in rules
        if "NoncurrentVersionExpiration" in each
    ]
    assert kept == [{"NoncurrentDays": 30}]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}


def test_what_is_over_is_deleted_daily(resources: dict[str, Any], template: Template) -> None:
    properties = resources["RetentionFunction"]["Properties"]
    (event,) = properties["Events"].values()
    assert event["Properties"]["Schedule"] == {"Ref": "RetentionSchedule"}
    assert template["Parameters"]["RetentionSchedule"]["Default"] == "rate(1 day)"
    assert json.loads(event["Properties"]["Input"]) == {"action": "delete_ended"}
    environment = properties["Environment"]["Variables"]
    assert environment["STATE_RETENTION_DAYS"] == {"Ref": "StateRetentionDays"}
    assert json.dumps({"Ref": "OtherStateMachineArns"}) in json.dumps(environment["STATE_MACHINES"])
    days = template["Parameters"]["StateRetentionDays"]
    assert bounds_of(days) == (daily_deletion.LEAST_DAYS, MOST_DAYS)


def test_multipart_uploads_that_were_never_finished_are_removed(bucket: dict[str, Any]) -> None:
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)


@pytest.mark.parametrize("name", ["StateBucket", "StateBucketPolicy"])
def test_the_bucket_and_what_guards_it_outlive_the_stack(
    name: str, resources: dict[str, Any]
) -> None:
    assert resources[name]["UpdateReplacePolicy"] == "Retain"
    # A first deployment that fails leaves no bucket behind: nothing is in it.
    assert resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_the_bucket_is_closed_to_the_public(bucket: dict[str, Any]) -> None:
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4


@pytest.mark.parametrize(
    ("policy", "resource"),
    [("StateBucketPolicy", "StateBucket"), ("UnrecordedEndsQueuePolicy", "UnrecordedEndsQueue")],
)
def test_what_is_kept_is_reached_by_tls_only(
    policy: str, resource: str, resources: dict[str, Any]
) -> None:
    statement = resources[policy]["Properties"]["PolicyDocument"]["Statement"][0]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    arn = {"Fn::GetAtt": [resource, "Arn"]}
    objects = {"Fn::Sub": "${StateBucket.Arn}/*"}
    assert statement["Resource"] == ([arn, objects] if resource == "StateBucket" else arn)


def test_the_bucket_is_encrypted_with_a_key_of_yours_if_you_give_one(
    bucket: dict[str, Any],
) -> None:
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == {
        "Fn::If": ["HasKmsKey", "aws:kms", "AES256"]
    }


@pytest.mark.parametrize(
    "owner", ["StateDataManagerFunction", "CallbackFunction", "StateDataStateMachineRole"]
)
def test_roles_name_their_actions_and_resources(resources: dict[str, Any], owner: str) -> None:
    for statement in statements(resources[owner]["Properties"]):
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        assert ("*" in listed(statement["Resource"])) == (statement["Sid"] in WITHOUT_RESOURCES)


def test_every_setting_is_in_the_environment(function: dict[str, Any], template: Template) -> None:
    values = {name: str(each.get("Default")) for name, each in template["Parameters"].items()}
    values["StateBucket"] = "bucket"
    environment = {
        name: values[value["Ref"]]
        if "Ref" in value
        else re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], value["Fn::Sub"])
        for name, value in function["Environment"]["Variables"].items()
        if "Fn::If" not in value
    }
    settings = Settings(bucket="bucket", allowed_prefixes=("s3://bucket/inputs/",))
    assert Settings.from_env(environment) == settings


def test_what_the_settings_let_the_function_read_its_role_lets_it_read(
    function: dict[str, Any],
) -> None:
    allowed = function["Environment"]["Variables"]["STATE_ALLOWED_PREFIXES"]["Fn::Sub"]
    resources = [each["Resource"] for each in statements(function)]
    arn = allowed.replace("s3://${StateBucket}", "${StateBucket.Arn}")
    assert {"Fn::Sub": f"{arn}*"} in resources


def test_every_end_is_recorded(resources: dict[str, Any]) -> None:
    rule = resources["ExecutionEndedRule"]["Properties"]
    detail = rule["EventPattern"]["detail"]
    assert set(detail["status"]) == {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}
    machines = json.dumps(detail["stateMachineArn"])
    for named in ("StateDataStateMachine", "OtherStateMachineArns"):
        assert json.dumps({"Ref": named}) in machines
    (target,) = rule["Targets"]
    assert json.loads(target["InputTransformer"]["InputTemplate"])["action"] == "record_end"
    permission = resources["ExecutionEndedPermission"]["Properties"]
    assert permission["SourceArn"] == {"Fn::GetAtt": ["ExecutionEndedRule", "Arn"]}


def test_the_handler_is_a_function_of_its_module(root: Path, function: dict[str, Any]) -> None:
    module, name = function["Handler"].split(".")
    tree = ast.parse((root / function["CodeUri"] / f"{module}.py").read_text())
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("StateDataManagerFunction", "CodeUri"),
        ("CallbackFunction", "CodeUri"),
        ("JobEventsFunction", "CodeUri"),
        ("UniversalSyncCoreLayer", "ContentUri"),
    ],
)
def test_sam_build_finds_its_target(
    root: Path, resources: dict[str, Any], name: str, source: str
) -> None:
    resource = resources[name]
    assert resource["Metadata"]["BuildMethod"] == "makefile"
    makefile = (root / resource["Properties"][source] / "Makefile").read_text()
    assert re.search(rf"^([^:#]+ )?build-{name}( [^:]+)?:", makefile, re.MULTILINE)


def test_requirements_are_pinned_and_hashed_and_name_no_registry(root: Path) -> None:
    for name in ("requirements-dev.txt", "layers/universal_sync_core/requirements.txt"):
        text = (root / name).read_text()
        requirements = re.findall(r"^[a-z].*", text, re.MULTILINE)
        assert requirements
        assert all("==" in line and line.endswith("\\") for line in requirements)
        assert "://" not in text


def test_the_layer_has_the_versions_that_are_tested(root: Path) -> None:
    layer, tested = (
        set(re.findall(r"^[a-z][^ ;]*==[^ ]*", (root / name).read_text(), re.MULTILINE))
        for name in ("layers/universal_sync_core/requirements.txt", "requirements-dev.txt")
    )
    assert {line for line in layer if "[" not in line} <= tested


def test_the_function_has_the_users_policy_where_one_is_named(resources: dict[str, Any]) -> None:
    """And what it may call is empty unless the user lists it."""
    function = resources["StateDataManagerFunction"]["Properties"]
    named = {"Fn::If": ["HasServicePolicy", {"Ref": "ServicePolicyArn"}, {"Ref": "AWS::NoValue"}]}
    assert named in function["Policies"]
    listed = function["Environment"]["Variables"]["SERVICE_OPERATIONS"]
    assert listed == {"Ref": "ServiceOperations"}
