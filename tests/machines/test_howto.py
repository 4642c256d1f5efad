"""The how-to shows what `adopt` does to the machine that it shows."""

import json
import re
from pathlib import Path

from statebag.machines.adopting.adoption import FUNCTION, adopt
from statebag.machines.flow.bounds import Assumptions
from statebag.machines.planning.handlers import Decorated
from statebag.machines.text.source import read_text

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "keep-your-state-machine.md"
LEFT_OUT = {"Comment", "TimeoutSeconds", "Retry", "Catch"}


def test_shown_state_is_the_one_that_is_inserted() -> None:
    before, shown = re.findall(r"```json(?: states)?\n(.*?)```", PAGE.read_text(), re.DOTALL)
    source = read_text(before, name=PAGE.name)
    assumed = Assumptions(input_bytes=32_768, answer_bytes=100_000)

    adoption = adopt(source, assumed, Decorated.named(["WriteReport"]), FUNCTION)

    after = json.loads(adoption.text)["States"]
    inserted = {
        name: {key: value for key, value in state.items() if key not in LEFT_OUT}
        for name, state in after.items()
        if name.startswith("Offload")
    }
    assert inserted == json.loads(shown)
    assert after["Find invoices"]["Next"] == "Offload before Find parcels"
    assert "ClientContext.$" in after["Report"]["Parameters"]
