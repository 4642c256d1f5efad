"""Asks the simulator which calls a stack allows, and by which statements."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import pytest

from tests.iam.intrinsics import ACCOUNT
from tests.iam.stack import Policy, Stack, Statement

HERE: Final = Path(__file__).parent / "simulator"
_FILES: Final = (".npmrc", "package.json", "package-lock.json", "simulate.mjs")
_VERSION: Final = "2012-10-17"
# The simulator knows one name for all that a context of encryption may have.
_IN_CONTEXT: Final = re.compile(r"kms:EncryptionContext:[\w:]+")
_ANY_IN_CONTEXT: Final = "kms:EncryptionContext:${EncryptionContextKey}"
# A key's policy leaves it to the account's own policies who may use the key.
_KEY_POLICY: Final = {
    "Version": _VERSION,
    "Statement": [
        {
            "Sid": "Account",
            "Effect": "Allow",
            "Principal": {"AWS": ACCOUNT},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}


@dataclass(frozen=True, kw_only=True)
class Need:
    """A call, as IAM is asked about it.

    Attributes:
        holder: who makes it.
        action: what it does.
        resource: what it is on, an ARN or `*`.
        context: condition keys that it has besides who makes it.
    """

    holder: str
    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """Return what is told of it."""
        return f"{self.holder}: {self.action} on {self.resource}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the simulator says of a call.

    Attributes:
        by: the parts of statements that allow it, as (Sid, position of the part).
        against: the same of those that deny it.
    """

    need: Need
    allowed: bool
    by: frozenset[str] = field(default_factory=frozenset)
    against: frozenset[str] = field(default_factory=frozenset)


def verdicts_on(stack: Stack, needs: Sequence[Need]) -> list[Verdict]:
    """Return what becomes of calls.

    Raises:
        ValueError: the simulator takes a call or a policy for none that there can be.
    """
    answers = _simulate([_simulation(stack, need) for need in needs])
    wrong = [
        f"{need}: {each['error']}"
        for need, each in zip(needs, answers, strict=True)
        if "error" in each
    ]
    if wrong:
        raise ValueError("\n".join(wrong))
    return [
        Verdict(
            need=need,
            allowed=each["allowed"],
            by=frozenset(each["by"]),
            against=frozenset(each["against"]),
        )
        for need, each in zip(needs, answers, strict=True)
    ]


def denied(stack: Stack, needs: Sequence[Need]) -> list[str]:
    """Return the calls that are needed and denied."""
    return [str(each.need) for each in verdicts_on(stack, needs) if not each.allowed]


def allowed(stack: Stack, calls: Sequence[Need]) -> list[str]:
    """Return the calls that are forbidden and allowed."""
    return [str(each.need) for each in verdicts_on(stack, calls) if each.allowed]


def unneeded(stack: Stack, needs: Sequence[Need]) -> list[str]:
    """Return the actions on resources that a statement allows, and no call needs."""
    used = set().union(*(each.by for each in verdicts_on(stack, needs)))
    return [
        f"{statement}: {part['Action']} on {part['Resource']}"
        for statement in stack.statements
        if statement.body["Effect"] == "Allow"
        for name, part in _parts(statement)
        if name not in used
    ]


def _parts(statement: Statement) -> list[tuple[str, Policy]]:
    """Return the parts of a statement, each with a name that no other has."""
    named = enumerate(statement.parts())
    return [(f"{statement.holder}X{statement.sid}X{number}", part) for number, part in named]


def _simulation(stack: Stack, need: Need) -> Policy:
    bucket = need.action.startswith("s3:") and need.resource.startswith(stack.bucket)
    of_bucket = _document(each for each in stack.statements if each.holder == "bucket")
    own = _document(each for each in stack.statements if each.holder == need.holder)
    principal = stack.principal(need.holder)
    managed = [
        {"name": f"aws{number}", "policy": document}
        for number, document in enumerate(stack.managed.get(need.holder, []))
    ]
    context = {"aws:PrincipalArn": principal, "aws:SecureTransport": "true", **dict(need.context)}
    simulation = {
        "request": {
            "principal": principal,
            "action": need.action,
            "resource": {"resource": need.resource, "accountId": ACCOUNT},
            "contextVariables": context,
        },
        "identityPolicies": [{"name": "own", "policy": own}, *managed],
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
    }
    if bucket:
        simulation["resourcePolicy"] = of_bucket
    elif need.action.startswith("kms:"):
        simulation["resourcePolicy"] = _KEY_POLICY
    return simulation


def _document(statements: Iterable[Statement]) -> Policy:
    parts = [{**part, "Sid": name} for each in statements for name, part in _parts(each)]
    return {"Version": _VERSION, "Statement": parts}


def _simulate(simulations: list[Policy]) -> list[dict[str, Any]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js and npm")
    done = subprocess.run(  # noqa: S603 - fixed words
        [node, "simulate.mjs"],
        cwd=_installed(),
        input=_IN_CONTEXT.sub(_ANY_IN_CONTEXT, json.dumps(simulations)).encode(),
        capture_output=True,
        check=True,
    )
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


@cache
def _installed() -> Path:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs Node.js and npm")
    folder = Path(mkdtemp(prefix="iam-simulator-"))
    for name in _FILES:
        shutil.copy(HERE / name, folder)
    subprocess.run([npm, "ci", "--silent"], cwd=folder, check=True)  # noqa: S603 - fixed words
    return folder
