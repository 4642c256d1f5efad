"""What differs between two interpreters is told, and nothing else."""

from dataclasses import dataclass, field, replace
from typing import Any

from account.walk.cases import Case
from account.walk.compare import walk
from account.walk.outcomes import Outcome, without_names


@dataclass
class Scripted:
    """An interpreter that answers the same to every case, but for some states."""

    otherwise: dict[str, Outcome] = field(default_factory=dict)

    def outcome(self, case: Case) -> Outcome:
        return self.otherwise.get(case.name, Outcome(status="SUCCEEDED", next_state="Next"))


def differences(machine: dict[str, Any], there: Scripted) -> set[str]:
    found = walk(machine, Scripted(), there, lambda _: None)
    return {str(finding) for finding in found if finding.subject.startswith("Complete,")}


def test_interpreters_that_agree_differ_in_nothing(machine: dict[str, Any]) -> None:
    told: list[str] = []
    assert walk(machine, Scripted(), Scripted(), told.append) == []
    assert told[0].endswith(" states")


def test_another_next_state_is_told(machine: dict[str, Any]) -> None:
    there = Scripted({"Complete": Outcome(status="SUCCEEDED", next_state="Elsewhere")})
    assert differences(machine, there) == {
        "[states] Complete, passes: expected SUCCEEDED, next Next; saw SUCCEEDED, next Elsewhere"
    }


def test_another_output_is_told(machine: dict[str, Any]) -> None:
    output = replace(Scripted().outcome(Case(name="", state={}, label="", document={})), output=1)
    assert differences(machine, Scripted({"Complete": output})) == {
        "[states] Complete, passes: expected None; saw 1"
    }


def test_executions_may_have_names_of_their_own() -> None:
    arn = "arn:aws:states:eu-west-1:123456789012:execution:machine:a-name"
    assert without_names({"id": [arn], "text": f"of {arn} and more"}) == {
        "id": ["<arn>"],
        "text": "of <arn> and more",
    }
