import pytest
from botocore.loaders import Loader

from examples.api_catalog.function.runner.service_model import (
    describe_service,
    list_services,
    verb,
)
from examples.api_catalog.oracle import canonical

# A child's result and its item pass through one state; the rest is room for what the machine adds.
LARGEST_RESULT_BYTES = 200_000


def test_services_are_listed_in_order() -> None:
    services = list_services()

    assert services == sorted(services)
    assert {"ec2", "s3", "stepfunctions"} <= set(services)


def test_description_counts_what_is_in_the_model() -> None:
    model = Loader().load_service_model("sts", "service-2")

    described = describe_service("sts")

    names = [operation["name"] for operation in described["operations"]]
    assert names == sorted(model["operations"])
    assert sum(described["verbs"].values()) == len(names)
    assert described["shapes"]["count"] == len(model["shapes"])
    assert sum(described["shapes"]["by_type"].values()) == len(model["shapes"])
    assert described["title"] == "AWS Security Token Service"


def test_operation_says_what_it_takes_and_gives() -> None:
    operations = {entry["name"]: entry for entry in describe_service("sts")["operations"]}

    identity = operations["GetCallerIdentity"]

    assert (identity["takes"], identity["gives"]) == (0, 3)
    assert identity["words"] > len(identity["summary"].split()) > 5


def test_structures_are_those_that_are_no_request_and_no_response() -> None:
    structures = describe_service("sts")["shapes"]["structures"]

    assert "Credentials" in structures
    assert "AssumeRoleRequest" not in structures
    assert "AssumeRoleResponse" not in structures


def test_largest_shapes_come_largest_first() -> None:
    members = [shape["members"] for shape in describe_service("s3")["shapes"]["largest"]]

    assert members == sorted(members, reverse=True)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("DescribeInstances", "Describe"), ("GetS3Object", "Get"), ("lowercase", "lowercase")],
)
def test_verb_is_the_first_word(operation: str, expected: str) -> None:
    assert verb(operation) == expected


@pytest.mark.parametrize("service", ["ec2", "connect", "sagemaker", "quicksight", "glue"])
def test_largest_services_fit_a_state(service: str) -> None:
    assert len(canonical(describe_service(service)).encode()) < LARGEST_RESULT_BYTES
