"""What a first deployment meets: names, partitions, workers of other stacks."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.core.fakes import CountingStore
from universal_sync_core import stage_items
from universal_sync_core.errors import ConfigurationError
from universal_sync_core.limits import STEP_FUNCTIONS_NAME_CHARS
from universal_sync_core.settings import FOLDERS, Settings
from universal_sync_core.storage import runtime

# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
STACK_NAME_CHARS = 128
ARN = "arn:aws:states:eu-west-1:123456789012:execution:catalog:run-1"


@pytest.fixture
def parameters(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = template["Parameters"]
    return found


def test_a_deployment_takes_no_layer_away_from_workers(template: dict[str, Any]) -> None:
    """Their next deployment names the version that they have."""
    layers = [
        each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::Serverless::LayerVersion"
    ]
    assert [each["RetentionPolicy"] for each in layers] == ["Retain"]


def test_the_state_machine_names_no_partition(definition_text: str) -> None:
    assert re.findall(r"arn:(?!\$\{Partition\})[^:\"]*", definition_text) == []


@pytest.mark.parametrize(
    ("bus", "is_taken"),
    [
        ("default", True),
        ("team/approvals.v2", True),
        ("arn:aws:events:eu-west-1:123456789012:event-bus/approvals", False),
        ("", False),
    ],
)
def test_a_bus_is_named_and_has_no_arn(
    parameters: dict[str, Any], bus: str, *, is_taken: bool
) -> None:
    """The role is given a right on a bus of that name in the stack's own account."""
    pattern = parameters["EventBusName"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, bus)) is is_taken


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [
        ("orders", True),
        ("orders.v2", True),
        ("orders+returns@eu=(new)!", True),
        ("*", False),
        ("orders?", False),
        ("orders:live", False),
        ("orders/Items", False),
        ("${AWS::StackName}", False),
        ("two words", False),
    ],
)
def test_other_machines_are_named_as_step_functions_lets_them_be(
    parameters: dict[str, Any], name: str, *, is_taken: bool
) -> None:
    """A version or a pattern would give the roles rights on the executions of others."""
    arn = f"arn:aws:states:eu-west-1:123456789012:stateMachine:{name}"
    pattern = parameters["OtherStateMachineArns"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, arn)) is is_taken
    assert bool(re.fullmatch(pattern, f"{arn},{arn}")) is is_taken


def test_the_longest_name_of_a_stack_is_told(root: Path, template: dict[str, Any]) -> None:
    name = template["Resources"]["StateDataStateMachine"]["Properties"]["StateMachineName"]
    room = STEP_FUNCTIONS_NAME_CHARS - len(name["Fn::Sub"].replace("${AWS::StackName}", ""))
    assert room < STACK_NAME_CHARS
    told = (root / "docs" / "operations.md").read_text(encoding="utf-8")
    assert f"The name of the stack may have at most {room} characters" in told


@pytest.mark.parametrize("folder", sorted(FOLDERS))
@pytest.mark.parametrize(
    "prefix", ["{}/", "team/{}/", "{}/team/", "my-{}/", "{}-2/", "{}.old/{}s/"]
)
def test_a_prefix_is_taken_where_the_function_takes_it(
    parameters: dict[str, Any], prefix: str, folder: str
) -> None:
    """Else the stack is deployed, and each of its calls fails."""
    given = prefix.format(folder, folder)
    is_taken = re.fullmatch(parameters["StatePrefix"]["AllowedPattern"], given) is not None
    assert is_taken is (folder not in given.split("/"))
    if is_taken:
        assert Settings(prefix=given).prefix == given
    else:
        with pytest.raises(ConfigurationError, match="STATE_PREFIX"):
            Settings(prefix=given)


def test_a_prefix_is_said_to_be_for_a_new_stack(root: Path, parameters: dict[str, Any]) -> None:
    """Running executions find nothing under another one."""
    assert "only for a new stack" in parameters["StatePrefix"]["Description"]
    reference = (root / "docs" / "reference" / "parameters.md").read_text(encoding="utf-8")
    (row,) = (line for line in reference.splitlines() if line.startswith("| `StatePrefix`"))
    assert "only for a new stack" in row


def test_what_item_readers_read_has_no_character_that_s3_advises_against() -> None:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
    with runtime.use(settings=Settings(bucket="bucket"), store=CountingStore()):
        items = stage_items({"execution_id": ARN, "distributed_items": [1, 2]})
    assert re.fullmatch(r"[a-z0-9/.]+", items["key"])


def test_what_outlives_the_stack_is_told(root: Path, template: dict[str, Any]) -> None:
    resources = template["Resources"]
    outliving = {
        name
        for name, each in resources.items()
        if "Retain" in each.get("DeletionPolicy", each["Properties"].get("RetentionPolicy", ""))
    }
    assert outliving == {"StateBucket", "StateBucketPolicy", "UniversalSyncCoreLayer"}
    told = " ".join((root / "docs" / "howto" / "deploy.md").read_text(encoding="utf-8").split())
    assert "It leaves the state bucket with its policy, and the versions of the layer" in told


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("operations.md", "instead of redriving it"),
        ("operations.md", "ten resource policies of CloudWatch Logs"),
        ("howto/cost.md", "CloudWatch bills each metric by its dimensions"),
    ],
)
def test_what_the_stack_cannot_change_is_told(root: Path, page: str, words: str) -> None:
    text = (root / "docs" / page).read_text(encoding="utf-8")
    assert words in " ".join(text.split())
