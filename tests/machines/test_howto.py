"""The how-tos show what `adopt` does to the machines that they show."""

import json
import re
from pathlib import Path

import pytest

from statebag.machines.adopting.adoption import FUNCTION, adopt
from statebag.machines.flow.bounds import Assumptions
from statebag.machines.planning.handlers import Decorated
from statebag.machines.text.source import read_text

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
PAGE = HOWTO / "keep-your-state-machine.md"
RECIPES = re.findall(r"```json\n(.*?)```", (HOWTO / "machine-recipes.md").read_text(), re.DOTALL)
LEFT_OUT = {"Comment", "TimeoutSeconds", "Retry", "Catch"}


def test_shown_state_is_the_one_that_is_inserted() -> None:
    before, shown = re.findall(r"```json(?: states)?\n(.*?)```", PAGE.read_text(), re.DOTALL)
    source = read_text(before, name=PAGE.name)
    assumed = Assumptions(input_bytes=32_768, answer_bytes=100_000)

    adoption = adopt(source, assumed, Decorated.named(["Report"]), FUNCTION)

    after = json.loads(adoption.text)["States"]
    inserted = {
        name: {key: value for key, value in state.items() if key not in LEFT_OUT}
        for name, state in after.items()
        if name.startswith("Offload")
    }
    assert inserted == json.loads(shown)
    assert after["Find invoices"]["Next"] == "Offload before Find parcels"
    assert "ClientContext.$" in after["Report"]["Parameters"]


@pytest.mark.parametrize(
    ("recipe", "answer_bytes", "inserted"),
    [
        (0, 61_440, []),
        (1, 61_440, []),
        (2, 61_440, ["Offload after Sales", "Offload after Shops"]),
        (3, 100_000, ["Offload before Invoices"]),
    ],
    ids=["poll and wait", "a job", "a map in a map", "JSONata"],
)
def test_recipe_is_adopted_as_the_page_says(
    recipe: int, answer_bytes: int, inserted: list[str]
) -> None:
    source = read_text(RECIPES[recipe], name="machine-recipes.md")
    assumed = Assumptions(input_bytes=32_768, answer_bytes=answer_bytes)

    (made,) = adopt(source, assumed, Decorated.named(["*"]), FUNCTION).machines

    assert not made.planned.plan.refusals
    assert [insertion.name for insertion in made.insertions] == inserted
