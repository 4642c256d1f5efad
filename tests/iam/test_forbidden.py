"""What is forbidden is denied, and each statement that denies is there for some of it."""

from typing import Any

import pytest

from tests.iam.conftest import FULL, deployed
from tests.iam.forbidden import ADMINISTRATOR, CREATES, RECORD, STATE, forbidden
from tests.iam.proof import Need, allowed, denied
from tests.iam.stack import OPERATOR, Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def whole(template: dict[str, Any]) -> Stack:
    """The stack with every option, and an administrator beside it."""
    return deployed(template, FULL).with_(ADMINISTRATOR)


def test_nothing_that_is_forbidden_is_allowed(stack: Stack) -> None:
    asked = stack.with_(ADMINISTRATOR)
    assert allowed(asked, forbidden(asked)) == []


def test_without_any_of_the_statements_that_deny_something_is_allowed(whole: Stack) -> None:
    calls = forbidden(whole)
    denying = [each for each in whole.statements if each.body["Effect"] == "Deny"]
    assert len(denying) >= 4
    idle = [str(each) for each in denying if not allowed(whole.without(each), calls)]
    assert idle == []


@pytest.mark.parametrize("right", ["s3:*", "states:*", "events:*", "lambda:*", "kms:*", "sts:*"])
def test_a_right_too_many_is_told_by_what_it_allows(whole: Stack, right: str) -> None:
    holder = "worker"
    body = {**ADMINISTRATOR.body, "Action": right}
    excessive = type(ADMINISTRATOR)(holder=holder, sid="Everything", body=body)
    told = allowed(whole.with_(excessive), forbidden(whole))
    assert told
    assert all(each.startswith(f"{holder}: ") for each in told)


@pytest.mark.parametrize("key", [STATE, RECORD])
def test_an_operator_reads_and_deletes_and_overwrites_nothing(whole: Stack, key: str) -> None:
    def on(action: str, context: tuple[tuple[str, str], ...] = ()) -> Need:
        resource = f"{whole.bucket}/{key}"
        return Need(holder=OPERATOR, action=action, resource=resource, context=context)

    assert denied(whole, [on("s3:GetObject"), on("s3:DeleteObject")]) == []
    assert allowed(whole, [on("s3:PutObject"), on("s3:PutObject", CREATES)]) == []
