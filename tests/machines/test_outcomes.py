"""An adopted machine does what the one before does, and goes on where that one ends."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.outcomes.same_outcome import SameOutcome
from statebag.machines.adopting.adoption import FUNCTION, adopt
from statebag.machines.flow.bounds import LIMIT, Assumptions
from statebag.machines.planning.handlers import Decorated
from statebag.machines.text.source import read_text
from tests.machines.building import Fields
from tests.machines.hazards import HAZARDS, Hazard

# A local cloud, and each machine four times on it.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def compare() -> Iterator[SameOutcome]:
    with LocalCloud.start() as started:
        yield SameOutcome(started)


def adopted(definition: Fields, *decorated: str, **assumed: Any) -> Fields:
    source = read_text(json.dumps(definition, indent=2), name="test")
    assumptions = Assumptions(**{"input_bytes": LIMIT, "items": 5, **assumed})
    adoption = adopt(source, assumptions, Decorated.named(decorated), FUNCTION)
    assert not [refused for each in adoption.machines for refused in each.planned.plan.refusals]
    return json.loads(adoption.text)  # type: ignore[no-any-return]


def with_long_text(value: Any, size: int) -> Any:
    return {**value, "text": "t" * size}


@pytest.mark.parametrize("hazard", HAZARDS.values(), ids=HAZARDS)
def test_adopted_machine_has_the_same_outcome(compare: SameOutcome, hazard: Hazard) -> None:
    after = adopted(hazard.definition, *hazard.decorated)

    seen = compare(
        hazard.definition,
        after,
        hazard.input,
        dict(hazard.mocks),
        decorated=hazard.decorated,
        inflate=with_long_text,
    )

    assert seen.before.status == "SUCCEEDED"
    assert seen.grown_bytes is not None
