"""What the local cloud makes of policies, as IAM does."""

from typing import Any

import pytest

from local.access.policies import is_named, statements_of
from local.errors import LocalCloudError

BUCKET = "arn:aws:s3:::bucket"


def statement(**fields: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/a/*", **fields}


@pytest.mark.parametrize(
    ("fields", "action", "resource", "applies"),
    [
        ({}, "s3:GetObject", f"{BUCKET}/a/b/c", True),
        ({}, "s3:GetObject", f"{BUCKET}/ab", False),
        ({}, "s3:GetObjectVersion", f"{BUCKET}/a/b", False),
        ({"Action": "s3:Get*"}, "s3:GetObjectVersion", f"{BUCKET}/a/b", True),
        ({"Action": ["s3:PutObject", "s3:*"]}, "s3:GetObject", f"{BUCKET}/a/", True),
        ({"Resource": f"{BUCKET}/?"}, "s3:GetObject", f"{BUCKET}/b", True),
        ({"Resource": f"{BUCKET}/a.c"}, "s3:GetObject", f"{BUCKET}/abc", False),
        ({"Resource": ["x", "*"]}, "s3:GetObject", f"{BUCKET}/\n", True),
    ],
)
def test_actions_and_resources_match_by_their_wildcards(
    fields: dict[str, Any], action: str, resource: str, *, applies: bool
) -> None:
    statements = statements_of({"Statement": [statement(**fields)]})
    assert is_named(statements, "Allow", action, resource, {}) is applies
    assert not is_named(statements, "Deny", action, resource, {})


@pytest.mark.parametrize(
    ("condition", "context", "applies"),
    [
        ({"Null": {"s3:if-none-match": "true"}}, {}, True),
        ({"Null": {"s3:if-none-match": "true"}}, {"s3:if-none-match": "*"}, False),
        ({"Null": {"s3:if-none-match": "false"}}, {"s3:if-none-match": "*"}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "true"}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "false"}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {}, False),
        (
            {"ArnNotLike": {"aws:PrincipalArn": ["r/a*", "r/b"]}},
            {"aws:PrincipalArn": "r/ab"},
            False,
        ),
        ({"ArnNotLike": {"aws:PrincipalArn": ["r/a*", "r/b"]}}, {"aws:PrincipalArn": "r/c"}, True),
        ({"ArnNotLike": {"aws:PrincipalArn": "r/a"}}, {}, True),
        ({"StringLike": {"s3:prefix": ["v1", "v1/*"]}}, {"s3:prefix": "v1/a"}, True),
        ({"StringLike": {"s3:prefix": ["v1", "v1/*"]}}, {"s3:prefix": "v2"}, False),
        ({"StringLike": {"s3:prefix": "*"}}, {}, False),
    ],
)
def test_conditions_hold_as_they_say(
    condition: dict[str, Any], context: dict[str, str], *, applies: bool
) -> None:
    statements = statements_of({"Statement": statement(Effect="Deny", Condition=condition)})
    assert is_named(statements, "Deny", "s3:GetObject", f"{BUCKET}/a/b", context) is applies


@pytest.mark.parametrize(
    "fields",
    [
        {"NotAction": "s3:*"},
        {"NotResource": "*"},
        {"Principal": {"AWS": "*"}},
        {"Condition": {"DateLessThan": {"aws:CurrentTime": "2030-01-01"}}},
    ],
)
def test_a_statement_that_is_not_evaluated_here_is_refused_by_name(fields: dict[str, Any]) -> None:
    with pytest.raises(LocalCloudError, match="Mine"):
        statements_of({"Statement": [statement(Sid="Mine", **fields)]})
