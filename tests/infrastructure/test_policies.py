"""Who may do what to an object of the bucket: the roles' policies and the bucket's own together."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from samcli.yamlhelper import yaml_parse

from local.access.policies import is_named, statements_of

BUCKET: Final = "arn:aws:s3:::bucket"
ACCOUNT: Final = "arn:aws:iam::111122223333:role/"
VALUES: Final = {
    "StateBucket.Arn": BUCKET,
    "StateBucket": "bucket",
    "StateBucketName": "bucket",
    "StatePrefix": "team/",
    "AWS::Partition": "aws",
    "StateDataManagerFunctionRole.Arn": f"{ACCOUNT}manager",
    "CallbackFunctionRole.Arn": f"{ACCOUNT}callbacks",
    "JobEventsFunctionRole.Arn": f"{ACCOUNT}jobs",
    "RetentionFunctionRole.Arn": f"{ACCOUNT}retention",
    "UnrecordedEndsQueue.Arn": "arn:aws:sqs:eu-west-1:111122223333:ends",
    "OtherStateMachineArns": ",".join(
        f"arn:aws:states:eu-west-1:111122223333:stateMachine:{name}" for name in ("a", "b")
    ),
    "OperatorArns": f"{ACCOUNT}ops,arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*Operator*",
}
EXECUTION: Final = "team/v1/arn%3Aaws%3Astates%3Aeu-west-1%3A1%3Aexecution%3Am%3Ae/"
STATE: Final = f"{EXECUTION}packs/{'0' * 64}"
ITEMS: Final = f"team/items/{'0' * 32}/{'0' * 64}.json"
RECORD: Final = f"{EXECUTION}callbacks/{'0' * 64}.json"
ANSWER: Final = f"{EXECUTION}callbacks/{'0' * 64}.answer.json"
RESULTS: Final = "team/distributed/e/manifest.json"
INPUT: Final = "team/inputs/catalog.json"
MARK: Final = f"{EXECUTION}executions/{'0' * 32}.began.json"
ENDED: Final = f"team/ended/2026-11-26/031500-{'0' * 32}.json"
WAITING: Final = f"team/jobs/waiting/{'0' * 64}/1.json"
JOB_ENDED: Final = f"team/jobs/ended/{'0' * 64}/1.json"
SECRET: Final = frozenset({RECORD, ANSWER, WAITING, JOB_ENDED})
EVERY: Final = SECRET | {STATE, ITEMS, RESULTS, INPUT, MARK, ENDED}


Conditions = dict[str, bool]


def substituted(parts: Any, given: Conditions) -> str:
    """Return a text with values in the place of names, of which it may bring some of its own."""
    text, own = parts if isinstance(parts, list) else (parts, {})
    known = VALUES | value(own, given)
    return re.sub(r"\$\{([\w.:]+)\}", lambda match: known.get(match[1], "-"), text)


FUNCTIONS: Final[dict[str, Callable[[Any, Conditions], Any]]] = {
    "Ref": lambda name, _: None if name == "AWS::NoValue" else VALUES.get(name, ""),
    "Fn::GetAtt": lambda names, _: VALUES[".".join(names)],
    "Fn::Sub": substituted,
    "Fn::If": lambda parts, given: value(parts[1 if given[parts[0]] else 2], given),
    "Fn::Join": lambda parts, given: parts[0].join(value(parts[1], given)),
    "Fn::Split": lambda parts, given: value(parts[1], given).split(parts[0]),
}


def value(node: Any, given: Conditions) -> Any:
    """Return a part of a template with its intrinsic functions worked out; None is no value."""
    if isinstance(node, list):
        return [each for each in (value(each, given) for each in node) if each is not None]
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and node.keys() <= FUNCTIONS.keys():
        ((name, argument),) = node.items()
        return FUNCTIONS[name](argument, given)
    worked_out = {key: value(each, given) for key, each in node.items()}
    return {key: each for key, each in worked_out.items() if each is not None}


def listed(node: Any) -> list[Any]:
    return node if isinstance(node, list) else [node]


FUNCTIONS_BY_ROLE: Final = {
    "manager": "StateDataManager",
    "callbacks": "Callback",
    "jobs": "JobEvents",
    "retention": "Retention",
}


class Account:
    """The policies of the template, under its conditions, asked as IAM asks them."""

    def __init__(self, template: dict[str, Any], **conditions: bool) -> None:
        every = {"HasKmsKey": False, "HasOperators": True, "HasCallbackFunction": True}
        every |= {"HasOtherMachines": True, "HasServicePolicy": False, "HasJobEvents": True}
        every |= conditions
        resources = template["Resources"]
        found = value(resources["StateBucketPolicy"]["Properties"]["PolicyDocument"], every)
        self.of_bucket = statements_of(found)
        self.of_roles = {
            "worker": value(resources["WorkerPolicy"]["Properties"]["PolicyDocument"], every),
            "administrator": {
                "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": f"{BUCKET}/*"}]
            },
        }
        self.of_roles["ops"] = self.of_roles["administrator"]
        for role, name in FUNCTIONS_BY_ROLE.items():
            (policy,) = value(resources[f"{name}Function"]["Properties"]["Policies"], every)
            self.of_roles[role] = policy

    def may(self, role: str, action: str, key: str = "", *, if_none_match: bool = True) -> bool:
        """Tell whether a role may do something to an object, or to the bucket without a key."""
        resource = f"{BUCKET}/{key}" if key else BUCKET
        request = {"aws:PrincipalArn": ACCOUNT + role, "aws:SecureTransport": "true"}
        if if_none_match:
            request["s3:if-none-match"] = "*"
        asked = (f"s3:{action}", resource, request)
        own = statements_of(self.of_roles[role])
        return is_named(own, "Allow", *asked) and not is_named(self.of_bucket, "Deny", *asked)


@pytest.fixture
def account(template: dict[str, Any]) -> Account:
    return Account(template)


@pytest.mark.parametrize(
    ("role", "reads", "creates"),
    [
        ("manager", EVERY - {ENDED}, {STATE, ITEMS, RECORD, ANSWER, MARK, ENDED, WAITING}),
        ("callbacks", {RECORD, ANSWER}, {STATE, RECORD, ANSWER}),
        ("jobs", SECRET, {STATE, RECORD, ANSWER, JOB_ENDED}),
        ("worker", {STATE, INPUT}, {STATE}),
        ("retention", {MARK, ENDED}, {MARK, ENDED}),
        ("administrator", EVERY - SECRET, EVERY - SECRET),
        ("ops", EVERY, EVERY),
    ],
)
def test_each_role_reaches_what_it_needs(
    account: Account, role: str, reads: set[str], creates: set[str]
) -> None:
    assert {key for key in EVERY if account.may(role, "GetObject", key)} == reads
    assert {key for key in EVERY if account.may(role, "PutObject", key)} == creates


@pytest.mark.parametrize(
    "role", ["manager", "callbacks", "jobs", "retention", "worker", "administrator", "ops"]
)
@pytest.mark.parametrize("key", [STATE, ITEMS, RECORD, ANSWER, MARK, ENDED, WAITING, JOB_ENDED])
def test_nobody_overwrites(account: Account, role: str, key: str) -> None:
    assert not account.may(role, "PutObject", key, if_none_match=False)


@pytest.mark.parametrize("key", [STATE, ITEMS, RECORD, ANSWER, RESULTS, MARK, ENDED, WAITING])
def test_operators_and_the_daily_deletion_alone_delete_state(
    template: dict[str, Any], account: Account, key: str
) -> None:
    daily = set() if key in (RESULTS, WAITING) else {"retention"}
    for asked, operators in ((account, {"ops"}), (Account(template, HasOperators=False), set())):
        may = {role for role in asked.of_roles if asked.may(role, "DeleteObject", key)}
        assert may == daily | operators


@pytest.mark.parametrize("key", [STATE, ITEMS, RECORD, ANSWER, RESULTS, MARK, ENDED, WAITING])
def test_what_is_deleted_can_be_brought_back_whoever_deleted_it(
    template: dict[str, Any], account: Account, key: str
) -> None:
    for asked, operators in ((account, {"ops"}), (Account(template, HasOperators=False), set())):
        may = {role for role in asked.of_roles if asked.may(role, "DeleteObjectVersion", key)}
        assert may == operators


def test_inputs_are_the_users_to_delete(account: Account) -> None:
    may = {role for role in account.of_roles if account.may(role, "DeleteObject", INPUT)}
    assert may == {"ops", "administrator"}


@pytest.mark.parametrize("role", ["manager", "retention"])
def test_executions_of_machines_named_to_the_stack_can_be_looked_at(
    template: dict[str, Any], role: str
) -> None:
    named = {f"arn:aws:states:eu-west-1:111122223333:execution:{name}:*" for name in ("a", "b")}
    for has_others, others in ((True, named), (False, set())):
        account = Account(template, HasOtherMachines=has_others)
        assert seen_by(account, role, "DescribeExecution") & named == others


def seen_by(account: Account, role: str, action: str) -> set[str]:
    """Return the resources on which a role may do something in Step Functions."""
    statements = (
        each
        for each in account.of_roles[role]["Statement"]
        if f"states:{action}" in listed(each["Action"])
    )
    return {resource for each in statements for resource in listed(each["Resource"])}


@pytest.mark.parametrize(
    ("action", "kinds"),
    [
        ("DescribeExecution", ("execution", "express")),
        ("DescribeMapRun", ("mapRun",)),
        ("ListExecutions", ("mapRun",)),
    ],
)
def test_the_daily_deletion_sees_whose_children_there_are(
    template: dict[str, Any], action: str, kinds: tuple[str, ...]
) -> None:
    arn = "arn:aws:states:eu-west-1:111122223333"
    for has_others, others in ((True, ["a", "b"]), (False, [])):
        account = Account(template, HasOtherMachines=has_others)
        seen = seen_by(account, "retention", action)
        wanted = {f"{arn}:{kind}:{name}/*" for kind in kinds for name in others}
        assert {each for each in seen if each.startswith(arn) and each.endswith("/*")} == wanted


def test_without_operators_the_functions_alone_reach_callbacks(template: dict[str, Any]) -> None:
    account = Account(template, HasOperators=False, HasCallbackFunction=False, HasJobEvents=False)
    may = {role for role in account.of_roles if account.may(role, "GetObject", RECORD)}
    assert may == {"manager"}


def test_workers_list_nothing(account: Account) -> None:
    listing = ("ListBucket", "ListBucketVersions")
    assert not any(account.may("worker", action) for action in listing)


def test_operators_of_an_identity_center_are_told_by_their_pattern(account: Account) -> None:
    start = "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_"
    for name, may in ((f"{start}Operator_0123abcd", True), (f"{start}Reader_0123abcd", False)):
        account.of_roles[name] = account.of_roles["administrator"]
        assert account.may(name, "GetObject", RECORD) is may


@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        ("docs/howto/encryption.md", ""),
        ("examples/new_worker/{{cookiecutter.project_name}}/template.yaml", "team/"),
    ],
)
def test_copies_of_the_policy_for_workers_allow_the_same(
    root: Path, account: Account, path: str, prefix: str
) -> None:
    text = re.sub(r"\{\{.*?\}\}", "-", (root / path).read_text(encoding="utf-8"))
    block = re.search(r"```yaml template\n(.*?)```", text, re.DOTALL)
    resources = yaml_parse(block[1] if block else text)["Resources"].values()
    (worker,) = (each for each in resources if each["Type"] == "AWS::Serverless::Function")
    (policy,) = value(worker["Properties"]["Policies"], {"HasKmsKey": True})
    own = statements_of(policy)
    for key in (STATE, ITEMS, RECORD, ANSWER, RESULTS):
        for action in ("s3:GetObject", "s3:PutObject"):
            resource = f"{BUCKET}/{prefix}{key.removeprefix('team/')}"
            allowed = is_named(own, "Allow", action, resource, {})
            assert allowed == account.may("worker", action.removeprefix("s3:"), key)
    assert not is_named(own, "Allow", "s3:ListBucket", BUCKET, {})
    (key,) = (each["Resource"] for each in own if "kms:Decrypt" in each["Action"])
    for arn in (BUCKET, f"{BUCKET}/{STATE}", f"{BUCKET}-2", f"{BUCKET}-2/{STATE}"):
        told = {"kms:EncryptionContext:aws:s3:arn": arn}
        is_own = arn.partition("/")[0] == BUCKET
        assert is_named(own, "Allow", "kms:Decrypt", key, told) is is_own
    assert not is_named(own, "Allow", "kms:Decrypt", key, {})
