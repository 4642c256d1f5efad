"""Under whom children of a Distributed Map store: the execution that told them, else themselves."""

from typing import Final
from urllib.parse import unquote

import pytest

from local.cloud import LocalCloud
from local.outcomes.same_outcome import SameOutcome
from tests.machines.outcomes.case import tightened
from tests.machines.outcomes.fanning import FANNING

pytestmark = pytest.mark.slow

TOLD: Final = (
    "children are told whose objects they store",
    "children of the type EXPRESS are told, too",
)
OWN: Final = "children of the type EXPRESS own what they store"


def owners_of(local: LocalCloud, machine: str) -> set[str]:
    """Return the kinds of executions of a machine that have stored something."""
    listed = local.client("s3").list_objects_v2(
        Bucket=local.settings["STATE_BUCKET"], Prefix="v1/", Delimiter="/"
    )
    owners = [unquote(each["Prefix"]) for each in listed["CommonPrefixes"]]
    return {
        "child" if f":{machine}/" in owner else "parent"
        for owner in owners
        if f":{machine}:" in owner or f":{machine}/" in owner
    }


@pytest.mark.parametrize(
    ("name", "owners"), [*((name, {"parent"}) for name in TOLD), (OWN, {"parent", "child"})]
)
def test_what_children_store_belongs_to_who_told_them(
    local: LocalCloud, compare: SameOutcome, name: str, owners: set[str]
) -> None:
    case = FANNING[name]
    after = tightened(case.adopted(), case.tight)

    seen = compare(
        case.definition,
        after,
        case.input,
        dict(case.mocks),
        decorated=case.decorated,
        inflate=False,
    )

    assert owners_of(local, seen.after.arn.split(":")[-2]) == owners
