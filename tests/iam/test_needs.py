"""Every role may do what it needs, and has no right that it does not need."""

from typing import Any

import pytest

from local.access.calls import Call
from tests.iam.conftest import FULL, deployed
from tests.iam.needs import needs_of
from tests.iam.proof import Need, denied, unneeded
from tests.iam.stack import DEPLOYMENTS, Stack, Statement

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# What is in the way of nobody, and would let a mistake through.
EXCESSIVE = Statement(
    holder="callbacks",
    sid="TooMuch",
    body={"Sid": "TooMuch", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"},
)


def test_nothing_that_is_needed_is_denied(stack: Stack, needs: list[Need]) -> None:
    assert denied(stack, needs) == []


def test_no_right_is_unneeded(stack: Stack, needs: list[Need]) -> None:
    assert unneeded(stack, needs) == []


def test_the_function_calls_services_by_the_policy_that_is_named_alone(
    template: dict[str, Any],
) -> None:
    listing = [Need(holder="function", action="dynamodb:ListTables", resource="*")]
    by_name = {each.name: deployed(template, each) for each in DEPLOYMENTS}
    assert denied(by_name["bus and snapshots"], listing) == []
    assert denied(by_name["defaults"], listing) != []


def test_every_role_that_has_rights_was_seen_to_need_some(stack: Stack, needs: list[Need]) -> None:
    assert {need.holder for need in needs} == stack.holders


@pytest.fixture(scope="module")
def whole(
    template: dict[str, Any], calls: list[Call], definition: dict[str, Any]
) -> tuple[Stack, list[Need]]:
    """The stack with every option, and what it needs."""
    stack = deployed(template, FULL)
    return stack, needs_of(stack, calls, definition)


def test_a_statement_that_is_taken_out_is_missed_by_name(whole: tuple[Stack, list[Need]]) -> None:
    stack, needs = whole
    silent = []
    for statement in stack.statements:
        if statement.body["Effect"] != "Allow":
            continue
        own = [need for need in needs if need.holder == statement.holder]
        if not denied(stack.without(statement), own):
            silent.append(str(statement))
    assert silent == []


def test_a_statement_that_is_put_in_is_told(whole: tuple[Stack, list[Need]]) -> None:
    stack, needs = whole
    (told,) = unneeded(stack.with_(EXCESSIVE), needs)
    assert told == "TooMuch of callbacks: sqs:SendMessage on *"
